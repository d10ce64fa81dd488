package sysctl_test

import (
	"strings"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/cmd/nbnet/internal/sysctl"
)

func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"show": `
			sysctl net.inet.ip.ttl
			sysctl -n net.inet.ip.ttl kern.ostype
			sysctl -e kern.ostype
			sysctl -x net.inet.ip.ttl
			sysctl -M net.inet.ip.ttl
			sysctl -d net.inet.ip.ttl
			sysctl net.inet.udp
			sysctl -A net.inet.igmp
			sysctl net.inet.udp.stats
			sysctl -x net.inet.igmp.stats
			sysctl kern.clockrate
			sysctl --json net.inet.udp.checksum kern.ostype net.inet.igmp.stats hw.physmem64
			sysctl --json -d net.inet.ip.ttl
			sysctl net/inet/ip/ttl
		`,
		"set": `
			sysctl -w net.inet.ip.forwarding=0
			sysctl net.inet.ip.forwarding
			sysctl -wn net.inet.ip.ttl=0x20
			sysctl -wq net.inet.ip.ttl=64 kern.hostname=router
			sysctl kern.hostname net.inet.ip.ttl
			sysctl -w --json net.inet.ip.ttl=32
		`,
		"file": `
			sysctl -f testdata/sysctl.conf
			sysctl kern.domainname net.inet.ip.ttl net.inet.ip.forwarding
			sysctl -qf testdata/sysctl.conf --json
		`,
		"refused": `
			sysctl
			sysctl -a net
			sysctl -w
			sysctl -w net.inet.ip.ttl
			sysctl net.inet.ip.ttl=1
			sysctl net.inet.tpc.sendspace
			sysctl nett
			sysctl kern.ostype.name
			sysctl -w kern.ostype=Linux
			sysctl -w net.inet.ip.ttl=many
			sysctl -w net.inet.ip.ttl=99999999999
			sysctl -w net.inet.ip.mtudisctimeout=-1
			sysctl -w net.inet.ip=1
			sysctl -w net.inet.udp.stats=0
			sysctl -r --json kern.ostype
			sysctl -p
			sysctl -f nonesuch.conf
			sysctl -f testdata/sysctl.conf kern.ostype
			sysctl -wf testdata/sysctl.conf
		`,
	} {
		t.Run(name, func(t *testing.T) {
			lab.Script(t, lab.Boot(t, nil), []*command.Command{sysctl.Command}, name, script)
		})
	}
}

// All variables can be listed, each once.
func TestAll(t *testing.T) {
	said := lab.Run(t, lab.Boot(t, nil), sysctl.Command, "-a")
	seen := map[string]bool{}
	for line := range strings.Lines(said) {
		name, value, ok := strings.Cut(line, " = ")
		if line == "\n" && seen["kern.version"] {
			continue // that has two lines
		}
		if !ok || seen[name] || value == "" {
			t.Errorf("a line is %q", line)
		}
		seen[name] = true
	}
	for _, name := range []string{"net.inet.ip.ttl", "kern.ostype", "hw.ncpu", "net.inet6.ip6.hlim"} {
		if !seen[name] {
			t.Errorf("%s is not among them", name)
		}
	}
}
