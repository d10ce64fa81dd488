package sysproxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/transcript"
)

// rumpServer starts NetBSD's own kernel below $RUMP_PREFIX, and returns its URL.
func rumpServer(t testing.TB, components ...string) string {
	t.Helper()
	prefix := rumpPrefix(t)
	if runtime.GOARCH != "amd64" {
		t.Skip("needs NetBSD's kernel for this architecture")
	}
	dir := t.TempDir()
	url := "unix://" + filepath.Join(dir, "s")
	args := []string{"-s"}
	for _, c := range append([]string{"vfs", "net", "net_net", "net_netinet", "net_netinet6", "net_local", "net_shmif"}, components...) {
		args = append(args, "-lrump"+c)
	}
	cmd := exec.Command(filepath.Join(prefix, "bin", "rump_server"), append(args, url)...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(prefix, "lib"))
	cmd.Dir = dir
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 500 {
		c, err := Dial(t.Context(), url)
		if err == nil {
			c.Close()
			return url
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("the kernel does not start: %s", text)
	return ""
}

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
			diffs, err := transcript.Replay(dial(t, rumpServer(t)), sc)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range diffs {
				t.Errorf("%d %s: %s", d.Step.Line, d.Step.Text, d.What)
			}
		})
	}
}
