package ctype_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/abigen/abigen/abi/ctype"
)

var update = flag.Bool("update", false, "rewrite testdata")

func marshal(t testing.TB, u *ctype.Unit) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := u.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestJSONGolden(t *testing.T) {
	const file = "testdata/sample.json"
	got := marshal(t, sample())
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("JSON form (-want +got), -update rewrites it:\n%s", diff)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	u := sample()
	b := marshal(t, u)
	back, err := ctype.ReadJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(u, back); diff != "" {
		t.Errorf("read back (-written +read):\n%s", diff)
	}
	if again := marshal(t, back); !bytes.Equal(b, again) {
		t.Errorf("written again: %s", cmp.Diff(string(b), string(again)))
	}

	// The same by way of encoding/json.
	compact, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	var v ctype.Unit
	if err := json.Unmarshal(compact, &v); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(u, &v); diff != "" {
		t.Errorf("by encoding/json (-written +read):\n%s", diff)
	}

	empty := &ctype.Unit{Target: ctype.Target{OS: "netbsd", Arch: "vax"}}
	back, err = ctype.ReadJSON(bytes.NewReader(marshal(t, empty)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(empty, back); diff != "" {
		t.Errorf("empty (-written +read):\n%s", diff)
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(ctype.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, b []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestSchema(t *testing.T) {
	s := compileSchema(t)
	b := marshal(t, sample())
	if err := validate(t, s, b); err != nil {
		t.Errorf("%v", err)
	}
	// The schema is of use only if it refuses what is wrong.
	for _, tc := range []struct{ old, new string }{
		{`"abigen": 1`, `"abigen": 2`},
		{`"target": "netbsd/amd64"`, `"target": "netbsd"`},
		{`"bit_offset":64,`, ``},
		{`"kind":"union"`, `"kind":"class"`},
		{`"size":48`, `"size":-48`},
		{`"kind":"pointer"`, `"kind":"reference"`},
		{`"value":1,`, `"value":1.5,`},
		{`"value":1,`, ``},
		{`"promoted":true`, `"promotion":true`},
		{`"headers": ["sys/sample.h"],`, ``},
	} {
		broken := strings.Replace(string(b), tc.old, tc.new, 1)
		if broken == string(b) {
			t.Errorf("%s does not occur", tc.old)
		} else if validate(t, s, []byte(broken)) == nil {
			t.Errorf("the schema takes %s in place of %s", tc.new, tc.old)
		}
	}
}

// TestPromoted checks that a reader finds every member by its C name in its
// record, with an offset from the start of the record.
func TestPromoted(t *testing.T) {
	var doc struct {
		Records []struct {
			Name    string
			C       string
			Members []struct {
				Name      string
				C         string
				Offset    int
				BitOffset int `json:"bit_offset"`
				BitWidth  int `json:"bit_width"`
				Promoted  bool
			}
		}
	}
	if err := json.Unmarshal(marshal(t, sample()), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range doc.Records {
		if r.Name == "struct sample" {
			for _, m := range r.Members {
				got = append(got, fmt.Sprintf("%s at %d, %d+%d, %v", m.C, m.Offset, m.BitOffset, m.BitWidth, m.Promoted))
			}
		}
	}
	want := []string{
		"const char *name at 0, 0+0, false",
		"unsigned int flags : 3 at 8, 64+3, false",
		"unsigned int : 5 at 8, 67+5, false",
		"unsigned int mode : 9 at 9, 72+9, false",
		"union {...} at 12, 0+0, false",
		"socklen_t len at 12, 0+0, true",
		"struct {...} at 12, 0+0, true",
		"unsigned char lo at 12, 0+0, true",
		"unsigned char hi at 13, 0+0, true",
		"struct {...} pos[3] at 16, 0+0, false",
		"enum color color at 28, 0+0, false",
		"int (*hook)(struct hidden *, socklen_t len, ...) at 32, 0+0, false",
		"char rest[] at 40, 0+0, false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestReadJSONErrors(t *testing.T) {
	b := string(marshal(t, sample()))
	for _, tc := range []struct{ name, old, new, want string }{
		{"version", `"abigen": 1`, `"abigen": 7`, "format version 7; this program reads 1"},
		{"target", `"netbsd/amd64"`, `"netbsd"`, "want OS/ARCH"},
		{"kind", `"kind":"pointer"`, `"kind":"reference"`, `kind "reference" is none of "invalid", "void"`},
		{"record kind", `"kind":"union"`, `"kind":"class"`, `record "union value": kind "class"`},
		{"half a bit-field", `"bit_offset":64,`, ``, `member "flags": bit_offset and bit_width go together`},
		{"no elem", `"kind":"pointer","size":8,"align":8,"elem":{"kind":"void","name":"void"}`, `"kind":"pointer"`, "has no elem"},
		{"value", `"value":18446744073709551615`, `"value":18446744073709551616`, `constant "HUGE": value`},
		{"string", `"value":""`, `"value":5`, `constant "EMPTY": value`},
		{"no type", `"c":"typedef unsigned int socklen_t","type":{"kind":"int","name":"unsigned int","size":4,"align":4}`, `"c":""`, `typedef "socklen_t": type is missing`},
		{"cut off", b[len(b)/2:], "", "unexpected"},
		{"not JSON", b, "netbsd", "invalid character"},
		{"more", b, b + "{}", "text after the end"},
		{"nothing", b, "", "EOF"},
		{"null", b, "null", "format version 0"},
		{"null record", `"records": [`, `"records": [null,`, `kind ""`},
		{"null type", `"params":[{`, `"params":[null,{`, "type is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			broken := strings.Replace(b, tc.old, tc.new, 1)
			if broken == b {
				t.Fatalf("%s does not occur", tc.old)
			}
			u, err := ctype.ReadJSON(strings.NewReader(broken))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("unit %v, error %v; want %q", u != nil, err, tc.want)
			}
		})
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add(marshal(f, sample()))
	f.Add([]byte(`{"abigen":1,"target":"a/b","records":[{"kind":"struct","members":[{"type":{"kind":"array","elem":{"kind":"int"}}}]}]}`))
	f.Add([]byte(`{"abigen":1,"target":"a/b","records":[{"name":"r","kind":"struct","members":[{"type":{"kind":"record","name":"r"}},{"type":{"kind":"record","name":"r"}}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := ctype.ReadJSON(bytes.NewReader(b))
		if err != nil {
			return
		}
		first := marshal(t, u)
		again, err := ctype.ReadJSON(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, first)
		}
		if second := marshal(t, again); !bytes.Equal(first, second) {
			t.Errorf("written twice: %s", cmp.Diff(string(first), string(second)))
		}
	})
}

func many(n int) *ctype.Unit {
	u := sample()
	for i := range n {
		c := *u.Consts[0]
		c.Name = fmt.Sprintf("C%d", i)
		u.Consts = append(u.Consts, &c)
	}
	return u
}

func BenchmarkWriteJSON(b *testing.B) {
	u := many(10000)
	for b.Loop() {
		b.SetBytes(int64(len(marshal(b, u))))
	}
}

func BenchmarkReadJSON(b *testing.B) {
	data := marshal(b, many(10000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := ctype.ReadJSON(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
