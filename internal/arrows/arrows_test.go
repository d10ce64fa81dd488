// Package arrows holds the test of which package may import which. The table
// is the picture in docs/design.md; an import that breaks it is a question
// about the design, and is answered here and there, or not made.
package arrows

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/abigen/abigen"

// root is the module's directory, seen from this package.
const root = "../.."

// A rule says what the packages in a directory, and below it, may import of
// this module, and which outside modules they alone may import.
type rule struct {
	dir    string
	may    []string // directories of this module, each with what is below it
	reason string
}

// The rule with the longest directory that fits is the one that counts.
var rules = []rule{
	{"abi", nil, "generated code in other people's programs depends on it: standard library only"},
	{"abi/ctype", nil, "plain data that every tool can read: standard library only"},
	{"parse", []string{"parse", "abi/ctype", "internal/nearest"}, "headers in, declarations out"},
	{"gen", []string{"gen", "abi/ctype", "internal/nearest"}, "declarations in, Go out; never a header"},
	{"netbsd", []string{"netbsd", "abi"}, "a namespace knows no other system"},
	{"linux", []string{"linux", "abi"}, "a namespace knows no other system"},
	{"generated", []string{"generated", "netbsd", "linux", "abi"}, "users of a converter get no generator with it"},
	{"generated/routing", nil, "a model of neither system"},
	{"generated/routing/rtsock", []string{"generated/routing", "netbsd", "abi"}, "NetBSD's side; it knows no Linux"},
	{"generated/routing/rtnetlink", []string{"generated", "linux", "abi"}, "Linux's side; hardware types it has from the converters"},
	{"generated/routing/translate", []string{"generated", "netbsd", "linux", "abi"}, "where the sides meet"},
	{"runtime", []string{"runtime", "generated", "netbsd", "linux", "abi"}, "a kernel's users get no generator with it"},
	{"runtime/kernel", []string{"runtime/kernel", "generated/routing", "netbsd", "abi"}, "the seam knows neither side of it"},
	{"runtime/hypercall", []string{"runtime/hypercall", "generated", "netbsd", "linux", "abi"}, "a host serves any kernel"},
	{"runtime/netstack", []string{"runtime/netstack", "runtime/kernel", "runtime/hypercall", "generated/routing", "netbsd", "abi"}, "a kernel does not know who uses it"},
	{"runtime/ffs", []string{"netbsd", "abi"}, "an image needs no kernel, and no host"},
	{"runtime/sysproxy", []string{"runtime/kernel", "netbsd", "abi"}, "a kernel in, a kernel out"},
	{"runtime/rump", []string{"runtime/kernel", "runtime/hypercall", "runtime/sysproxy", "netbsd", "abi"}, "libraries in, a kernel out; from afar when it is in another process"},
	{"runtime/hijack", []string{"runtime/hijack", "runtime/netcfg", "runtime/kernel", "generated", "netbsd", "linux", "abi"}, "system calls alone, so any kernel will do"},
	{"runtime/hijack/internal/hijackbench", []string{"runtime/hijack", "runtime/netstack", "netbsd"}, "a measurement boots the kernel that it measures"},
	{"runtime/netcfg", []string{"runtime/kernel", "generated/routing", "netbsd", "abi"}, "system calls alone, so any kernel will do"},
	{"runtime/nbsock", []string{"runtime/kernel", "netbsd", "abi"}, "system calls alone, so any kernel will do"},
	{"runtime/hijack/internal/hijackbench", []string{"runtime"}, "it measures, and boots kernels to do so"},
	{"runtime/hijack/internal/sockets", []string{"runtime/netcfg", "generated", "netbsd", "linux", "abi"}, "it asks a kernel by system calls, and says it in Linux's words"},
	{"runtime/hijack/strace", []string{"linux", "abi"}, "it writes down what Linux programs mean, and knows no kernel"},
	{"runtime/hijack/netlink", []string{"runtime/hijack/internal", "runtime/netcfg", "runtime/kernel", "generated", "netbsd", "linux", "abi"}, "system calls alone, so any kernel will do; it knows no program"},
	{"runtime/hijack/procnet", []string{"runtime/hijack/internal", "runtime/netcfg", "runtime/kernel", "generated", "netbsd", "linux", "abi"}, "system calls alone, so any kernel will do; it knows no program"},
	{"cmd/nbnet", []string{"cmd/nbnet", "runtime", "generated/routing", "netbsd", "abi", "internal/strictyaml"}, "a kernel is configured by system calls alone, wherever it is"},
	{"internal/strictyaml", []string{"abi/ctype", "internal/nearest"}, "YAML to any struct; it knows no configuration"},
	{"internal/nearest", nil, "a function"},
	{"internal/kerneltest", []string{"internal/transcript", "runtime/kernel", "runtime/nbsock", "runtime/netcfg", "runtime/hypercall/faulty", "netbsd", "abi"}, "a kernel is tested by system calls alone, whichever it is; a clock may be its host's"},
	{"internal/netns", nil, "tests of anything may use it"},
	{"internal/iperf", nil, "connections of any stack will do"},
	{"internal/output", nil, "files on disk; it does not care what is in them"},
	{"internal/cprobe", []string{"abi/ctype"}, "asks a C compiler; it believes nothing we computed"},
	{"internal/config", []string{"abi/ctype", "internal/strictyaml", "internal/nearest"}, "what the user wrote"},
}

// only names outside modules that few parts of this one may import.
var only = []struct {
	module string
	dirs   []string
	reason string
}{
	{"modernc.org/cc/v4", []string{"parse"}, "everybody else reads abi/ctype"},
	{"github.com/dave/jennifer", []string{"gen"}, "everybody else gets files"},
	{"github.com/spf13/cobra", []string{"cmd"}, "flags belong to commands"},
	{"github.com/ebitengine/purego", []string{"runtime/rump"}, "who imports it gets a program that the system's loader has to load"},
	{"gvisor.dev/gvisor", []string{"runtime/netstack", "internal/netbench"}, "everybody else makes system calls; netbench measures against it"},
}

func TestImports(t *testing.T) {
	used := map[string]bool{}
	for file, imports := range goFiles(t) {
		test := strings.HasSuffix(file, "_test.go")
		dir := path.Dir(file)
		for _, imp := range imports {
			for _, o := range only {
				if within(imp, o.module) && !slices.ContainsFunc(o.dirs, func(d string) bool { return within(dir, d) }) {
					t.Errorf("%s imports %s, which only %s may: %s", file, imp, strings.Join(o.dirs, " and "), o.reason)
				}
			}
			sub, ours := strings.CutPrefix(imp, module+"/")
			r := ruleFor(dir)
			if r == nil {
				continue
			}
			for i := range rules {
				if within(dir, rules[i].dir) {
					used[rules[i].dir] = true
				}
			}
			if test {
				continue // a test may bring the other end of the pipeline
			}
			switch {
			case ours && !slices.ContainsFunc(r.may, func(m string) bool { return within(sub, m) }) && !within(sub, r.dir):
				t.Errorf("%s imports %s: %s may not (%s)", file, sub, r.dir, r.reason)
			case ours && within(dir, "abi") && sub == "abi/ctype" && !within(dir, "abi/ctype"):
				t.Errorf("%s imports abi/ctype: generated code would carry the generator's model", file)
			case !ours && strings.Contains(strings.Split(imp, "/")[0], ".") && within(dir, "abi"):
				t.Errorf("%s imports %s: %s", file, imp, r.reason)
			}
		}
	}
	// A rule for a directory that is gone would hold nothing.
	for _, r := range rules {
		if !used[r.dir] && len(r.may) > 0 {
			t.Errorf("no package under %s imports anything: is the rule stale?", r.dir)
		}
	}
}

func ruleFor(dir string) *rule {
	var best *rule
	for i := range rules {
		if r := &rules[i]; within(dir, r.dir) && (best == nil || len(r.dir) > len(best.dir)) {
			best = r
		}
	}
	return best
}

// within tells whether p is dir or below it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// goFiles maps each Go file of the module, by its path from the root, to what
// it imports.
func goFiles(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, imp)
		}
		files[filepath.ToSlash(rel)] = imports
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("found only %d Go files below %s", len(files), root)
	}
	return files
}
