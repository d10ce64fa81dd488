package namespace

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// runUnits are what testdata/program uses.
func runUnits(t *testing.T) *Plan {
	t.Helper()
	declare := func(h *header) {
		everything(h)
		h.record("struct nested", member("one", ref("struct flex")), member("values", array(h.basic("int"), 3)),
			member("many", array(ref("struct flex"), 2)), member("f", h.basic("double")))
	}
	opt := everythingOptions
	opt.Import = "github.com/abigen/abigen/gen/namespace/testdata/netbsd"
	opt.Portable = []string{"struct ip", "struct sockaddr_in6", "msghdr", "struct nested", "struct sigevent", "struct odd", "fsid_t", "struct straddle"}
	p, err := NewPlan(unitsOf(t, fourArchs, declare), unitsOf(t, []string{"sparc64", "mips"}, declare), opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRun compiles a generated package with a program that tries its methods.
// The package exists in an overlay only.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles and runs a program")
	}
	files, err := runUnits(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(here, "testdata", "netbsd", name)] = file
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, list, 0o666); err != nil {
		t.Fatal(err)
	}
	archs := []string{runtime.GOARCH}
	if runtime.GOARCH == "amd64" {
		archs = append(archs, "386") // the same machine runs it
	}
	for _, arch := range archs {
		cmd := exec.Command("go", "run", "-overlay", overlayFile, "./testdata/program")
		cmd.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", arch, err, out)
		}
	}
}
