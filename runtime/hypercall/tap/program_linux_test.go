package tap_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/abigen/abigen/internal/iperf"
	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hypercall/tap"
)

// Programs of the host talk to servers on a kernel, and a kernel's clients to
// servers of the host, with what Linux does for a tap, without it, and with several
// queues.
func TestPrograms(t *testing.T)           { testPrograms(t, tap.Config{}) }
func TestProgramsPlain(t *testing.T)      { testPrograms(t, tap.Config{Plain: true}) }
func TestProgramsWithQueues(t *testing.T) { testPrograms(t, tap.Config{Queues: 4}) }

func testPrograms(t *testing.T, c tap.Config) {
	if testing.Short() && (c.Plain || c.Queues > 1) {
		t.Skip("the other kinds of taps")
	}
	c.Name = "tap0"
	netns.Run(t, func(t *testing.T) {
		dev := openConfig(t, c)
		l := onTap(t, dev)
		file := dump(t)
		serveDNS(t, l)
		serveIperf(t, l)
		page(t, l)
		served := t.TempDir()
		must(t, os.WriteFile(filepath.Join(served, "page"), pattern(1<<20), 0o600))
		python := background(t, "python3", "-m", "http.server", "--bind", "::", "--directory", served, "8080")
		iperf3 := background(t, "iperf3", "-s", "-p", "5202")

		resolve(t, l)
		for _, mtu := range []int{1500, 9000} {
			must(t, l.SetMTU(t.Context(), "virt0", uint32(mtu)))
			for i, addr := range []netip.Addr{kernel4, kernel6} {
				head := []int{28, 48}[i]
				program(t, "ping", "-n", "-c", "2", "-i", "0.2", "-w", "60", "-M", "do", "-s", strconv.Itoa(mtu-head), addr.String())
				netns.Ping(t, addr, mtu+1000)
				dig(t, addr)
				curl(t, addr)
				iperfTo(t, addr)
			}
			for _, addr := range []netip.Addr{host4, host6} {
				if python {
					get(t, l, addr)
				}
				if iperf3 {
					iperfFrom(t, l, addr)
				}
			}
		}
		file.check(t, c.Plain)
		if n := dev.Malformed(); n > 0 {
			t.Errorf("%d frames of Linux are malformed", n)
		}
	})
}

// pattern makes bytes that are not the same all over.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i >> 8)
	}
	return b
}

// page serves one on a kernel.
func page(t *testing.T, l lab) {
	t.Helper()
	ln, err := l.net.Listen("tcp", ":80")
	must(t, err)
	body := pattern(1 << 20)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
}

func curl(t *testing.T, addr netip.Addr) {
	t.Helper()
	if out, ok := program(t, "curl", "-gsS", "--max-time", "60", "http://"+netip.AddrPortFrom(addr, 80).String()); ok && out != string(pattern(1<<20)) {
		t.Errorf("curl: %d bytes from %v are not the page", len(out), addr)
	}
}

// get is what curl does, from a kernel.
func get(t *testing.T, l lab, addr netip.Addr) {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, a string) (net.Conn, error) {
		return dialUntil(ctx, l.net.DialContext, a)
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 2 * time.Minute}
	body, err := fetchBody(client, "http://"+netip.AddrPortFrom(addr, 8080).String()+"/page")
	if err != nil || string(body) != string(pattern(1<<20)) {
		t.Errorf("%d bytes from python3 at %v are not the page, %v", len(body), addr, err)
	}
}

func serveIperf(t *testing.T, l lab) {
	t.Helper()
	ln, err := l.net.Listen("tcp", ":5201")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- iperf.Serve(ctx, ln, func(err error) { t.Error(err) }) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
}

// iperfTo runs iperf3 with a kernel, in both directions.
func iperfTo(t *testing.T, addr netip.Addr) {
	t.Helper()
	for _, args := range []string{"-n 8M -P 2", "-n 8M -R"} {
		out, ok := program(t, "iperf3", append([]string{"-J", "-c", addr.String()}, strings.Fields(args)...)...)
		if !ok {
			return
		}
		var got struct {
			End struct {
				Sent struct{ Bytes int64 } `json:"sum_sent"`
			}
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.End.Sent.Bytes == 0 {
			t.Errorf("iperf3 %s to %v: %d bytes, %v", args, addr, got.End.Sent.Bytes, err)
		}
	}
}

// iperfFrom runs our client on a kernel with iperf3.
func iperfFrom(t *testing.T, l lab, addr netip.Addr) {
	t.Helper()
	dial := func(ctx context.Context) (net.Conn, error) {
		return dialUntil(ctx, l.net.DialContext, netip.AddrPortFrom(addr, 5202).String())
	}
	for _, reverse := range []bool{false, true} {
		var r iperf.Result
		var err error
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			// It may not have done with the last one, or have no time for this one.
			r, err = iperf.Run(t.Context(), dial, iperf.Test{Duration: 100 * time.Millisecond, Streams: 2, Reverse: reverse})
			if err == nil && r.Bytes > 0 {
				break
			}
		}
		if err != nil || r.Bytes == 0 {
			t.Errorf("iperf3 at %v, reverse %v: %d bytes, %v", addr, reverse, r.Bytes, err)
		}
	}
}

// serveDNS answers on a kernel, by UDP and TCP, and has the kernel ask one on the
// host.
func serveDNS(t *testing.T, l lab) {
	t.Helper()
	pc, err := l.net.ListenPacket("udp", ":53")
	must(t, err)
	t.Cleanup(func() { _ = pc.Close() })
	go answerPackets(pc)
	ln, err := l.net.Listen("tcp", ":53")
	must(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go answerConns(ln)
	host, err := net.ListenPacket("udp", ":53")
	must(t, err)
	t.Cleanup(func() { _ = host.Close() })
	go answerPackets(host)
}

func dig(t *testing.T, addr netip.Addr) {
	t.Helper()
	for _, args := range []string{"+notcp", "+tcp", "+notcp +bufsize=4096 TXT"} {
		out, ok := program(t, "dig", append([]string{"@" + addr.String(), "+short", "+timeout=10", "+tries=5", "kernel.example"}, strings.Fields(args)...)...)
		want := "192.0.2.1"
		if strings.HasSuffix(args, "TXT") {
			want = strings.Repeat("x", 250)
		}
		if ok && !strings.Contains(out, want) {
			t.Errorf("dig %s at %v: %q", args, addr, out)
		}
	}
}

// resolve asks the host's server.
func resolve(t *testing.T, l lab) {
	t.Helper()
	for _, addr := range []netip.Addr{host4, host6} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		got, err := l.net.Resolver(netip.AddrPortFrom(addr, 53)).LookupHost(ctx, "kernel.example")
		cancel()
		if err != nil || len(got) != 1 || got[0] != "192.0.2.1" {
			t.Errorf("the server at %v says %v, %v", addr, got, err)
		}
	}
}

// answer makes one of a query: an address, or for texts more than fits into one
// frame.
func answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
	switch q.Type {
	case dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}}
	case dnsmessage.TypeTXT:
		for range 12 {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.TXTResource{TXT: []string{strings.Repeat("x", 250)}}})
		}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}

func answerPackets(pc net.PacketConn) {
	buf := make([]byte, 4096)
	for {
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		if b := answer(buf[:n]); b != nil {
			_, _ = pc.WriteTo(b, from)
		}
	}
}

func answerConns(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			buf := make([]byte, 4096)
			n, err := readMessage(c, buf)
			if err != nil {
				return
			}
			b := answer(buf[:n])
			_, _ = c.Write(append([]byte{byte(len(b) >> 8), byte(len(b))}, b...))
		}()
	}
}

// A capture is what tcpdump saw.
type capture struct {
	cmd  *exec.Cmd
	file string
}

// dump starts tcpdump on the host's side, if it is there.
func dump(t *testing.T) *capture {
	t.Helper()
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Logf("without tcpdump: %v", err)
		return nil
	}
	c := &capture{file: filepath.Join(t.TempDir(), "pcap")}
	c.cmd = exec.CommandContext(context.Background(), "tcpdump", "-U", "-Z", "root", "-B", "16384", "-s", "0", "-i", "tap0", "-w", c.file)
	must(t, c.cmd.Start())
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if st, err := os.Stat(c.file); err == nil && st.Size() >= 24 {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatal("tcpdump does not begin")
		}
	}
}

// What tcpdump says of frames that are not as they should be. The first fragment of
// a message to or from a DNS server ends in the middle of it. A checksum that is
// left to a device is not wrong before that.
var (
	malformed = regexp.MustCompile(`(?m)^.*(truncated|\[\|[a-z0-9]+\]|bad-len|bad-hlen|malformed|invalid|bad opt|bad hdr).*$`)
	wrongSum  = regexp.MustCompile(`(?m)^.*(incorrect|bad (udp|icmp6?) cksum|bad cksum|wrong).*$`)
)

// check ends tcpdump, and looks at what it has to say about the frames.
func (c *capture) check(t *testing.T, sums bool) {
	t.Helper()
	if c == nil {
		return
	}
	_ = c.cmd.Process.Signal(os.Interrupt)
	_ = c.cmd.Wait()
	out, _ := program(t, "tcpdump", "-Z", "root", "-nvv", "-r", c.file, "not port 5201 and not port 5202")
	some, _ := program(t, "tcpdump", "-Z", "root", "-nvv", "-r", c.file, "-c", "2000", "port 5201 or port 5202")
	out += some
	for _, want := range []string{"ICMP echo reply", "ICMP6, echo reply", "kernel.example", "10.9.0.1.80", "fd09::1.80", "10.9.0.1.5201", "10.9.0.2.8080"} {
		if !strings.Contains(out, want) {
			t.Errorf("tcpdump has not seen %q", want)
		}
	}
	bad := malformed.FindAllString(out, -1)
	if sums {
		bad = append(bad, wrongSum.FindAllString(out, 5)...)
	}
	for _, line := range bad {
		if !strings.Contains(line, "[|domain]") {
			t.Errorf("tcpdump: %s", line)
		}
	}
}
