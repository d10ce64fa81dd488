package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
)

const small = `version: 1
systems:
  - name: netbsd
    targets: [amd64, 386]
    describe: [sparc64]
    groups:
      - name: net
        define: {_NETBSD_SOURCE: ""}
        headers: [sys/socket.h]
`

func TestParseDefaults(t *testing.T) {
	c, err := Parse("abigen.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	s, ok := c.System("netbsd")
	if !ok {
		t.Fatal("no system netbsd")
	}
	if s.OS != "netbsd" || s.Package != "netbsd" || s.Title != "netbsd" || s.Sysroot.Value != "zig" {
		t.Errorf("defaults: %+v", s)
	}
	native, described := s.TargetList()
	if diff := cmp.Diff([]ctype.Target{{OS: "netbsd", Arch: "amd64"}, {OS: "netbsd", Arch: "386"}}, native); diff != "" {
		t.Errorf("native (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]ctype.Target{{OS: "netbsd", Arch: "sparc64"}}, described); diff != "" {
		t.Errorf("described (-want +got):\n%s", diff)
	}
	if h := s.Groups[0].Headers[0]; h.Pos != (ctype.Pos{File: "abigen.yaml", Line: 9, Col: 19}) {
		t.Errorf("position of the header: %v", h.Pos)
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"version: 1", "version: 2", "abigen.yaml:1:1: version is 2; this abigen reads version 1"},
		{"amd64, 386", "amd65, 386", "abigen.yaml:4:15:"},
		{"amd64, 386", "amd64, sparc64", `abigen.yaml:5:16: target "sparc64" is named twice`},
		{"targets: [amd64, 386]", "targets: []", `abigen.yaml:3:5: system "netbsd" has no targets`},
		{"headers: [sys/socket.h]", "headers: []", `abigen.yaml:7:9: group "net" has no headers`},
		{"headers:", "haeders:", `abigen.yaml:9:9: unknown key "haeders"; did you mean headers?`},
		{"name: netbsd", "sysroot: wrong\n    name: netbsd", `abigen.yaml:3:14: sysroot "wrong": want zig, host or dir:PATH`},
		{"name: netbsd", "sysroot: 'dir:'\n    name: netbsd", `names no directory`},
		{"name: netbsd", "package: ../x\n    name: netbsd", `abigen.yaml:3:5: "../x" is not below`},
		{"name: netbsd", "package: sub/my-pkg\n    name: netbsd", `abigen.yaml:3:5: package "sub/my-pkg": "my-pkg" cannot be the name of a Go package`},
		{"name: netbsd", "package: func\n    name: netbsd", `"func" cannot be the name`},
		{"name: netbsd", "package: main\n    name: netbsd", `"main" cannot be the name`},
		{"systems:", "coverage: go.mod\nsystems:", `abigen.yaml:2:11: coverage report "go.mod": want a file name that ends in .md`},
		{"systems:", "converters: [{package: c, from: netbsd, to: netbsb}]\nsystems:", `abigen.yaml:2:45: no system "netbsb"; did you mean netbsd?`},
		{"systems:", "converters: [{package: c, from: netbsd, to: netbsd}]\nsystems:", `has no "rules"`},
		{"groups:", "only: ['./own[.h']\n    groups:", `abigen.yaml:6:12: "./own[.h" is no pattern of headers`},
		{small, "", "abigen.yaml: the configuration is empty"},
		{small, "version: 1", "no systems"},
	} {
		text := strings.Replace(small, test.old, test.new, 1)
		_, err := Parse("abigen.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q for %q:\n got %v\nwant %s", test.new, test.old, err, test.want)
		}
	}
}

func TestLoadImports(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "sub", "dir")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "abigen.yaml")
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "abigen init") {
		t.Errorf("no file: %v", err)
	}
	write(file, small)
	write(filepath.Join(root, "go.mod"), "module example.com/m\n")
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Systems[0].Import, "example.com/m/sub/dir/netbsd"; got != want {
		t.Errorf("import %q, want %q", got, want)
	}
	write(filepath.Join(root, "go.mod"), "go 1.26\n")
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "names no module") {
		t.Errorf("a go.mod without a module: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("version: 1\nsystems: [{name: a, groups: [{}]}]\nconverters: [{}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("abigen.yaml", []byte(text))
		if err == nil && (c.Version != 1 || len(c.Systems) == 0) {
			t.Errorf("accepted %q", text)
		}
	})
}
