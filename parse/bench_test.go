package parse_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

// BenchmarkParse reads the headers of whole groups, and one set of this
// machine's own headers beside gcc -fsyntax-only and go tool cgo -godefs, which
// read the same.
func BenchmarkParse(b *testing.B) {
	for _, tc := range []struct {
		name, target string
		group        parse.Group
	}{
		{"netbsd_socket", "netbsd/amd64", netbsdSocket},
		{"netbsd_all", "netbsd/amd64", netbsdAll},
		{"linux_libc", "linux/amd64", linuxLibc},
		{"linux_kernel", "linux/amd64", linuxKernel},
	} {
		b.Run(tc.name, func(b *testing.B) {
			target, err := ctype.ParseTarget(tc.target)
			if err != nil {
				b.Fatal(err)
			}
			inc, err := probetest.OpenZig(b).Includes(b.Context(), target)
			if err != nil {
				b.Skip(err)
			}
			benchHeaders(b, inc, tc.group)
		})
	}
	b.Run("host", func(b *testing.B) {
		host, err := sysroot.OpenHost(b.Context())
		if err != nil {
			b.Skip(err)
		}
		inc, err := host.Includes(b.Context(), ctype.Target{OS: "linux", Arch: "amd64"})
		if err != nil {
			b.Skip(err)
		}
		benchHeaders(b, inc, hostSocket)
	})
	b.Run("host/gcc", func(b *testing.B) {
		benchCommand(b, "gcc", "", "gcc", "-fsyntax-only", "in.c")
	})
	b.Run("host/cgo_godefs", func(b *testing.B) {
		if _, err := exec.LookPath("gcc"); err != nil {
			b.Skip(err)
		}
		var decls strings.Builder
		for _, s := range []string{"sockaddr_in", "sockaddr_in6", "sockaddr_un", "msghdr", "iovec", "ifreq", "timeval", "stat", "pollfd"} {
			decls.WriteString("type T_" + s + " C.struct_" + s + "\n")
		}
		benchCommand(b, "go", decls.String(), "go", "tool", "cgo", "-godefs", "in.go")
	})
}

// hostSocket is the set that is also given to gcc and cgo.
var hostSocket = parse.Group{Headers: strings.Fields(
	"sys/types.h sys/socket.h sys/un.h sys/uio.h sys/ioctl.h sys/time.h sys/stat.h poll.h net/if.h netinet/in.h netinet/tcp.h")}

func benchHeaders(b *testing.B, inc *sysroot.Includes, g parse.Group) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse.Headers(context.Background(), inc, g, parse.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// benchCommand runs a tool on a file that includes hostSocket.
func benchCommand(b *testing.B, tool, decls string, args ...string) {
	if _, err := exec.LookPath(tool); err != nil {
		b.Skip(err)
	}
	dir := b.TempDir()
	var include strings.Builder
	for _, h := range hostSocket.Headers {
		include.WriteString("#include <" + h + ">\n")
	}
	src := include.String()
	name := "in.c"
	if decls != "" {
		src = "package in\n/*\n" + src + "*/\nimport \"C\"\n" + decls
		name = "in.go"
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o666); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}
