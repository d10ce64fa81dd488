package netstack

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/runtime/kernel"
)

var update = flag.Bool("update", false, "write docs/system-calls.md anew")

const supportPage = "../../docs/system-calls.md"

const supportHead = `# System calls of the embedded kernel

Printed from the table the kernel dispatches by: ` + "`go test ./runtime/netstack -run SupportPage -update`" + `.
Full: as the manual page says. Partial: but for what the last column says.

`

// The page in the documentation is the table.
func TestSupportPage(t *testing.T) {
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	b := bytes.NewBufferString(supportHead)
	if err := kernel.WriteSupport(b, k.Support()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(supportPage, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	page, err := os.ReadFile(supportPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), b.String()); diff != "" {
		t.Errorf("run with -update (-page +kernel):\n%s", diff)
	}
}
