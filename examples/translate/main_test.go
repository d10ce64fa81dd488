package main

import (
	"strings"
	"testing"
)

// The program makes real calls; what it prints is the translation of
// whatever the kernel answered. What every run must show is that each struct
// came back as it went.
func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(&out); err != nil {
		if strings.Contains(err.Error(), "runs on Linux") {
			t.Skip(err)
		}
		if strings.Contains(err.Error(), "address family not supported") || strings.Contains(err.Error(), "cannot assign requested address") {
			t.Skipf("this machine has no IPv6 loopback: %v", err)
		}
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "and back, but") {
		t.Errorf("a struct did not come back:\n%s", text)
	}
	for _, want := range []string{
		"socket(10, 0x80802, 0)                         | socket(24, 0x30000002, 0)",
		"|   0  1c                       Len\n",
		"    0  0a 00                    Family           |   1  18                       Family\n",
		"recvfrom: EAGAIN\n",
		"untranslated, NetBSD would read 11 as EDEADLK",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the output lacks %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "and back: the same"); n != 7 {
		t.Errorf("%d structs came back the same, want 7:\n%s", n, text)
	}
}

func TestShow(t *testing.T) {
	type linux struct {
		A uint16
		_ [2]byte
		B uint32
	}
	type netbsd struct {
		Len uint8
		A   uint8
		_   [2]byte
		B   [12]uint8
	}
	var out strings.Builder
	show(&out, "struct s", &linux{A: 1, B: 0x01020304}, &netbsd{Len: 16, A: 1, B: [12]uint8{0: 4, 9: 7}})
	lines := strings.Split(strings.Trim(out.String(), "\n"), "\n")
	for i, want := range []string{
		"struct s", "Linux, 8 bytes", "Len", "A", "(padding)", "(padding)", "B", "00 07 00 00",
	} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Fatalf("line %d lacks %q:\n%s", i, want, out.String())
		}
	}
}
