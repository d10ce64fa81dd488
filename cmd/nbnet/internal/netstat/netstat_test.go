package netstat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/cmd/nbnet/internal/netstat"
	"github.com/abigen/abigen/cmd/nbnet/internal/ping"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
)

// boot returns a kernel with shmif0.
func boot(t *testing.T) kernel.Kernel {
	t.Helper()
	k := lab.Boot(t, lab.Wires{"bus": wire.New()})
	lab.Must(t, k, ifconfig.Command, "shmif0 create link 02:00:00:00:00:01 active")
	lab.Must(t, k, ifconfig.Command, "shmif0 linkstr bus 10.1.0.1/16")
	return k
}

// serve makes servers, a connection from one port to another of the host, and a
// datagram that waits.
func serve(t *testing.T, k kernel.Kernel) {
	t.Helper()
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	for _, addr := range []string{"10.1.0.1:80", "[::1]:22"} {
		if _, err := n.Listen("tcp", addr); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.ListenPacket("udp4", ":53"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Listen("unix", "/server"); err != nil {
		t.Fatal(err)
	}
	ln, err := n.Listen("tcp4", "127.0.0.1:7000")
	if err != nil {
		t.Fatal(err)
	}
	d := nbsock.Dialer{Net: n, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50000}}
	if _, err := d.DialContext(context.Background(), "tcp4", "127.0.0.1:7000"); err != nil {
		t.Fatal(err)
	}
	if _, err := ln.Accept(); err != nil {
		t.Fatal(err)
	}
	c, err := n.Dial("udp4", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"sockets": `
			netstat -n
			netstat -an
			netstat -a -p tcp
			netstat -an -f inet6
			netstat -an -f local
			netstat -an -f inet --json
		`,
		"interfaces": `
			netstat -i
			netstat -in -I lo0
			netstat -iv -I shmif0
			netstat -ibhd -I shmif0
			netstat -i -I shmif0 --json
		`,
		"routes": `
			netstat -r
			netstat -rn -f inet
			netstat -rnv -f inet
			netstat -rn -f inet --json
		`,
		"counts": `
			netstat -m
			netstat -m --json
			netstat -g
			netstat -gs -f inet
			netstat -g --json
			netstat -q
			netstat -q -f inet --json
			netstat -B
			netstat -B --json
			netstat -B -s
			netstat -Bs --json
			netstat -u
		`,
		"refused": `
			netstat lo0
			netstat -f ipx
			netstat -p sctp
			netstat -I eth0
			netstat -rs
			netstat -tlnp
			netstat -w 0
			netstat -w soon
			netstat -w 1 -I eth0
			netstat -P c0ffee
			netstat -M core
			netstat -t
			netstat -l
			netstat -x
		`,
	} {
		t.Run(name, func(t *testing.T) {
			k := boot(t)
			if name == "sockets" {
				serve(t, k)
			}
			lab.Script(t, k, []*command.Command{netstat.Command}, name, script)
		})
	}
}

// All counters are shown, and those that count nothing are not with -ss.
func TestCounters(t *testing.T) {
	k := lab.Boot(t, nil)
	said := lab.Run(t, k, netstat.Command, "-s")
	for _, p := range []string{"tcp", "udp", "ip", "icmp", "igmp", "arp", "ip6", "icmp6", "udp6"} {
		if !strings.Contains("\n"+said, "\n"+p+":\n") {
			t.Errorf("%s is not among them", p)
		}
	}
	if strings.ContainsAny(said, "#~^%") {
		t.Errorf("a line is not filled in: %s", said)
	}
	if said := lab.Run(t, k, netstat.Command, "-ss -p igmp"); said != "igmp:\n" {
		t.Errorf("with -ss: %s", said)
	}
}

// lines calls stop when that many lines were written.
type lines struct {
	bytes.Buffer
	n    int
	stop func()
}

func (l *lines) Write(p []byte) (int, error) {
	n, err := l.Buffer.Write(p)
	if bytes.Count(l.Bytes(), []byte("\n")) >= l.n {
		l.stop()
	}
	return n, err
}

// With -w, the first line has all that there was, and others what is new.
func TestWatch(t *testing.T) {
	k := lab.Boot(t, nil)
	lab.Must(t, k, ping.Command, "-c 2 127.0.0.1")
	for name, row := range map[string]struct {
		args []string
		n    int
	}{
		"watch":       {[]string{"-w", "1"}, 4},
		"watch_bytes": {[]string{"-w1", "-bd", "-I", "lo0"}, 3},
		"watch_json":  {[]string{"-w", "1", "--json"}, 1},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &lines{n: row.n, stop: cancel}
		if err := netstat.Command.Run(ctx, k, row.args, out, io.Discard); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		lab.Golden(t, name, out.String())
	}
}

// What it does not do, it says.
func Example() {
	fmt.Println(netstat.Command.Run(context.Background(), nil, []string{"-N", "/netbsd"}, io.Discard, io.Discard))
	// Output: -N: not here; it asks a kernel that runs
}
