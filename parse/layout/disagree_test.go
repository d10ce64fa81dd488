package layout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
)

// TestDisagreements writes down where gcc and clang lay out the same
// declaration differently, for linux/amd64. The engine follows clang; a random
// struct for gcc has none of these. When a row stops being true, the compilers
// or the engine changed.
func TestDisagreements(t *testing.T) {
	target := ctype.Target{OS: "linux", Arch: "amd64"}
	aligned := func(m *ctype.Member, n int64) *ctype.Member {
		m.Attrs.Aligned = n
		return m
	}
	packed := func(r *ctype.Record, n int64) *ctype.Record {
		r.Attrs.Pack = n
		return r
	}
	atomic := &ctype.Type{Kind: ctype.RecordRef, Name: "struct three", Atomic: true}
	three := structOf("struct three", member("c", array(integer("char"), 3)))
	u := &ctype.Unit{Target: target, Records: []*ctype.Record{three}}
	for _, tc := range []struct {
		why    string
		record *ctype.Record
		// The place of member b: the first bit of a bit-field, else the
		// byte. Without a member b, the alignment of the record.
		clang, gcc int64
	}{
		{
			"#pragma pack lowers the alignment of a member that asks for more; clang does not align a bit-field then",
			packed(structOf("struct d1", member("a", integer("char")), aligned(bits("b", integer("unsigned char"), 8), 16)), 4),
			8, 32,
		}, {
			"after aligning a bit-field to less than its type, gcc sees that it crosses a boundary of the type",
			structOf("struct d2", bits("a", integer("unsigned int"), 6), aligned(bits("b", integer("unsigned int"), 17), 2)),
			16, 32,
		}, {
			"gcc gives a struct no larger alignment for a vector than the instructions it compiles for have",
			structOf("struct d3", member("v", ref(ctype.TypedefRef, "vector"))),
			32, 16,
		}, {
			"clang pads an _Atomic struct to a power of two",
			structOf("struct d4", member("a", atomic), member("b", integer("char"))),
			4, 3,
		},
	} {
		t.Run(tc.record.Name, func(t *testing.T) {
			u := *u
			u.Records = append([]*ctype.Record{}, u.Records...)
			u.Records = append(u.Records, tc.record)
			for _, r := range u.Records {
				_, r.Tag, _ = strings.Cut(r.Name, " ")
			}
			u.Typedefs = []*ctype.Typedef{{Name: "vector", Type: &ctype.Type{Kind: ctype.Vector, Elem: integer("int"), Len: 8}}}
			e := engine(t, target.String(), &u)
			for _, err := range e.Unit(&u) {
				t.Fatal(err)
			}
			x := u.Index()
			text := x.DefineTypedef(u.Typedefs[0]) + "\n" + x.Define(three) + "\n" + x.Define(tc.record)
			got := tc.record.Align
			probe := cprobe.Probe{Expr: fmt.Sprintf("_Alignof(%s)", tc.record.Name)}
			for _, m := range tc.record.Members {
				switch {
				case m.Name == "b" && m.BitField:
					got = m.BitOffset
					probe = cprobe.Probe{Kind: cprobe.Bits, Expr: tc.record.Name, Member: "b"}
				case m.Name == "b":
					got = m.Offset
					probe.Expr = fmt.Sprintf("__builtin_offsetof(%s, b)", tc.record.Name)
				}
			}
			if got != tc.clang {
				t.Errorf("%s: the engine has %d, want %d\n%s", tc.why, got, tc.clang, text)
			}
			judge := func(name string, c *cprobe.Compiler, want int64) {
				res, err := c.Ask(t.Context(), cprobe.Source{Preamble: text}, []cprobe.Probe{probe})
				if err != nil {
					t.Fatal(err)
				}
				has, _ := res[0].Int.Int64()
				if probe.Kind == cprobe.Bits {
					has = res[0].BitOffset
				}
				if res[0].Err != nil || has != want {
					t.Errorf("%s: %s has %d (%v), want %d\n%s", tc.why, name, has, res[0].Err, want, text)
				}
			}
			t.Run("clang", func(t *testing.T) { judge("clang", probetest.Zig(t, target), tc.clang) })
			t.Run("gcc", func(t *testing.T) { judge("gcc", probetest.GCC(t, target), tc.gcc) })
		})
	}
}
