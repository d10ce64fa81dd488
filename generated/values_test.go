package generated_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen"
	"github.com/abigen/abigen/gen/convert"
	"github.com/abigen/abigen/internal/cprobe"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/internal/project"
)

var update = flag.Bool("update", false, "rewrite functions_test.go")

// TestDomainsAgreeWithCompilers asks zig cc, for every architecture, for the
// values of all constants that the conversion rules pair, and holds the plan of
// the converters against them; and it calls the converters of this machine's
// architecture with the one and wants the other.
func TestDomainsAgreeWithCompilers(t *testing.T) {
	if testing.Short() {
		t.Skip("parses and compiles all headers")
	}
	probetest.OpenZig(t)
	p, err := project.Open("../abigen.yaml")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		writeFunctions(t, plan)
		return
	}
	said := &compilers{t: t, p: p, values: map[ctype.Target]map[string]uint64{}}
	for i, c := range plan.Converts {
		for _, arch := range c.Archs {
			from := ctype.Target{OS: c.From.Name, Arch: arch.Arch}
			to := ctype.Target{OS: c.To.Name, Arch: arch.Arch}
			for _, s := range sets(arch) {
				said.want(from, to, s.rows...)
			}
			said.want(from, to, others(arch)...)
		}
		checkNative(t, plan.Converters[i], c)
	}
	said.check()
}

// A set is the rows that one function translates.
type set struct {
	function string
	rows     []convert.Row // without those of fields
	fields   []convert.Field
}

func sets(a *convert.ArchPlan) []set {
	var list []set
	for _, d := range a.Domains {
		list = append(list, set{d.Rule.Name, d.Rows, d.Fields})
	}
	for _, r := range a.Requests {
		s := set{function: r.Rule.Name}
		for _, q := range r.Requests {
			s.rows = append(s.rows, q.Rows...)
		}
		list = append(list, s)
	}
	return list
}

// others are the pairs of constants that no function of one number translates.
func others(a *convert.ArchPlan) []convert.Row {
	var rows []convert.Row
	for _, d := range a.Domains {
		rows = append(rows, d.Aliases...) // of which another row has the number
		for _, f := range d.Fields {
			rows = append(rows, f.Rows...)
		}
	}
	for _, o := range a.Options {
		for _, l := range o.Levels {
			rows = append(rows, l.Row)
		}
		for _, m := range o.Moved {
			rows = append(rows, m.Level, m.Option)
		}
	}
	for _, u := range a.Unions {
		for _, v := range u.Variants {
			rows = append(rows, v.Tag)
		}
	}
	for _, c := range a.Chains {
		for _, m := range c.Messages {
			rows = append(rows, m.Level, m.Type)
		}
	}
	for _, r := range a.Records {
		for _, s := range r.Steps {
			for _, c := range s.Cases {
				rows = append(rows, c.Tags...)
			}
		}
	}
	return rows
}

// compilers collects what the plan takes the constants of each target to be.
type compilers struct {
	t      *testing.T
	p      *project.Project
	values map[ctype.Target]map[string]uint64
}

func (c *compilers) want(from, to ctype.Target, rows ...convert.Row) {
	for _, r := range rows {
		c.note(from, r.From, r.FromVal)
		c.note(to, r.To, r.ToVal)
	}
}

func (c *compilers) note(target ctype.Target, name string, value uint64) {
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return // no constant
	}
	if c.values[target] == nil {
		c.values[target] = map[string]uint64{}
	}
	if have, ok := c.values[target][name]; ok && have != value {
		c.t.Errorf("%s: the plans say that %s is %#x and %#x", target, name, have, value)
	}
	c.values[target][name] = value
}

// check asks the compiler of each target.
func (c *compilers) check() {
	targets := slices.SortedFunc(maps.Keys(c.values), func(a, b ctype.Target) int { return strings.Compare(a.String(), b.String()) })
	if len(targets) < 8 {
		c.t.Errorf("only %v are compared", targets)
	}
	for _, target := range targets {
		c.t.Run(target.OS+"-"+target.Arch, func(t *testing.T) {
			t.Parallel()
			c.ask(t, target)
		})
	}
}

func (c *compilers) ask(t *testing.T, target ctype.Target) {
	cc := probetest.Zig(t, target)
	s, ok := c.p.Config.System(target.OS)
	if !ok {
		t.Fatalf("no system %s", target.OS)
	}
	units, err := c.p.GroupUnits(t.Context(), s, target)
	if err != nil {
		t.Fatal(err)
	}
	todo := maps.Clone(c.values[target])
	for i, u := range units {
		var names []string
		index := u.Index()
		for _, name := range slices.Sorted(maps.Keys(todo)) {
			if index.Const(name) != nil {
				names = append(names, name)
			}
		}
		group, err := c.p.ParseGroup(s.Groups[i])
		if err != nil {
			t.Fatal(err)
		}
		var src cprobe.Source
		for _, d := range group.Define {
			src.Preamble += fmt.Sprintf("#define %s %s\n", d.Name, d.Value)
		}
		for _, h := range group.Headers {
			src.Preamble += fmt.Sprintf("#include <%s>\n", h)
		}
		probes := make([]cprobe.Probe, len(names))
		for i, name := range names {
			probes[i].Expr = name
		}
		answers, err := cc.Ask(t.Context(), src, probes)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range answers {
			name := names[i]
			switch {
			case a.Err != nil:
				t.Errorf("%s: %v", name, a.Err)
			case a.Int.Bits != todo[name]:
				t.Errorf("%s is %#x, and the converters take it to be %#x", name, a.Int.Bits, todo[name])
			}
			delete(todo, name)
		}
	}
	for name := range todo {
		t.Errorf("no group declares %s", name)
	}
	t.Logf("%d constants", len(c.values[target]))
}

// checkNative calls the functions of one direction with every value that they
// are planned for on this architecture.
func checkNative(t *testing.T, c gen.Converter, plan *convert.Plan) {
	i := slices.IndexFunc(plan.Archs, func(a *convert.ArchPlan) bool { return a.Arch == runtime.GOARCH })
	if i < 0 {
		t.Logf("%s has no %s", c.Dir, runtime.GOARCH)
		return
	}
	calls := 0
	for _, s := range sets(plan.Archs[i]) {
		name := path.Base(c.Dir) + "." + s.function
		f, ok := functions[name]
		if !ok {
			t.Errorf("functions_test.go has no %s: run go test ./generated -run Compilers -update", name)
			continue
		}
		// Fields need a number that means something in them.
		var baseFrom, baseTo uint64
		for _, field := range s.fields {
			for _, r := range field.Rows {
				if got, ok := tried(f, r.FromVal, r.ToVal); !ok {
					t.Errorf("%s(%s) = %#x; want %s, %#x", name, r.From, got, r.To, r.ToVal)
				}
				calls++
			}
			if len(field.Rows) > 0 {
				baseFrom, baseTo = baseFrom|field.Rows[0].FromVal, baseTo|field.Rows[0].ToVal
			}
		}
		for _, r := range s.rows {
			if got, ok := tried(f, r.FromVal|baseFrom, r.ToVal|baseTo); !ok {
				t.Errorf("%s(%s) = %#x; want %s, %#x, and true", name, r.From, got, r.To, r.ToVal|baseTo)
			}
			calls++
		}
	}
	if calls < 100 {
		t.Errorf("%s: only %d values were tried", c.Dir, calls)
	}
	t.Logf("%s: %d values", c.Dir, calls)
}

// tried reports whether a function of one integer gives want for v, and what it
// gave. They are compared in the bits of its result: C has flags of an int that
// are beyond its positive numbers.
func tried(f any, v, want uint64) (got uint64, ok bool) {
	fn := reflect.ValueOf(f)
	arg := reflect.New(fn.Type().In(0)).Elem()
	if arg.CanInt() {
		arg.SetInt(int64(v))
	} else {
		arg.SetUint(v & (1<<arg.Type().Bits() - 1))
	}
	out := fn.Call([]reflect.Value{arg})
	if out[0].CanInt() {
		got = uint64(out[0].Int())
	} else {
		got = out[0].Uint()
	}
	beyond := 64 - out[0].Type().Bits()
	return got, out[1].Bool() && got<<beyond == want<<beyond
}

// writeFunctions writes the table of the functions that the plan has.
func writeFunctions(t *testing.T, plan *gen.Plan) {
	var b bytes.Buffer
	b.WriteString("package generated_test\n\nimport (\n")
	for _, c := range plan.Converters {
		fmt.Fprintf(&b, "%q\n", c.Import)
	}
	b.WriteString(")\n\n// functions are all functions that translate a number. The test that uses them\n// writes this file with -update.\nvar functions = map[string]any{\n")
	for i, c := range plan.Converts {
		pkg := path.Base(plan.Converters[i].Dir)
		for _, s := range sets(c.Archs[0]) {
			fmt.Fprintf(&b, "\"%s.%s\": %s.%s,\n", pkg, s.function, pkg, s.function)
		}
	}
	b.WriteString("}\n")
	text, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.FromSlash("functions_test.go"), text, 0o666); err != nil {
		t.Fatal(err)
	}
}
