package route_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/cmd/nbnet/internal/route"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
)

// boot returns a kernel with shmif0, 10.1.0.1/16 and 2001:db8:1::1/64.
func boot(t *testing.T) kernel.Kernel {
	k := lab.Boot(t, lab.Wires{"bus": wire.New()})
	lab.Must(t, k, ifconfig.Command, "shmif0 create link 02:00:00:00:00:01 active")
	lab.Must(t, k, ifconfig.Command, "shmif0 linkstr bus 10.1.0.1/16")
	lab.Must(t, k, ifconfig.Command, "shmif0 inet6 2001:db8:1::1/64 alias")
	return k
}

func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"show": `
			route show
			route -n show
			route -n show -inet
			route -nL show -inet6
			route -nv show -inet
			route show -inet --json
		`,
		"change": `
			route add default 10.1.0.2
			route add -net 10.2.0.0 -netmask 255.255.0.0 10.1.0.3
			route add 10.3/16 10.1.0.3 -mtu 1300
			route add -host 10.4.0.1 10.1.0.4 -lock -mtu 1200
			route add 10.5.0.0/16 127.0.0.1 -reject
			route add 192.168.1.0 10.1.0.3
			route add -net 172.16 10.1.0.3
			route add -inet6 default 2001:db8:1::2
			route add 2001:db8:2::/48 2001:db8:1::2
			route add 2001:db8:3:: 2001:db8:1::2 --json
			route add 10.7/16 10.1.0.1 -iface
			route -n show
			route -n get 10.2.3.4
			route -ns get 10.2.3.4
			route -ns get 10.1.3.4
			route -n get 10.4.0.1
			route get default
			route -nv get 10.3.0.1
			route get 2001:db8:2::1 --json
			route change 10.3/16 10.1.0.9 -mtu 1280
			route -n get 10.3.0.1
			route delete 10.3/16
			route -q delete -host 10.4.0.1
			route delete 10.2.0.0/16 10.1.0.3
			route flush -inet6
			route flush
			route -n show -inet
		`,
		"refused": `
			route
			route del default
			route -x show
			route add
			route add default
			route add default 192.168.1.1
			route add default gw 10.1.0.2
			route add default shmif0
			route add 10.2/33 10.1.0.2
			route add 10.2.0.0/16 fe80::1
			route add -net -host 10.2.0.0 10.1.0.2
			route add 10.1.0.0/16 10.1.0.2
			route add -inet6 10.2.0.0/16 2001:db8:1::2
			route add 10.2/16 10.1.0.2 -mtu many
			route add 10.2/16 10.1.0.2 -mtu
			route add 10.2/16 10.1.0.2 -cloning
			route add 10.2/16 10.1.0.2 host
			route change 10.9/16 10.1.0.2
			route delete 10.9/16
			route get www.example.org
			route get 10.1.0.2 10.1.0.3
			route -s get 172.16.0.1
			route show lo0
			route monitor everything
			route -c none monitor
		`,
	} {
		t.Run(name, func(t *testing.T) {
			lab.Script(t, boot(t), []*command.Command{route.Command}, name, script)
		})
	}
}

func TestMonitor(t *testing.T) {
	k := boot(t)
	said := make(chan string)
	go func() { said <- lab.Run(t, k, route.Command, "-nc 3 monitor --json") }()
	// There is no telling when it has begun to listen, so something happens until
	// it has heard of it.
	for i := 0; ; i++ {
		lab.Must(t, k, route.Command, "-q add -host 10.2.0.1 10.1.0.2")
		lab.Must(t, k, route.Command, "-q delete -host 10.2.0.1")
		select {
		case text := <-said:
			var event struct {
				Type      string
				Addresses map[string]string
			}
			for line := range strings.Lines(text) {
				if err := json.Unmarshal([]byte(line), &event); err != nil || !strings.HasPrefix(event.Type, "RTM_") || event.Addresses["dst"] != "10.2.0.1" {
					t.Errorf("%v: %s", err, line)
				}
			}
			return
		default:
		}
	}
}

// A monitor ends with its context.
func TestMonitorEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if said := lab.RunContext(ctx, boot(t), route.Command, "monitor"); said != "" && !strings.Contains(said, "Interrupted") {
		t.Errorf("%q", said)
	}
}
