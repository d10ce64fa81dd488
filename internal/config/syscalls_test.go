package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const withCalls = small + `    syscalls:
      package: netbsd/syscalls
      define: {_KMEMUSER: 1}
      headers: [sys/types.h]
      numbers: sys/syscall.h
      prototypes: rump/rump_syscalls.h
      arguments: sys/syscallargs.h
      status: [close, "*chmod"]
`

func TestSyscalls(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "abigen.yaml")
	for name, text := range map[string]string{file: withCalls, filepath.Join(dir, "go.mod"): "module example.com/m\n"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	calls := c.Systems[0].Syscalls
	if calls.Import != "example.com/m/netbsd/syscalls" {
		t.Errorf("import path %q", calls.Import)
	}
	g := calls.Group()
	want := []string{"sys/types.h", "sys/syscall.h", "rump/rump_syscalls.h", "sys/syscallargs.h"}
	if diff := cmp.Diff(want, Values(g.Headers)); diff != "" || g.Define["_KMEMUSER"] != "1" {
		t.Errorf("group: defines %v, headers (-want +got):\n%s", g.Define, diff)
	}
	if n := len(calls.Headers); n != 1 {
		t.Errorf("asking for the group left %d headers", n)
	}
	if pos := calls.Place("*chmod"); pos.Line != 17 || pos.Col != 23 {
		t.Errorf("the pattern is at %d:%d", pos.Line, pos.Col)
	}
	if pos := calls.Place("other"); pos != calls.Pos {
		t.Errorf("what is nowhere is at %d:%d", pos.Line, pos.Col)
	}
}

func TestSyscallsMistakes(t *testing.T) {
	for _, tc := range []struct{ name, from, to, want string }{
		{"package", "package: netbsd/syscalls", `package: ""`, `abigen.yaml:11:7: package of system calls has no "package"`},
		{"outside", "package: netbsd/syscalls", "package: ../x", `abigen.yaml:11:7: "../x" is not below`},
		{"numbers", "      numbers: sys/syscall.h\n", "", `abigen.yaml:11:7: package of system calls has no "numbers"`},
		{"prototypes", "      prototypes: rump/rump_syscalls.h\n", "", `no "prototypes"`},
		{"arguments", "      arguments: sys/syscallargs.h\n", "", `no "arguments"`},
		{"slip", "arguments:", "argument:", `abigen.yaml:16:7: unknown key "argument"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(withCalls, tc.from, tc.to, 1)
			if text == withCalls {
				t.Fatal("nothing changed")
			}
			if _, err := Parse("abigen.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}
