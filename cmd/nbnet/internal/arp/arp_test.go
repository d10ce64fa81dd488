package arp_test

import (
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/arp"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"table": `
			arp -a
			arp -s 10.1.0.2 02:00:00:00:00:02
			arp -vs 10.1.0.3 2:0:0:0:0:3 temp
			arp -s 10.1.0.4 02:00:00:00:00:04 pub --json
			arp -an
			arp 10.1.0.2
			arp -s 10.1.0.2 02:00:00:00:00:22
			arp 10.1.0.2
			arp -vd 10.1.0.2
			arp 10.1.0.2
			arp -a --json
			arp -vda
			arp -a
		`,
		"file": `
			arp -vf testdata/hosts
			arp -an
			arp -f testdata/hosts --json
		`,
		"refused": `
			arp
			arp -a 10.1.0.2
			arp -s 10.1.0.2
			arp -sd 10.1.0.2 02:00:00:00:00:02
			arp -s 10.1.0.2 02:00:00:00:00
			arp -s 10.1.0.2 02:00:00:00:00:02 forever
			arp -s 10.9.0.2 02:00:00:00:00:02
			arp -s 127.0.0.2 02:00:00:00:00:02
			arp -d 10.1.0.9
			arp router
			arp 2001:db8:1::2
			arp -f hosts
			arp -f hosts 10.1.0.2
			arp -af hosts
		`,
	} {
		t.Run(name, func(t *testing.T) {
			k := lab.Boot(t, lab.Wires{"bus": wire.New()})
			lab.Must(t, k, ifconfig.Command, "shmif0 create link 02:00:00:00:00:01 active")
			lab.Must(t, k, ifconfig.Command, "shmif0 linkstr bus 10.1.0.1/16")
			lab.Must(t, k, ifconfig.Command, "shmif0 inet6 2001:db8:1::1/64 alias")
			lab.Script(t, k, []*command.Command{arp.Command}, name, script)
		})
	}
}
