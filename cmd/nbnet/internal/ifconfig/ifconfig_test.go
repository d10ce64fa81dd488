package ifconfig_test

import (
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// What is typed, and what is answered, in testdata.
func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"show": `
			ifconfig
			ifconfig -l
			ifconfig -lb
			ifconfig -C
			ifconfig lo0
			ifconfig lo0 inet
			ifconfig -a inet6
			ifconfig -v lo0
			ifconfig -hz lo0
			ifconfig --json -L lo0
			ifconfig -l --json
			ifconfig -s lo0
		`,
		"ethernet": `
			ifconfig shmif0 create
			ifconfig shmif0
			ifconfig shmif0 link 02:00:00:00:00:01 active
			ifconfig shmif0 linkstr bus mtu 1400 metric 2 link0 10.1.0.1/16
			ifconfig -w 10
			ifconfig shmif0
			ifconfig shmif0 inet 10.2.0.1 netmask 255.255.0.0 broadcast 10.2.0.255
			ifconfig shmif0 inet 10.3.1.1 0xffffff00 alias
			ifconfig shmif0 inet6 2001:db8:: eui64 alias pltime 86400
			ifconfig shmif0 inet6 2001:db8:1::1/48 anycast
			ifconfig -w 10
			ifconfig shmif0 inet 10.3.1.1 preference 5 alias
			ifconfig shmif0
			ifconfig shmif0 --json
			ifconfig shmif0 inet 10.3.1.1 -alias
			ifconfig shmif0 inet -alias
			ifconfig shmif0 inet
			ifconfig shmif0 link 02:00:00:00:00:02
			ifconfig shmif0 link
			ifconfig shmif0 linkstr other
			ifconfig shmif0 down -linkstr -link0 -arp
			ifconfig shmif0 inet6
			ifconfig -d -l
			ifconfig shmif0 destroy
			ifconfig -l
		`,
		"refused": `
			ifconfig -x
			ifconfig -l -C
			ifconfig -w now
			ifconfig -a lo0
			ifconfig -b
			ifconfig eth0
			ifconfig eth0 10.0.0.1
			ifconfig eth0 create
			ifconfig shmif0 create
			ifconfig shmif0 create
			ifconfig shmif0 linkstr nowhere
			ifconfig lo0 linkstr bus
			ifconfig lo0 10.0.0.1/33
			ifconfig lo0 10.0.0.256
			ifconfig lo0 fe80::2
			ifconfig lo0 inet6 10.0.0.1
			ifconfig lo0 10.0.0.1 netmask 24
			ifconfig lo0 netmask 255.0.0.0
			ifconfig lo0 10.0.0.1 prefixlen
			ifconfig lo0 10.0.0.1 prefixlen 40
			ifconfig lo0 inet 10.0.0.1 eui64
			ifconfig lo0 inet6 2001:db8::1 eui64
			ifconfig lo0 10.0.0.1 broadcast 10.0.0.255
			ifconfig lo0 10.9.9.9 -alias
			ifconfig lo0 mtu 99999999999
			ifconfig lo0 mtu 1
			ifconfig lo0 promisc
			ifconfig lo0 hw ether 02:00:00:00:00:01
			ifconfig lo0 active
			ifconfig lo0 destroy now
			ifconfig -v lo0 up
			ifconfig a-name-that-is-too-long
		`,
	} {
		t.Run(name, func(t *testing.T) {
			k := lab.Boot(t, lab.Wires{"bus": wire.New()})
			lab.Script(t, k, []*command.Command{ifconfig.Command}, name, script)
		})
	}
}
