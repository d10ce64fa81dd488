package ctype_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/parse"
)

// TestDocsExample keeps the example of docs/abi-description.md true: its
// header is parsed, and its JSON must be what comes of it.
func TestDocsExample(t *testing.T) {
	const page = "../../docs/abi-description.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	header := regexp.MustCompile("(?s)<!-- example.h -->\n```c\n(.*?)```").FindSubmatch(text)
	shown := regexp.MustCompile("(?s)(<!-- example.json -->\n```json\n)(.*?)(```)").FindSubmatchIndex(text)
	if header == nil || shown == nil {
		t.Fatal("the page has no example")
	}
	target := ctype.Target{OS: "netbsd", Arch: "amd64"}
	inc, err := probetest.OpenZig(t).Includes(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "example.h")
	if err := os.WriteFile(file, header[1], 0o666); err != nil {
		t.Fatal(err)
	}
	u, err := parse.Headers(t.Context(), inc, parse.Group{Headers: []string{file}}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.ReplaceAll(marshal(t, u), []byte(file), []byte("example.h"))
	var parts []string
	for _, key := range []string{"records", "typedefs", "constants"} {
		part := regexp.MustCompile(`(?s)  "` + key + `": \[\n.*?\n  \]`).Find(b)
		if part == nil {
			t.Fatalf("no %s in\n%s", key, b)
		}
		parts = append(parts, string(regexp.MustCompile(`,"pos":\{[^}]*\}`).ReplaceAll(part, nil)))
	}
	got := strings.Join(parts, ",\n") + "\n"
	if *update {
		out := string(text[:shown[4]]) + got + string(text[shown[5]:])
		if err := os.WriteFile(page, []byte(out), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text[shown[4]:shown[5]]), got); diff != "" {
		t.Errorf("example (-page +output), -update rewrites it:\n%s", diff)
	}
}
