package lab_test

import (
	"path/filepath"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/arp"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/cmd/nbnet/internal/ndp"
	"github.com/abigen/abigen/cmd/nbnet/internal/netstat"
	"github.com/abigen/abigen/cmd/nbnet/internal/ping"
	"github.com/abigen/abigen/cmd/nbnet/internal/route"
	"github.com/abigen/abigen/cmd/nbnet/internal/sysctl"
	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// real starts NetBSD's own kernel, and connects to it.
func real(t *testing.T) kernel.Kernel {
	t.Helper()
	k, err := sysproxy.Dial(t.Context(), rump.ForTest(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// All commands do on the real kernel what they do on the embedded one.
func TestKernels(t *testing.T) {
	const script = `
		ifconfig -l
		ifconfig shmif0 create
		ifconfig shmif0 link 02:00:00:00:00:01 active
		ifconfig shmif0 linkstr BUS 10.1.0.1/16
		ifconfig shmif0 inet6 2001:db8::1/64 alias
		ifconfig -w 30
		ifconfig -a
		ifconfig shmif0 --json
		sysctl -w net.inet.ip.ttl=60
		sysctl net.inet.ip.ttl net.inet.ip.forwarding
		route add default 10.1.0.2
		route add default 10.1.0.3
		route add -net 10.2.0.0 -netmask 255.255.0.0 10.1.0.4 -mtu 1300
		route add -inet6 2001:db8:2::/48 2001:db8::2
		route -n show
		route -n get 10.2.3.4
		route delete 10.2/16
		route delete 10.2/16
		route flush
		arp -s 10.1.0.7 02:00:00:00:00:07
		arp -an
		arp -d 10.1.0.7
		arp -an
		ping -c 1 127.0.0.1
		ping -c 1 10.1.0.1
		ping6 -c 1 ::1
		netstat -rn -f inet
		netstat -an
		netstat -g
		ifconfig shmif0 inet 10.1.0.1 -alias
		ifconfig shmif0 down
		ifconfig shmif0 destroy
		ifconfig shmif0
		ifconfig lo9 10.0.0.1
	`
	commands := []*command.Command{
		ifconfig.Command, sysctl.Command, route.Command, arp.Command, ndp.Command, ping.Command, ping.Command6, netstat.Command,
	}
	bus := filepath.Join(t.TempDir(), "bus")
	t.Run("embedded", func(t *testing.T) {
		lab.Bus(t, lab.Boot(t, lab.Any), commands, "kernels", script, bus)
	})
	t.Run("real", func(t *testing.T) {
		lab.Bus(t, real(t), commands, "kernels", script, bus)
	})
}
