package sysproxy

import (
	"bufio"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/abigen/abigen/runtime/kernel"
)

func TestParseURL(t *testing.T) {
	for s, want := range map[string]URL{
		"unix:///tmp/k":              {"unix", "/tmp/k"},
		"unix://k":                   {"unix", "k"},
		"tcp://127.0.0.1:1234":       {"tcp4", "127.0.0.1:1234"},
		"tcp://127.0.0.1:1234/what/": {"tcp4", "127.0.0.1:1234"},
		"tcp://0:1":                  {"tcp4", ":1"},
		"tcp://*:65535":              {"tcp4", ":65535"},
	} {
		u, err := ParseURL(s)
		if err != nil || u != want {
			t.Errorf("%s is %v, %v", s, u, err)
		}
		if again, err := ParseURL(u.String()); err != nil || again != u {
			t.Errorf("%s, written as %v, is %v, %v", s, u, again, err)
		}
	}
	for _, s := range []string{
		"", "/tmp/k", "unix://", "unix:/tmp/k", "tcp://localhost:1", "tcp://127.0.0.1", "tcp://127.0.0.1:65536",
		"tcp://127.0.0.1:-1", "tcp://::1:5", "tcp6://::1:5", "udp://127.0.0.1:5", "tcp://:5", "tcp://1.2.3:5",
		"unix://" + string(make([]byte, 108)),
	} {
		if u, err := ParseURL(s); err == nil {
			t.Errorf("%q is %v", s, u)
		}
	}
}

func TestParseBanner(t *testing.T) {
	r, err := parseBanner("RUMPSP-0.4-NetBSD-7.99.34/" + machine)
	if err != nil || r.Version != "7.99.34" || r.PktinfoV4 {
		t.Errorf("got %+v, %v", r, err)
	}
	r, err = parseBanner("RUMPSP-0.4-NetBSD-10.99.10/" + machine)
	if err != nil || r.Version != "10.99.10" || !r.PktinfoV4 {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, s := range []string{
		"", "SSH-2.0-OpenSSH_9", "RUMPSP-1.0-NetBSD-7.99.34/" + machine, "RUMPSP-0.4-NetBSD-7.99.34/vax",
		"RUMPSP-0.4-Linux-7.99.34/" + machine, "RUMPSP-0.", "RUMPSP-0.4-NetBSD-7.99.34",
	} {
		if r, err := parseBanner(s); err == nil {
			t.Errorf("%q is a kernel of release %s", s, r.Version)
		}
	}
}

func TestBanner(t *testing.T) {
	long := *kernel.NetBSD10
	long.Version = strings.Repeat("9", 200)
	for _, r := range []*kernel.Release{kernel.NetBSD10, kernel.NetBSD79934, &long} {
		line := banner(r)
		if len(line) > bannerMax || strings.Index(line, "\n") != len(line)-1 {
			t.Errorf("%q is no banner", line)
		}
		// in pieces, and with something behind it
		got, err := readBanner(bufio.NewReader(iotest.OneByteReader(strings.NewReader(line + "more\n"))))
		if err != nil || got+"\n" != line {
			t.Errorf("%q is read as %q, %v", line, got, err)
		}
		if again, err := parseBanner(got); err != nil || !strings.HasPrefix(r.Version, again.Version) {
			t.Errorf("%q is of release %v, %v", line, again, err)
		}
	}
	if machine == "amd64" && banner(kernel.NetBSD79934) != recordedBanner {
		t.Errorf("the banner is %q", banner(kernel.NetBSD79934))
	}
	for _, s := range []string{"", "RUMPSP-0.4-NetBSD-7.99.34/amd64", strings.Repeat("x", 300) + "\n"} {
		if line, err := readBanner(bufio.NewReader(strings.NewReader(s))); err == nil {
			t.Errorf("%q is read as %q", s, line)
		}
	}
}
