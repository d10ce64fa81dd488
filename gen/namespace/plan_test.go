package namespace

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
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
	for _, arch := range fourArchs {
		pkg, err := Check("example.com/netbsd", arch, files)
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		CheckLayout(t, p, arch, pkg)
	}
}

// TestDeterministic makes a package twice.
func TestDeterministic(t *testing.T) {
	first, err := runUnits(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	second, err := runUnits(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(first, second, bytes.Equal) {
		t.Error("two runs differ")
	}
}

// TestErrors are the units and options that NewPlan refuses.
func TestErrors(t *testing.T) {
	one := unitsOf(t, []string{"amd64"}, everything)
	for _, tc := range []struct {
		name          string
		native, extra []*ctype.Unit
		opt           Options
		want          string
	}{
		{"no unit", nil, nil, Options{}, "at least one architecture"},
		{"same twice", one, one, Options{}, "two units for netbsd/amd64"},
		{"no Go there", unitsOf(t, []string{"sparc64"}, everything), nil, Options{}, "no Go layout is known for sparc64; known are 386, amd64, arm, arm64"},
		{"unknown target", []*ctype.Unit{{Target: ctype.Target{OS: "plan9", Arch: "amd64"}}}, nil, Options{}, "plan9/amd64 is not known"},
		{"union", one, nil, Options{Portable: []string{"sigval"}}, "portable: sigval is a union"},
		{"not a struct", one, nil, Options{Portable: []string{"in_port_t"}}, "portable: in_port_t is not a struct"},
		{"name taken", one, nil, Options{Rename: map[string]string{"struct ip": "MSG_OOB"}}, `rename "struct ip": the name MSG_OOB is taken`},
		{"name unexported", one, nil, Options{Rename: map[string]string{"struct ip": "ip"}}, `"ip" is not an exported Go name`},
		{"number type taken", unitsOf(t, []string{"amd64"}, func(h *header) { h.define("Errno", 1) }), nil,
			Options{Errno: Numbers{Match: []string{"E*"}}}, "the name Errno is needed for a type"},
		{"mixed kinds", one, unitsOf(t, []string{"mips"}, func(h *header) {
			h.record("struct flex", member("n", array(h.basic("int"), 2)))
		}), Options{Portable: []string{"flex"}}, "portable: struct flex.n: an array on some targets only"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := NewPlan(tc.native, tc.extra, tc.opt)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

// TestLookups are what package convert asks.
func TestLookups(t *testing.T) {
	p := runUnits(t)
	for _, name := range []string{"struct sigevent", "sigevent"} {
		r, ok := p.Record("386", name)
		if !ok || r.Go != "Sigevent" || r.Sizeof != "SizeofSigevent" {
			t.Fatalf("%s: %+v", name, r)
		}
		f, ok := r.Field("sigev_b")
		if !ok || f.Go != "B" || f.Form != Pointer || f.Offset != 8 || f.Type.String() != "int32" {
			t.Errorf("sigev_b: %+v", f)
		}
	}
	if r, ok := p.Record("amd64", "sigval_t"); !ok || r.Go != "Sigval" {
		t.Errorf("by typedef: %+v", r)
	}
	if r, ok := p.Record("amd64", "struct sigevent.#1"); ok {
		t.Errorf("an anonymous union is no type, and got %s", r.Go)
	}
	if _, ok := p.Record("mips", "struct ip"); ok {
		t.Error("a record of a target without a package")
	}
	if k, ok := p.Const("arm", "ENOENT"); !ok || k.Type != "Errno" || k.C.Int.Bits != 2 {
		t.Errorf("ENOENT: %+v", k)
	}
	if k, ok := p.Const("arm", "uio_lower"); !ok || k.Go != "Uio_lower" || k.Type != "UioRw" {
		t.Errorf("uio_lower: %+v", k)
	}
	if _, ok := p.Const("arm", "_RESERVED"); ok {
		t.Error("a reserved constant")
	}
	if typ := p.Type("arm", name("in_port_t")); typ.Kind != BE || typ.Size != 2 {
		t.Errorf("in_port_t: %+v", typ)
	}
}
