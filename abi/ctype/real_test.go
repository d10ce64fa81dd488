package ctype_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/parse"
)

// TestRealHeaders puts what real headers declare through the JSON form, and
// merges and compares it with itself.
func TestRealHeaders(t *testing.T) {
	s := compileSchema(t)
	for _, tc := range []struct {
		target  ctype.Target
		headers []string
		record  string
	}{
		{ctype.Target{OS: "netbsd", Arch: "sparc64"}, []string{"sys/param.h", "sys/socket.h", "sys/sysctl.h", "sys/event.h", "signal.h", "stdio.h", "net/if.h", "netinet/tcp.h"}, "struct msghdr"},
		{ctype.Target{OS: "linux", Arch: "386"}, []string{"sys/socket.h", "signal.h", "netinet/in.h", "sys/stat.h", "pthread.h"}, "struct msghdr"},
	} {
		t.Run(tc.target.String(), func(t *testing.T) {
			inc, err := probetest.OpenZig(t).Includes(t.Context(), tc.target)
			if err != nil {
				t.Fatal(err)
			}
			u, err := parse.Headers(t.Context(), inc, parse.Group{Headers: tc.headers}, parse.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if u.Index().Record(tc.record) == nil {
				t.Errorf("the headers do not declare %s", tc.record)
			}
			b := marshal(t, u)
			if err := validate(t, s, b); err != nil {
				t.Errorf("%v", err)
			}
			back, err := ctype.ReadJSON(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(u, back); diff != "" {
				t.Errorf("read back (-written +read):\n%.4000s", diff)
			}
			merged := ctype.Merge(u, back)
			if len(merged.Skipped) != len(u.Skipped) {
				t.Errorf("merged with itself it skips %d, not %d", len(merged.Skipped), len(u.Skipped))
			}
			for _, d := range ctype.Diff(u, merged) {
				t.Errorf("merged with itself: %s", d)
			}
		})
	}
}
