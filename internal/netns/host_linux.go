package netns

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A Host is another network namespace, as if it were another machine. It is a
// process that sleeps there.
type Host struct {
	t    testing.TB
	path string // of the namespace
	pid  string
	ns   int
}

// New makes a host with no interface but lo, which is up. It goes away with the
// test.
func New(t testing.TB) *Host {
	t.Helper()
	for _, program := range []string{"nsenter", "cat"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	// It says that it is there, and ends with its input.
	cmd := exec.CommandContext(context.Background(), "sh", "-c", "echo; exec cat")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(out).ReadByte(); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(cmd.Process.Pid)
	h := &Host{t: t, pid: pid, path: "/proc/" + pid + "/ns/net"}
	if h.ns, err = unix.Open(h.path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(h.ns) })
	h.IP("link set lo up")
	return h
}

// Take moves an interface of this namespace there, and brings it up.
func (h *Host) Take(ifname string) {
	h.t.Helper()
	IP(h.t, "link set "+ifname+" netns "+h.pid)
	h.IP("link set " + ifname + " up")
}

// Command returns a program that will run there.
func (h *Host) Command(name string, args ...string) *exec.Cmd {
	return exec.CommandContext(h.t.Context(), "nsenter", append([]string{"--net=" + h.path, name}, args...)...)
}

// IP runs ip(8) there.
func (h *Host) IP(words string) {
	h.t.Helper()
	if out, err := h.Command("ip", strings.Fields(words)...).CombinedOutput(); err != nil {
		h.t.Fatalf("ip %s: %v\n%s", words, err, out)
	}
}

// Do calls f on a thread that is there: sockets that f itself makes are, and those
// that other goroutines make are not.
func (h *Host) Do(f func()) {
	h.t.Helper()
	done := make(chan error)
	go func() {
		// The thread is not used again, so nothing has to be put back.
		runtime.LockOSThread()
		if err := unix.Setns(h.ns, unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("setns: %w", err)
			return
		}
		defer close(done)
		f()
	}()
	if err := <-done; err != nil {
		h.t.Fatal(err)
	}
}

// Has is [Has] there.
func (h *Host) Has(name string) (has bool) {
	h.t.Helper()
	h.Do(func() { has = Has(name) })
	return has
}
