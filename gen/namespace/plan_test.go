package namespace

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestTypeCheck checks the Go of every form on every architecture, and that
// the Go compiler's layout is C's.
func TestTypeCheck(t *testing.T) {
	p, err := NewPlan(unitsOf(t, fourArchs, everything), nil, everythingOptions)
	if err != nil {
		t.Fatal(err)
	}
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("DUMP"); dir != "" {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777)
			os.WriteFile(filepath.Join(dir, name), files[name], 0o666)
		}
	}
	for _, arch := range fourArchs {
		pkg, err := Check("example.com/netbsd", arch, files)
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		CheckLayout(t, p, arch, pkg)
	}
}
