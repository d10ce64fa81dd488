package ping_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/arp"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/cmd/nbnet/internal/ndp"
	"github.com/abigen/abigen/cmd/nbnet/internal/ping"
	"github.com/abigen/abigen/cmd/nbnet/internal/route"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
)

// pair returns the first of two kernels on a wire: 10.1.0.1 and 2001:db8::1,
// 10.1.0.2 and 2001:db8::2.
func pair(t *testing.T) kernel.Kernel {
	t.Helper()
	w := lab.Wires{"bus": wire.New()}
	var first kernel.Kernel
	for _, n := range []string{"1", "2"} {
		k := lab.Boot(t, w)
		lab.Must(t, k, ifconfig.Command, "shmif0 create link 02:00:00:00:00:0"+n+" active")
		lab.Must(t, k, ifconfig.Command, "shmif0 linkstr bus 10.1.0."+n+"/16")
		lab.Must(t, k, ifconfig.Command, "shmif0 inet6 2001:db8::"+n+"/64 alias")
		if first == nil {
			first = k
		}
	}
	lab.Must(t, first, route.Command, "-q add 10.9/16 127.0.0.1 -reject")
	return first
}

// The first request waits until the neighbor is known, so it comes alone: the
// next might overtake it.
func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"inet": `
			ping -c 1 -s 1000 -T 7 -p a5 10.1.0.2
			ping -c 2 -i 0.01 10.1.0.2
			ping -c 1 127.0.0.1
			ping -o -I 10.1.0.1 -c 5 -i 60 10.1.0.2
			ping -qc 3 -i 0.01 10.1.0.2
			ping -c 1 --json 10.1.0.2
			ping -c 1 -w 1 10.9.0.1
		`,
		"inet6": `
			ping6 -c 1 -h 9 -s 1000 2001:db8::2
			ping6 -c 2 -i 0.01 2001:db8::2
			ping6 -c 1 ::1
			ping6 -c 1 -I shmif0 fe80::ff:fe00:2
			ping6 -c 1 fe80::ff:fe00:2%shmif0
			ping6 -qoc 3 -i 60 -S 2001:db8::1 2001:db8::2
			ping6 -c 1 --json 2001:db8::2
		`,
		"refused": `
			ping
			ping 10.1.0.2 10.1.0.3
			ping 2001:db8::2
			ping6 10.1.0.2
			ping www.example.org
			ping -c 0 10.1.0.2
			ping -s 70000 10.1.0.2
			ping -i now 10.1.0.2
			ping -p xyz 10.1.0.2
			ping -I eth0 10.1.0.2
			ping -I 10.7.0.1 10.1.0.2
			ping6 -I eth0 fe80::1
			ping -z 10.1.0.2
		`,
	} {
		t.Run(name, func(t *testing.T) {
			lab.Script(t, pair(t), []*command.Command{ping.Command, ping.Command6}, name, script)
		})
	}
}

// A ping without a count ends with its context, and tells what it has.
func TestEnds(t *testing.T) {
	k := pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	said := &watched{text: "icmp_seq=1 ", found: cancel}
	err := ping.Command.Run(ctx, k, []string{"-i", "0.01", "10.1.0.2"}, said, io.Discard)
	if s := said.String(); err != nil || !strings.Contains(s, said.text) || !strings.Contains(s, "\n----10.1.0.2 PING Statistics----\n") {
		t.Error(s, err)
	}
}

// watched calls a function when a text has been written.
type watched struct {
	strings.Builder
	text  string
	found func()
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Builder.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.found()
	}
	return n, err
}

// Who answered is then a neighbor, who is not known for ever.
func TestNeighbors(t *testing.T) {
	k := pair(t)
	lab.Must(t, k, ping.Command, "-c 1 10.1.0.2")
	lab.Must(t, k, ping.Command6, "-c 1 2001:db8::2")
	if said := lab.Run(t, k, arp.Command, "10.1.0.2"); said != "? (10.1.0.2) at 02:00:00:00:00:02 on shmif0\n" {
		t.Error(said)
	}
	said := lab.Run(t, k, ndp.Command, "2001:db8::2")
	if !strings.Contains(said, " 02:00:00:00:00:02 shmif0 ") || strings.Contains(said, "permanent") || !strings.Contains(said, " R ") {
		t.Error(said)
	}
}

// Without an answer the exit status is 1.
func TestNobody(t *testing.T) {
	said := lab.Run(t, pair(t), ping.Command, "-c 2 -i 0.01 10.1.0.9")
	if !strings.Contains(said, "2 packets transmitted, 0 packets received, 100.0% packet loss\nping: exit status 1\n") {
		t.Error(said)
	}
}
