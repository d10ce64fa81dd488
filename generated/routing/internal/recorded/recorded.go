// Package recorded reads what was recorded of real kernels, for tests.
package recorded

import (
	"bufio"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// A Record is one line of a file.
type Record struct {
	Name   string
	Fields [][]byte
}

// Load returns the records of a file: lines of a name and hexadecimal fields, and
// comments that begin with #.
func Load(t testing.TB, file string) []Record {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []Record
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		r := Record{Name: words[0]}
		for _, w := range words[1:] {
			b, err := hex.DecodeString(w)
			if err != nil {
				t.Fatalf("%s: %s: %v", file, r.Name, err)
			}
			r.Fields = append(r.Fields, b)
		}
		list = append(list, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatalf("%s is empty", file)
	}
	return list
}
