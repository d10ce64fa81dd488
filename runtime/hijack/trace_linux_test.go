//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/abigen/abigen/runtime/hijack"
)

// A text is written by several goroutines.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// TestTrace has the calls of a program written, and counted.
func TestTrace(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var out text
		var counts bytes.Buffer
		tracer := hijack.NewTracer(&out, asJSON)
		k := tracer.Kernel(newKernel(t))
		cfg := hijack.Config{
			Args: []string{os.Args[0]}, Env: append(os.Environ(), programName+"=refused"),
			Trace: tracer.Trace, Stats: &counts,
		}
		if _, stderr, code := run(t, k, cfg); code != 0 {
			t.Fatalf("exit code %d, %s", code, stderr)
		}
		wanted := []string{
			`(?m)^\[pid \d+\] connect\(\d+, \{AF_INET, 127\.0\.0\.1:9\}, 16\) = -1 (EINPROGRESS|ECONNREFUSED) \(.*\) <\d\.\d{6}>`,
			`(?m)^    NetBSD: connect\(\d+, 127\.0\.0\.1:9, 16\) = `,
		}
		if asJSON {
			for line := range strings.Lines(out.String()) {
				if !json.Valid([]byte(line)) {
					t.Errorf("%q is not JSON", line)
				}
			}
			wanted = []string{
				`(?m)^\{"pid":\d+,"call":"connect","args":\["\d+","\{AF_INET, 127\.0\.0\.1:9\}","16"\],"error":"`,
				`(?m)^\{"netbsd":"connect\(\d+, 127\.0\.0\.1:9, 16\) = `,
			}
		}
		for _, w := range wanted {
			if !regexp.MustCompile(w).MatchString(out.String()) {
				t.Errorf("%s is not in\n%s", w, out.String())
			}
		}
		if !regexp.MustCompile(`(?m)^ +1 +1 +\S+ +\S+  connect$`).MatchString(counts.String()) || !strings.Contains(counts.String(), "NetBSD's calls: ") {
			t.Errorf("counted\n%s", counts.String())
		}
	}
}
