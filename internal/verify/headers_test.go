package verify

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

// pairHeader has one of everything that a claim can be made about.
const pairHeader = `#define K_INT 7
#define K_NEG (-3L)
#define K_BIG 0xffffffffffffffffULL
#define K_TEXT "te\0xt"
#define K_HALF 0.5
enum color { RED = 1, BLUE = 2 };
typedef unsigned short port_type;
struct pair {
	char p_tag;
	double p_num;
	unsigned p_low : 3;
	unsigned : 5;
	unsigned p_high : 9;
	union {
		short u_short;
		int u_bits : 5;
	};
	char p_tail[];
};
#define p_num p_tag /* a program that writes p_num means p_tag */
#ifdef EXTRA
#define K_EXTRA EXTRA
#endif
`

var (
	linuxAMD64    = ctype.Target{OS: "linux", Arch: "amd64"}
	netbsdSPARC64 = ctype.Target{OS: "netbsd", Arch: "sparc64"}

	// The header is included by a name from the sysroot, but for the tests of
	// headers that are paths.
	pairGroup = parse.Group{Name: "pair", Headers: []string{"sys/pair.h"}, Define: []parse.Define{{Name: "EXTRA", Value: "9"}}}
)

// A bench is a header in a directory, and how it is read for a target.
type bench struct {
	inc   *sysroot.Includes
	judge Judge
}

// newBench writes the header and makes ready the compiler: the zig package's
// for all targets, or this machine's gcc for its own.
func newBench(t *testing.T, target ctype.Target, header string) *bench {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sys"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sys", "pair.h"), []byte(header), 0o666); err != nil {
		t.Fatal(err)
	}
	macros, err := sysroot.Predefined(target)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		inc:   &sysroot.Includes{Name: "test", Target: target, FS: os.DirFS(dir), Root: dir, Dirs: []string{"."}, Predefined: macros},
		judge: Judge{Name: "the compiler", Flags: []string{"-nostdinc", "-isystem", dir}},
	}
	if target == linuxAMD64 {
		b.judge.Compiler = probetest.GCC(t, target)
	} else {
		b.judge.Compiler = probetest.Zig(t, target)
	}
	return b
}

// unit parses the header.
func (b *bench) unit(t *testing.T, group parse.Group) *ctype.Unit {
	t.Helper()
	u, err := parse.Headers(t.Context(), b.inc, group, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// differences asks the compiler about the unit.
func (b *bench) differences(t *testing.T, group parse.Group, u *ctype.Unit) []string {
	t.Helper()
	r, err := Headers(t.Context(), b.judge, group, u)
	if err != nil {
		t.Fatal(err)
	}
	if r.Claims < 20 {
		t.Errorf("only %d claims were compared", r.Claims)
	}
	return text(r)
}

func text(r Result) []string {
	lines := []string{}
	for _, d := range r.Differences {
		lines = append(lines, d.String())
	}
	return lines
}

// record, member and constantOf find what a test falsifies.
func record(u *ctype.Unit) *ctype.Record { return u.Index().Record("struct pair") }

func member(u *ctype.Unit, name string) *ctype.Member {
	for _, m := range record(u).Members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// anonymous finds the union, after a bit-field that has no name either.
func anonymous(u *ctype.Unit) *ctype.Member {
	for _, m := range record(u).Members {
		if m.Name == "" && !m.BitField {
			return m
		}
	}
	return nil
}

func constantOf(u *ctype.Unit, name string) *ctype.Const { return u.Index().Const(name) }

// faults are descriptions that are wrong in one thing, and what the compiler
// of linux/amd64 says to it.
var faults = []struct {
	name  string
	plant func(*ctype.Unit)
	want  []string
}{
	{"nothing", func(*ctype.Unit) {}, []string{}},
	{
		"size of a struct", func(u *ctype.Unit) { record(u).Size++ },
		[]string{"size of struct pair (sys/pair.h:8): description says 25, the compiler says 24"},
	},
	{
		"alignment of a struct", func(u *ctype.Unit) { record(u).Align = 4 },
		[]string{"alignment of struct pair (sys/pair.h:8): description says 4, the compiler says 8"},
	},
	{
		"offset of a member", func(u *ctype.Unit) { member(u, "p_num").Offset-- },
		[]string{"offset of struct pair.p_num (sys/pair.h:10): description says 7, the compiler says 8"},
	},
	{
		"size of a member", func(u *ctype.Unit) { member(u, "p_num").Type.Size = 4 },
		[]string{"size of struct pair.p_num (sys/pair.h:10): description says 4, the compiler says 8"},
	},
	{
		"place of a bit-field", func(u *ctype.Unit) { member(u, "p_high").BitOffset++ },
		[]string{"place of struct pair.p_high (sys/pair.h:13): description says bit 137, 9 wide, the compiler says bit 136, 9 wide"},
	},
	{
		"width of a bit-field", func(u *ctype.Unit) { member(u, "p_low").BitWidth = 4 },
		[]string{"place of struct pair.p_low (sys/pair.h:11): description says bit 128, 4 wide, the compiler says bit 128, 3 wide"},
	},
	{
		"offset of an anonymous member", func(u *ctype.Unit) { anonymous(u).Offset += 2 },
		[]string{
			"offset of struct pair.u_short (sys/pair.h:15): description says 22, the compiler says 20",
			"place of struct pair.u_bits (sys/pair.h:16): description says bit 176, 5 wide, the compiler says bit 160, 5 wide",
		},
	},
	{
		"offset of a flexible array", func(u *ctype.Unit) { member(u, "p_tail").Offset++ },
		[]string{"offset of struct pair.p_tail (sys/pair.h:18): description says 25, the compiler says 24"},
	},
	{
		"size of an enum", func(u *ctype.Unit) { u.Enums[0].Type.Size = 1 },
		[]string{"size of enum color (sys/pair.h:6): description says 1, the compiler says 4"},
	},
	{
		"size of a typedef", func(u *ctype.Unit) { u.Typedefs[0].Type.Size = 4 },
		[]string{"size of port_type (sys/pair.h:7): description says 4, the compiler says 2"},
	},
	{
		"integer", func(u *ctype.Unit) { constantOf(u, "K_INT").Int = ctype.IntegerOf(8) },
		[]string{"value of K_INT (sys/pair.h:1): description says 8, the compiler says 7"},
	},
	{
		"sign", func(u *ctype.Unit) { constantOf(u, "K_NEG").Int = ctype.IntegerOf(3) },
		[]string{"value of K_NEG (sys/pair.h:2): description says 3, the compiler says -3"},
	},
	{
		"the same bits with a sign", func(u *ctype.Unit) { constantOf(u, "K_BIG").Int = ctype.IntegerOf(-1) },
		[]string{"value of K_BIG (sys/pair.h:3): description says -1, the compiler says 18446744073709551615"},
	},
	{
		"type of an integer", func(u *ctype.Unit) { constantOf(u, "K_INT").Type = constantOf(u, "K_NEG").Type },
		[]string{"type of K_INT is long (sys/pair.h:1): description says 1, the compiler says 0"},
	},
	{
		"enumerator", func(u *ctype.Unit) { constantOf(u, "BLUE").Int = ctype.IntegerOf(3) },
		[]string{"value of BLUE (sys/pair.h:6): description says 3, the compiler says 2"},
	},
	{
		"string", func(u *ctype.Unit) { constantOf(u, "K_TEXT").String = "te\x00xu" },
		[]string{`value of K_TEXT (sys/pair.h:4): description says "te\x00xu", the compiler says "te\x00xt"`},
	},
	{
		"floating-point number", func(u *ctype.Unit) { constantOf(u, "K_HALF").Float = math.Nextafter(0.5, 1) },
		[]string{"value of K_HALF (sys/pair.h:5): description says 0.5000000000000001, the compiler says 0.5"},
	},
	{
		"macro of the group", func(u *ctype.Unit) { constantOf(u, "K_EXTRA").Int = ctype.IntegerOf(1) },
		[]string{"value of K_EXTRA (sys/pair.h:22): description says 1, the compiler says 9"},
	},
	{
		"two things", func(u *ctype.Unit) { record(u).Size, record(u).Align = 32, 16 },
		[]string{
			"size of struct pair (sys/pair.h:8): description says 32, the compiler says 24",
			"alignment of struct pair (sys/pair.h:8): description says 16, the compiler says 8",
		},
	},
}

// Each planted fault is found, and it alone.
func TestHeadersFindsWhatIsWrong(t *testing.T) {
	b := newBench(t, linuxAMD64, pairHeader)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			u := b.unit(t, pairGroup)
			f.plant(u)
			want := []string{}
			for _, w := range f.want {
				want = append(want, "linux/amd64: "+w)
			}
			if diff := cmp.Diff(want, b.differences(t, pairGroup, u)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A declaration that is not in the headers at all is a difference, with the
// compiler's own words.
func TestHeadersFindsWhatIsNotThere(t *testing.T) {
	b := newBench(t, linuxAMD64, pairHeader)
	u := b.unit(t, pairGroup)
	constantOf(u, "K_INT").Name = "K_NONE"
	got := b.differences(t, pairGroup, u)
	if len(got) == 0 || !strings.Contains(got[0], "value of K_NONE (sys/pair.h:1): description says 7") {
		t.Errorf("got %q", got)
	}
}

// On a big-endian machine bit-fields count from the other end.
func TestHeadersBigEndian(t *testing.T) {
	b := newBench(t, netbsdSPARC64, pairHeader)
	u := b.unit(t, pairGroup)
	if got := b.differences(t, pairGroup, u); len(got) > 0 {
		t.Errorf("differences where all is right: %q", got)
	}
	member(u, "p_low").BitOffset += 29
	got := b.differences(t, pairGroup, u)
	if len(got) != 1 || !strings.HasPrefix(got[0], "netbsd/sparc64: place of struct pair.p_low (sys/pair.h:11): ") {
		t.Errorf("got %q", got)
	}
}

// What compilers are known to see differently is not asked.
func TestHeadersExcept(t *testing.T) {
	b := newBench(t, linuxAMD64, pairHeader)
	u := b.unit(t, pairGroup)
	record(u).Size++
	constantOf(u, "K_INT").Int = ctype.IntegerOf(8)
	b.judge.Except = []string{"struct pair"}
	want := []string{"linux/amd64: value of K_INT (sys/pair.h:1): description says 8, the compiler says 7"}
	r, err := Headers(t.Context(), b.judge, pairGroup, u)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, text(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A header may be a file outside the sysroot.
func TestHeadersOfAPath(t *testing.T) {
	b := newBench(t, linuxAMD64, pairHeader)
	group := parse.Group{Name: "own", Headers: []string{filepath.Join(b.inc.Root, "sys", "pair.h")}}
	b.inc.FS, b.judge.Flags = os.DirFS(t.TempDir()), []string{"-nostdinc"}
	if got := b.differences(t, group, b.unit(t, group)); len(got) > 0 {
		t.Errorf("differences where all is right: %q", got)
	}
}

// Headers that the compiler refuses are an error and no difference.
func TestHeadersThatDoNotCompile(t *testing.T) {
	b := newBench(t, linuxAMD64, pairHeader+"#ifdef __GNUC__\nextern nonsense;\n#error not for gcc\n#endif\n")
	_, err := Headers(t.Context(), b.judge, pairGroup, &ctype.Unit{
		Target: linuxAMD64, Consts: []*ctype.Const{{Name: "K_INT", Kind: ctype.ConstInt, Int: ctype.IntegerOf(7)}},
	})
	if err == nil || !strings.Contains(err.Error(), "the compiler for linux/amd64: ") || !strings.Contains(err.Error(), "not for gcc") {
		t.Errorf("got %v", err)
	}
}

// What a claim compares is the kind of answer that it asks for.
func TestHolds(t *testing.T) {
	for _, test := range []struct {
		kind      cprobe.Kind
		want, got cprobe.Result
		holds     bool
	}{
		{cprobe.Float, cprobe.Result{Float: 0}, cprobe.Result{Float: math.Copysign(0, -1)}, false},
		{cprobe.Float, cprobe.Result{Float: math.NaN()}, cprobe.Result{Float: math.NaN()}, true},
		{cprobe.String, cprobe.Result{String: "a"}, cprobe.Result{String: "a\x00"}, false},
		{cprobe.Bits, cprobe.Result{BitOffset: 1, BitWidth: 2}, cprobe.Result{BitOffset: 2, BitWidth: 1}, false},
		{cprobe.Bits, cprobe.Result{BitOffset: 1, BitWidth: 2}, cprobe.Result{BitOffset: 1, BitWidth: 2}, true},
		{cprobe.Int, cprobe.Result{Int: ctype.IntegerOf(1)}, cprobe.Result{Err: os.ErrInvalid, Int: ctype.IntegerOf(1)}, false},
	} {
		c := claim{probe: cprobe.Probe{Kind: test.kind}, want: test.want}
		if c.holds(test.got) != test.holds {
			t.Errorf("claim %+v, answer %+v: holds is %t", test.want, test.got, !test.holds)
		}
	}
}
