package convert_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/abigen/abigen/gen/convert"
	"github.com/abigen/abigen/internal/strictyaml"
)

// rulesSeeds returns the rules of the golden cases, those of the named one last,
// and its systems.
func rulesSeeds(t testing.TB, last string) (seeds []string, left, right convert.SystemModel) {
	t.Helper()
	var archive *txtar.Archive
	for _, name := range []string{"members", "payloads", "normal", "domains", "flags", "structs", "mistakes", "bytes", last} {
		a, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range a.Files {
			if file.Name == "rules.yaml" {
				seeds = append(seeds, strings.NewReplacer("guest", "netbsd", "host", "linux").Replace(string(file.Data)))
			}
		}
		archive = a
	}
	fsys, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	archs := architectures("netbsd", "linux")
	return seeds, system(t, fsys, archive, "netbsd", "netbsd", archs), system(t, fsys, archive, "linux", "linux", archs)
}

// tryRules plans with rules as they come, and reports whether there is a plan:
// an error with a text, or a plan that can be written down, but no panic.
func tryRules(t *testing.T, text string, left, right convert.SystemModel) (planned bool) {
	t.Helper()
	var rules convert.Rules
	if strictyaml.Decode("rules.yaml", []byte(text), &rules) != nil {
		return false
	}
	for _, d := range [][2]convert.SystemModel{{left, right}, {right, left}} {
		plan, err := convert.NewPlan(d[0], d[1], rules)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			continue
		}
		planned = true
		if plan.String() == "" {
			t.Error("a plan without a text")
		}
		if _, err := plan.Files("example.com/converters"); err != nil {
			t.Errorf("%v\nfor\n%s", err, text)
		}
	}
	return planned
}

// TestMangledRules leaves out each line of the rules of some golden cases, and puts
// each of their words in the place of another.
func TestMangledRules(t *testing.T) {
	for _, name := range []string{"bytes", "members", "payloads"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seeds, left, right := rulesSeeds(t, name)
			mangle(t, seeds[len(seeds)-1], left, right)
		})
	}
}

func mangle(t *testing.T, good string, left, right convert.SystemModel) {
	lines := strings.SplitAfter(good, "\n")
	for i := range lines {
		tryRules(t, strings.Join(lines[:i], "")+strings.Join(lines[i+1:], ""), left, right)
	}
	words := regexp.MustCompile(`[\w.]+`).FindAllStringIndex(good, -1)
	r := rand.New(rand.NewPCG(1, 2))
	planned, times := 0, 6
	if testing.Short() {
		times = 1
	}
	for _, w := range words {
		for range times {
			other := words[r.IntN(len(words))]
			word := good[other[0]:other[1]]
			if r.IntN(6) == 0 {
				word = ""
			}
			if tryRules(t, good[:w[0]]+word+good[w[1]:], left, right) {
				planned++
			}
		}
	}
	if planned == 0 {
		t.Error("no mangled rules gave a plan")
	}
}

// FuzzRules plans with whatever rules the fuzzer writes: an error or a plan
// that can be written down, never a panic.
func FuzzRules(f *testing.F) {
	seeds, left, right := rulesSeeds(f, "payloads")
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { tryRules(t, text, left, right) })
}
