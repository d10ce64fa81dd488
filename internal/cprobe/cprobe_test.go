package cprobe_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
)

// compilers calls f for every compiler there is.
func compilers(t *testing.T, f func(*testing.T, *cprobe.Compiler, *ctype.Model)) {
	for _, target := range ctype.Targets() {
		m, err := target.Model()
		if err != nil {
			t.Fatal(err)
		}
		t.Run("zig/"+target.String(), func(t *testing.T) { f(t, probetest.Zig(t, target), m) })
	}
	host := ctype.Target{OS: "linux", Arch: "amd64"}
	m, err := host.Model()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("gcc/"+host.String(), func(t *testing.T) { f(t, probetest.GCC(t, host), m) })
}

const preamble = `
#define WIDE 0xfedcba9876543210ULL
#define MINUS (-5)
#define BROKEN {
#define MISSING (1 + nowhere)
#define ADDRESS (&global)
extern int global;
enum e { RED = 7, BLUE = -1 };
struct s {
	int a : 3;
	unsigned b : 11;
	_Bool c : 1;
	struct { unsigned char pad; unsigned short d : 9; } in[2];
	struct { long long e : 40; };
	enum e f : 4;
};
`

func TestAsk(t *testing.T) {
	compilers(t, func(t *testing.T, c *cprobe.Compiler, m *ctype.Model) {
		bits := func(member string) cprobe.Probe {
			return cprobe.Probe{Kind: cprobe.Bits, Expr: "struct s", Member: member}
		}
		afterLongLong := "192+4"
		if m.LongLong.Align == 4 {
			afterLongLong = "160+4"
		}
		minusOneChar := "255"
		if m.CharSigned {
			minusOneChar = "-1"
		}
		rows := []struct {
			probe cprobe.Probe
			want  string // the beginning of the answer
		}{
			{cprobe.Probe{Expr: "WIDE"}, "18364758544493064720"},
			{cprobe.Probe{Expr: "BROKEN"}, "error: "},
			{cprobe.Probe{Expr: "MINUS"}, "-5"},
			{cprobe.Probe{Expr: "BLUE"}, "-1"},
			{cprobe.Probe{Expr: "MISSING"}, "error: "},
			{cprobe.Probe{Expr: "sizeof(long)"}, fmt.Sprint(m.Long.Size)},
			{cprobe.Probe{Expr: "(char)-1"}, minusOneChar},
			{cprobe.Probe{Expr: "ADDRESS"}, "error: "},
			{cprobe.Probe{Expr: "1); int x = (2"}, "error: expression"},
			{cprobe.Probe{Expr: "2 /* \n */"}, "error: expression"},
			{cprobe.Probe{Expr: "')'"}, "41"},
			{cprobe.Probe{Expr: " "}, "error: empty"},
			{cprobe.Probe{Kind: cprobe.Float, Expr: "1.5e300 * 2"}, "3e+300"},
			{cprobe.Probe{Kind: cprobe.Float, Expr: "-0.25f"}, "-0.25"},
			{cprobe.Probe{Kind: cprobe.String, Expr: `"a\0b\n" "c"`}, `"a\x00b\nc"`},
			{cprobe.Probe{Kind: cprobe.String, Expr: "5"}, "error: "},
			{bits("a"), "0+3"},
			{bits("b"), "3+11"},
			{bits("c"), "14+1"},
			{bits("in[1].d"), "64+9"},
			{bits("f"), afterLongLong},
			{bits("nowhere"), "error: "},
			{bits(""), "error: no member"},
			{cprobe.Probe{Expr: "RED"}, "7"},
		}
		var probes []cprobe.Probe
		for _, row := range rows {
			probes = append(probes, row.probe)
		}
		res, err := c.Ask(t.Context(), cprobe.Source{Preamble: preamble}, probes)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			got := show(res[i], row.probe)
			if got != row.want && !(strings.HasPrefix(row.want, "error: ") && strings.HasPrefix(got, row.want)) {
				t.Errorf("%v: %s, want %s", row.probe, got, row.want)
			}
		}
	})
}

func show(r cprobe.Result, p cprobe.Probe) string {
	switch {
	case r.Err != nil:
		return "error: " + r.Err.Error()
	case p.Kind == cprobe.Float:
		return fmt.Sprint(r.Float)
	case p.Kind == cprobe.String:
		return fmt.Sprintf("%q", r.String)
	case p.Kind == cprobe.Bits:
		return fmt.Sprintf("%d+%d", r.BitOffset, r.BitWidth)
	}
	return r.Int.String()
}

// TestDiagnostic checks that a diagnostic says what is wrong and where a macro
// was used does not hide it.
func TestDiagnostic(t *testing.T) {
	compilers(t, func(t *testing.T, c *cprobe.Compiler, _ *ctype.Model) {
		res, err := c.Ask(t.Context(), cprobe.Source{Preamble: preamble}, []cprobe.Probe{{Expr: "MISSING"}, {Expr: "RED"}})
		if err != nil {
			t.Fatal(err)
		}
		if res[0].Err == nil || !strings.Contains(res[0].Err.Error(), "nowhere") {
			t.Errorf("diagnostic is %v, want one about nowhere", res[0].Err)
		}
	})
}

func TestHeadersDoNotCompile(t *testing.T) {
	compilers(t, func(t *testing.T, c *cprobe.Compiler, _ *ctype.Model) {
		_, err := c.Ask(t.Context(), cprobe.Source{Preamble: "#include <nowhere/to/be/found.h>\n"}, []cprobe.Probe{{Expr: "1"}, {Expr: "2"}})
		if err == nil || !strings.Contains(err.Error(), "nowhere/to/be/found.h") {
			t.Errorf("error %v, want one that names the header", err)
		}
	})
}

// TestMany asks more than one object file holds, some of it wrong.
func TestMany(t *testing.T) {
	const n, bad = 25000, 777
	probes := make([]cprobe.Probe, n)
	for i := range probes {
		probes[i].Expr = fmt.Sprintf("%d * 3LL - 100", i)
		if i%bad == 5 {
			probes[i].Expr = fmt.Sprintf("missing_%d", i)
		}
	}
	c := probetest.Zig(t, ctype.Target{OS: "netbsd", Arch: "sparc64"})
	res, err := c.Ask(t.Context(), cprobe.Source{}, probes)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range res {
		if i%bad == 5 {
			if r.Err == nil || !strings.Contains(r.Err.Error(), probes[i].Expr) {
				t.Errorf("question %d: error %v", i, r.Err)
			}
			continue
		}
		if v, _ := r.Int.Int64(); r.Err != nil || v != int64(i)*3-100 {
			t.Fatalf("question %d: %v, %v", i, r.Int, r.Err)
		}
	}
}

func TestCancel(t *testing.T) {
	c := probetest.Zig(t, ctype.Target{OS: "netbsd", Arch: "amd64"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Ask(ctx, cprobe.Source{}, []cprobe.Probe{{Expr: "1"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestFind(t *testing.T) {
	if _, err := cprobe.Find(t.Context(), "no-such-compiler-here"); err == nil {
		t.Error("no error for a compiler that does not exist")
	}
}
