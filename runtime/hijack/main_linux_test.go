//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// programName is the environment variable that makes the test's executable one of
// programs.
const programName = "HIJACK_TEST_PROGRAM"

func TestMain(m *testing.M) {
	hijack.Helper()
	if name, ok := os.LookupEnv(programName); ok {
		if err := programs[name](os.Args[1:]); err != nil {
			_, _ = io.WriteString(os.Stderr, name+": "+err.Error()+"\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	// In the background of a shell, nothing heeds interrupts, nor what that starts.
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	// The race detector would wait a second at the end of each program.
	_ = os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	os.Exit(m.Run())
}

// newKernel boots a kernel, with nothing but its loopback interface.
func newKernel(t testing.TB) kernel.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// limit is how long a program may take: much longer than any takes.
const limit = time.Minute

// run runs a program and returns what it has printed.
func run(t testing.TB, k kernel.Kernel, cfg hijack.Config) (stdout, stderr string, code int) {
	t.Helper()
	out, outDone := capture(t)
	errs, errsDone := capture(t)
	cfg.Stdout, cfg.Stderr = out, errs
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	code, err := hijack.Run(ctx, k, cfg)
	if err != nil {
		skipUncaught(t, err)
		t.Fatal(err)
	}
	return outDone(), errsDone(), code
}

// skipUncaught skips the test if an error says that calls cannot be caught here.
func skipUncaught(t testing.TB, err error) {
	t.Helper()
	for _, why := range []string{"not permitted", "permission denied", "another supervisor", "Linux 5.14"} {
		if strings.Contains(err.Error(), why) {
			t.Skipf("calls cannot be caught here: %v", err)
		}
	}
}

// program runs one of programs. It must succeed.
func program(t testing.TB, k kernel.Kernel, name string, args ...string) string {
	t.Helper()
	cfg := hijack.Config{Args: append([]string{os.Args[0]}, args...), Env: append(os.Environ(), programName+"="+name)}
	stdout, stderr, code := run(t, k, cfg)
	if code != 0 {
		t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
	}
	return stdout
}

// capture returns a file to write to, and what gives the text that was written to it.
func capture(t testing.TB) (*os.File, func() string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string, 1)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, r)
		_ = r.Close()
		text <- b.String()
	}()
	return w, func() string {
		_ = w.Close()
		return <-text
	}
}
