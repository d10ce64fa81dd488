package sysproxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// rumpPrefix returns where NetBSD's libraries are.
func rumpPrefix(t testing.TB) string {
	t.Helper()
	prefix := os.Getenv("RUMP_PREFIX")
	if prefix == "" {
		t.Skip("needs NetBSD's libraries: RUMP_PREFIX is not set")
	}
	return prefix
}

// compile compiles a program of testdata.
func compile(t *testing.T, name string, flags ...string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("needs a C compiler: ", err)
	}
	bin := filepath.Join(t.TempDir(), name)
	out, err := exec.Command(cc, append([]string{"-o", bin, "testdata/" + name + ".c"}, flags...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// A program linked with NetBSD's client library works on this server.
func TestRumpclient(t *testing.T) {
	prefix := rumpPrefix(t)
	lib := filepath.Join(prefix, "lib")
	bin := compile(t, "client", "-I"+filepath.Join(prefix, "include"), "-L"+lib, "-lrumpclient", "-lpthread", "-Wl,-rpath,"+lib)
	l, err := ListenConfig{}.Listen("tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Kernel: boot(t, nil)}
	for _, url := range []string{serve(t, s), serveOn(t, s, l, "tcp://"+l.Addr().String())} {
		cmd := exec.CommandContext(t.Context(), bin)
		cmd.Env = append(os.Environ(), "RUMP_SERVER="+url)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "ok\n" {
			t.Errorf("%s: %v\n%s", url, err, out)
		}
	}
}

// A Linux program under librumphijack does, as far as the constants of the two
// systems are the same.
func TestRumphijack(t *testing.T) {
	lib := filepath.Join(rumpPrefix(t), "lib")
	cmd := exec.CommandContext(t.Context(), compile(t, "hijacked"))
	cmd.Env = append(os.Environ(), "RUMP_SERVER="+serve(t, &Server{Kernel: boot(t, nil)}),
		"LD_LIBRARY_PATH="+lib, "LD_PRELOAD="+filepath.Join(lib, "librumphijack.so"))
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "hello 1" {
		t.Errorf("%v\n%s", err, out)
	}
}
