package netns

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inside is set to the name of the test in the process that runs it.
const inside = "ABIGEN_NETNS_TEST"

// Run runs test in another process, whose network has no interface but
// lo, which is up. Where the rights for that are missing, the test is skipped. t
// must be a test of its own, not a part of one.
func Run(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		IP(t, "link set lo up")
		test(t)
		return
	}
	if strings.Contains(t.Name(), "/") {
		t.Fatalf("netns: %s is a part of a test", t.Name())
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skipf("iproute2 is not installed: %v", err)
	}
	// The signal comes when the thread ends that started the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(t.Context(), os.Args[0], arguments(t.Name())...)
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	exit := new(exec.ExitError)
	switch {
	case errors.Is(err, syscall.EPERM):
		t.Skipf("no right to make a network namespace: %v", err)
	case err != nil && !errors.As(err, &exit):
		t.Fatal(err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP: "+t.Name())):
		t.Skipf("%s", out)
	default:
		t.Logf("%s", out)
	}
}

// arguments are those of the process: what this one was told, but for which tests
// to run.
func arguments(name string) []string {
	args := []string{"-test.run=^" + regexp.QuoteMeta(name) + "$", "-test.v", "-test.count=1"}
	for _, a := range os.Args[1:] {
		if a == "-test.short=true" || strings.HasPrefix(a, "-test.timeout=") || !strings.HasPrefix(a, "-test.") {
			args = append(args, a)
		}
	}
	return args
}

// IP runs ip(8) with words that are apart by spaces, and returns what it prints.
func IP(t testing.TB, words string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(words)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v\n%s", words, err, out)
	}
	return string(out)
}

// Has tells whether there is an interface of that name.
func Has(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// Running waits until an interface that is up, and whose cable is connected, runs:
// Linux notices that by and by.
func Running(t testing.TB, name string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if i, err := net.InterfaceByName(name); err == nil && i.Flags&net.FlagRunning != 0 {
			return
		}
	}
	t.Fatalf("%s does not run", name)
}
