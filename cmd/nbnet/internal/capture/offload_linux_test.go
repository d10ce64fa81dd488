package capture_test

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/capture"
	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/tap"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// What a kernel shows of a tap are the frames that a wire would have carried, whole
// and with their checksums, though Linux and the kernel do without.
func TestOffload(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		if _, err := exec.LookPath("tcpdump"); err != nil {
			t.Skip(err)
		}
		dev, err := tap.Open("tap0")
		if err != nil {
			t.Skip(err)
		}
		k, err := netstack.New(netstack.Config{Host: &hypercall.Host{
			Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return dev, nil }),
		}})
		must(t, err)
		defer func() { must(t, k.Close()) }()
		c, err := netcfg.Open(k)
		must(t, err)
		must(t, c.SetInt(t.Context(), "net.inet.ip.dad_count", 0))
		must(t, c.SetInt(t.Context(), "net.inet6.ip6.dad_count", 0))
		must(t, c.CreateInterface(t.Context(), "virt0"))
		for _, a := range []string{"10.9.0.1/24", "fd09::1/64"} {
			must(t, c.AddAddress(t.Context(), "virt0", netip.MustParsePrefix(a)))
		}
		for _, cmd := range []string{"link set tap0 up", "addr add 10.9.0.2/24 dev tap0", "-6 addr add fd09::2/64 dev tap0 nodad"} {
			netns.IP(t, cmd)
		}
		ln, err := newNet(t, k).Listen("tcp", ":80")
		must(t, err)
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}
		}()

		r := start(t, k, capture.Options{Interface: "virt0"})
		const size = 300_000
		for _, addr := range []string{"10.9.0.1:80", "[fd09::1]:80"} {
			conn, err := (&net.Dialer{Timeout: 30 * time.Second}).Dial("tcp", addr)
			must(t, err)
			go func() { _, _ = conn.Write(bytes.Repeat([]byte("x"), size)) }()
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			if _, err := io.CopyN(io.Discard, conn, size); err != nil {
				t.Error(err)
			}
			must(t, conn.Close())
		}
		r.stop()
		_, packets := r.end()
		var seen int
		for _, p := range packets {
			seen += len(p.data)
			if len(p.data) > 1514 {
				t.Errorf("a frame of %d bytes", len(p.data))
			}
		}
		if r.got.Dropped == 0 && seen < 4*size {
			t.Errorf("%d bytes seen of %d that were there", seen, 4*size)
		}
		file := filepath.Join(t.TempDir(), "pcap")
		must(t, os.WriteFile(file, r.file.Bytes(), 0o600))
		out, err := exec.CommandContext(t.Context(), "tcpdump", "-Z", "root", "-nvv", "-r", file).CombinedOutput()
		must(t, err)
		text := string(out)
		if !strings.Contains(text, "10.9.0.1.80 >") || !strings.Contains(text, "(correct)") {
			t.Errorf("tcpdump prints %.2000s", text)
		}
		wrong := regexp.MustCompile(`incorrect|truncated|\bbad\b`) // 0xbad1 is a checksum like any other
		for line := range strings.Lines(text) {
			if wrong.MatchString(line) {
				t.Fatalf("tcpdump: %s", line)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
