package layout

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
)

var (
	seed  = flag.Uint64("seed", 1, "seed of the random structs")
	cases = flag.Int("cases", 300, "random structs for each target")
)

// TestCompilers compares the layout of random structs with what compilers say:
// size, alignment, the offset of every member that C can name, the first bit
// and width of every bit-field, and the size and sign of every enum.
func TestCompilers(t *testing.T) {
	for _, target := range ctype.Targets() {
		t.Run("zig/"+target.String(), func(t *testing.T) {
			t.Parallel()
			compare(t, probetest.Zig(t, target), target, false)
		})
	}
	t.Run("gcc/linux/amd64", func(t *testing.T) {
		t.Parallel()
		target := ctype.Target{OS: "linux", Arch: "amd64"}
		compare(t, probetest.GCC(t, target), target, true)
	})
}

// batch is how many structs go into one object file.
const batch = 500

func compare(t *testing.T, c *cprobe.Compiler, target ctype.Target, plain bool) {
	model, err := target.Model()
	if err != nil {
		t.Fatal(err)
	}
	for done := 0; done < *cases && !t.Failed(); done += batch {
		u := &ctype.Unit{Target: target}
		g := &generator{Rand: rand.New(rand.NewPCG(*seed, uint64(done))), model: model, unit: u, plain: plain}
		var text strings.Builder
		for range min(batch, *cases-done) {
			define(&text, g)
		}
		compareUnit(t, c, u, model, text.String())
	}
}

// define adds a case to the unit and writes it in C.
func define(text *strings.Builder, g *generator) {
	u := g.unit
	enums, typedefs := len(u.Enums), len(u.Typedefs)
	r := g.record()
	x := u.Index()
	for _, e := range u.Enums[enums:] {
		fmt.Fprintln(text, x.DefineEnum(e))
	}
	for _, d := range u.Typedefs[typedefs:] {
		fmt.Fprintln(text, x.DefineTypedef(d))
	}
	fmt.Fprintln(text, x.Define(r))
}

func compareUnit(t *testing.T, c *cprobe.Compiler, u *ctype.Unit, model *ctype.Model, text string) {
	x := u.Index()
	e := New(model, x)
	for _, err := range e.Unit(u) {
		t.Errorf("%v", err)
	}
	var q questions
	for _, en := range u.Enums {
		q.integer(en.Name+": size", "sizeof("+en.Name+")", en.Type.Size)
	}
	for _, r := range u.Records {
		q.record(x, r)
	}
	if t.Failed() {
		return
	}
	res, err := c.Ask(t.Context(), cprobe.Source{Preamble: text}, q.probes)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[*ctype.Record]bool)
	for i, r := range res {
		got := r.Int.String()
		switch {
		case r.Err != nil:
			got = r.Err.Error()
		case q.probes[i].Kind == cprobe.Bits:
			got = fmt.Sprintf("%d+%d", r.BitOffset, r.BitWidth)
		}
		if got == q.want[i] {
			continue
		}
		t.Errorf("%s: layout has %s, the compiler %s", q.about[i], q.want[i], got)
		if r := q.records[i]; !shown[r] {
			shown[r] = true
			if r != nil {
				t.Log(x.Define(r))
			}
			if len(shown) > 5 {
				t.Fatal("and more")
			}
		}
	}
}

// questions collects what a compiler is asked, and what we say.
type questions struct {
	probes  []cprobe.Probe
	want    []string
	about   []string
	records []*ctype.Record
}

func (q *questions) add(p cprobe.Probe, r *ctype.Record, about, want string) {
	q.probes = append(q.probes, p)
	q.want = append(q.want, want)
	q.about = append(q.about, about)
	q.records = append(q.records, r)
}

func (q *questions) integer(about, expr string, want int64) {
	q.add(cprobe.Probe{Expr: expr}, nil, about, fmt.Sprint(want))
}

// record asks about a tagged record and everything within it.
func (q *questions) record(x *ctype.Index, r *ctype.Record) {
	c := x.CExpr(r.Name)
	if c == "" {
		return // reached through the record around it
	}
	at := func(what, expr string, want int64) {
		q.add(cprobe.Probe{Expr: expr}, r, r.Name+what, fmt.Sprint(want))
	}
	at(": size", "sizeof("+c+")", r.Size)
	at(": alignment", "_Alignof("+c+")", r.Align)
	q.members(x, r, r, c, 0)
}

// members asks about the members of in, which lies at the offset base, in
// bytes, of r, and whose members C finds in r.
func (q *questions) members(x *ctype.Index, r, in *ctype.Record, c string, base int64) {
	for _, m := range in.Members {
		switch {
		case m.Name == "" && !m.BitField:
			q.members(x, r, x.Record(m.Type.Name), c, base+m.Offset)
		case m.Name == "":
		case m.BitField:
			q.add(cprobe.Probe{Kind: cprobe.Bits, Expr: c, Member: m.Name}, r, r.Name+"."+m.Name,
				fmt.Sprintf("%d+%d", base*8+m.BitOffset, m.BitWidth))
		default:
			q.add(cprobe.Probe{Expr: "__builtin_offsetof(" + c + ", " + m.Name + ")"}, r, r.Name+"."+m.Name, fmt.Sprint(base+m.Offset))
		}
	}
}
