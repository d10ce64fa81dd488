package sysproxy

import (
	"path/filepath"
	"testing"

	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/internal/transcript"
)

func dial(t testing.TB, url string) *Client {
	t.Helper()
	c, err := Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// vectors are the recordings on NetBSD's kernel that suit a remote one.
const vectors = "../../testdata/kernel/vectors"

// unsuited are those that do not agree, and why.
var unsuited = map[string]string{
	"C/tcp_options.json":  "asking for TCP_KEEPIDLE, the kernel in the rump_server crashes",
	"E/ifconf.json":       "asked with a length below zero, the kernel in the rump_server crashes",
	"H/select_calls.json": "select(2) looks at no more descriptors than the table has room for, and the client has some of its own",
	"H/processes.json":    "processes that share descriptors are not in the protocol",
}

func TestRumpTranscripts(t *testing.T) {
	files, err := filepath.Glob(vectors + "/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, f := range files {
		name, _ := filepath.Rel(vectors, f)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if why := unsuited[filepath.ToSlash(name)]; why != "" {
				t.Skip(why)
			}
			sc, err := transcript.Read(f)
			if err != nil {
				t.Fatal(err)
			}
			diffs, err := transcript.Replay(dial(t, rump.ForTest(t).URL), sc)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range diffs {
				t.Errorf("%d %s: %s", d.Step.Line, d.Step.Text, d.What)
			}
		})
	}
}
