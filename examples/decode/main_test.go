package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// Without files it prints the samples; what they say is known.
func TestSamples(t *testing.T) {
	var out strings.Builder
	if err := run(&out, nil); err != nil {
		t.Fatal(err)
	}
	const name = "testdata/want.txt"
	if *update {
		if err := os.WriteFile(name, []byte(out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The same address message, in today's form, from machines of both byte orders.
func TestTargets(t *testing.T) {
	for target := portable.AMD64; target <= portable.M68K; target++ {
		size := portable.SizeofIfaMsghdr(target)
		m := portable.IfaMsghdr{
			Msglen: uint16(size + 16 + 32), Version: netbsd.RTM_VERSION, Type: netbsd.RTM_NEWADDR,
			Index: 3, Addrs: netbsd.RTA_NETMASK | netbsd.RTA_IFA,
		}
		b := encode(t, target, size, &m)
		b = append(b, 12, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0) // a mask without a family
		in6 := portable.SockaddrIn6{Len: 28, Family: netbsd.AF_INET6, Addr: [16]byte{0xfe, 0x80, 15: 1}, ScopeID: 3}
		b = append(b, encode(t, target, 32, &in6)...)
		var out strings.Builder
		if err := routing(&out, target, append(b, b...)); err != nil {
			t.Errorf("%v: %v", target, err)
			continue
		}
		const one = "  RTM_NEWADDR interface 3\n    netmask      /31\n    address      fe80::1%3\n"
		if diff := cmp.Diff(one+one, out.String()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", target, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	header := func(size int, typ byte) []byte {
		return append([]byte{byte(size), 0, netbsd.RTM_VERSION, typ}, make([]byte, size-4)...)
	}
	mask := func(b []byte, at int, mask byte) []byte { b[at] = mask; return b }
	for _, test := range []struct {
		name string
		b    []byte
		want string
	}{
		{"too short", []byte{4, 0}, "at 0: 2 bytes are no message"},
		{"no length", []byte{0, 0, 4, 4}, "at 0: a message of 0 bytes in 4"},
		{"too long", header(120, 4)[:119], "at 0: a message of 120 bytes in 119"},
		{"another version", []byte{4, 0, 3, 4}, "version 3"},
		{"an unknown type", header(120, 99), "type 99: unknown type"},
		{"a short header", header(119, netbsd.RTM_GET), "RTM_GET: rt_msghdr"},
		{"no addresses", mask(header(120, netbsd.RTM_GET), 12, 1), "destination: truncated"},
		{"a long address", mask(append(mask(header(128, netbsd.RTM_GET), 12, 1)[:120], 16, 2, 0, 0, 0, 0, 0, 0), 0, 128), "destination: 16 bytes in 8"},
		{"a short address", mask(append(mask(header(128, netbsd.RTM_GET), 12, 1)[:120], 8, 2, 0, 0, 0, 0, 0, 0), 0, 128), "destination: sockaddr_in"},
		{"an unknown address", mask(header(120, netbsd.RTM_GET), 13, 0x80), "unknown bits"},
		{"an old address message", header(20, netbsd.RTM_ONEWADDR), "RTM_ONEWADDR: truncated"},
		{"an ELF file", []byte("\x7fELF"), "EOF"},
	} {
		var out strings.Builder
		err := show(&out, "x", portable.AMD64, test.b)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
	if err := run(&strings.Builder{}, []string{"-target", "vax"}); err == nil || !strings.Contains(err.Error(), "netbsd/sparc64") {
		t.Errorf("an unknown target: %v", err)
	}
}

func FuzzRouting(f *testing.F) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		if strings.HasSuffix(e.Name(), ".bin") {
			b, err := os.ReadFile("testdata/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(portable.AMD64), b)
		}
	}
	f.Fuzz(func(_ *testing.T, target byte, b []byte) {
		var out strings.Builder
		_ = routing(&out, portable.Target(target%8+1), b) // may fail, must not panic
	})
}
