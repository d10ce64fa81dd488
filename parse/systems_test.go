package parse_test

import (
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/internal/verify"
	"github.com/abigen/abigen/parse"
)

// bsdHeaders are headers that FreeBSD and macOS share by name: those that a
// program with sockets reads.
var bsdHeaders = parse.Group{Name: "sockets", Headers: strings.Fields(`
	sys/types.h sys/socket.h netinet/in.h sys/un.h net/if.h sys/stat.h errno.h fcntl.h poll.h signal.h sys/time.h sys/event.h`)}

// TestOtherSystems compares what the headers of systems that this module has no
// package of declare with what zig cc makes of it.
func TestOtherSystems(t *testing.T) {
	z := probetest.OpenZig(t)
	for _, name := range []string{"freebsd/amd64", "freebsd/arm64", "freebsd/386", "freebsd/arm", "darwin/amd64", "darwin/arm64"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := ctype.ParseTarget(name)
			if err != nil {
				t.Fatal(err)
			}
			inc, err := z.Includes(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			u, err := parse.Headers(t.Context(), inc, bsdHeaders, parse.Options{})
			if err != nil {
				t.Fatal(err)
			}
			res, err := verify.Headers(t.Context(), verify.Judge{Name: "zig cc", Compiler: probetest.Zig(t, target)}, bsdHeaders, u)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d claims, %d records, %d constants, %d skipped", res.Claims, len(u.Records), len(u.Consts), len(u.Skipped))
			if res.Claims < 3000 {
				t.Error("that is less than these headers declare")
			}
			for _, d := range res.Differences {
				if explained[d.What] == "" {
					t.Error(d)
				}
			}
		})
	}
}
