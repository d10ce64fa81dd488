//go:build linux && (amd64 || arm64)

package hijack

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listeningSocket returns a socket that takes connections, and the program's end.
func listeningSocket(t *testing.T) (*socket, *file) {
	t.Helper()
	p, err := newPlaceholder(unix.SOCK_STREAM, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return &socket{end: p.end, state: listening}, newFile(p.fd)
}

func readable(t *testing.T, f *file) bool {
	t.Helper()
	p := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(p, 0)
		if err != unix.EINTR { //nolint:errorlint // as it comes from the system
			return n == 1 && p[0].Revents&unix.POLLIN != 0
		}
	}
}

// TestAcceptWithoutCaller: a connection that nobody waits for makes the placeholder readable
// until it is accepted.
func TestAcceptWithoutCaller(t *testing.T) {
	so, f := listeningSocket(t)
	if _, ok, err := so.take(f); ok || err != nil {
		t.Fatalf("take: %v, %v; want nothing", ok, err)
	}
	so.offer(5)
	so.offer(6)
	for _, want := range []int32{5, 6} {
		if !readable(t, f) {
			t.Errorf("the placeholder is not readable before %d is accepted", want)
		}
		if nb, ok, err := so.take(f); nb != want || !ok || err != nil {
			t.Errorf("take: %d, %v, %v; want %d", nb, ok, err, want)
		}
	}
	if readable(t, f) {
		t.Error("the placeholder is readable, and no connection waits")
	}
}

// TestAcceptCallers: connections go to the calls that wait, in order; who has stopped waiting
// has got one, or gets none.
func TestAcceptCallers(t *testing.T) {
	so, f := listeningSocket(t)
	callers := make([]chan int32, 3)
	for i := range callers {
		var err error
		if callers[i], err = so.queue(f); err != nil {
			t.Fatal(err)
		}
	}
	if !so.dequeue(callers[1]) {
		t.Error("a call that waits was told of a connection")
	}
	so.offer(5)
	if so.dequeue(callers[0]) {
		t.Error("a call was not told of its connection")
	}
	so.offer(6)
	so.offer(7) // for nobody
	if !readable(t, f) {
		t.Error("the placeholder is not readable, and a connection waits")
	}
	if nb := <-callers[0]; nb != 5 {
		t.Errorf("the first call has got %d, want 5", nb)
	}
	if nb := <-callers[2]; nb != 6 {
		t.Errorf("the third call has got %d, want 6", nb)
	}
	late, err := so.queue(f)
	if err != nil {
		t.Fatal(err)
	}
	if nb := <-late; nb != 7 {
		t.Errorf("a call that came later has got %d, want 7", nb)
	}
	if readable(t, f) {
		t.Error("the placeholder is readable, and no connection waits")
	}
}

// TestPlaceholders: those made ahead are like those that are made at once, and closed at the
// end.
func TestPlaceholders(t *testing.T) {
	p := newPlaceholders()
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		p.fill(over)
	}()
	for i := range 3 * ahead {
		nonblock := i%2 == 0
		h, err := p.take(nonblock)
		if err != nil {
			t.Fatal(err)
		}
		flags, err := unix.FcntlInt(uintptr(h.fd), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK != 0 != nonblock {
			t.Errorf("flags %#x, %v; want non-blocking: %v", flags, err, nonblock)
		}
		if ino, err := inode(h.fd); ino != h.ino || err != nil {
			t.Errorf("inode %d, %v; want %d", ino, err, h.ino)
		}
		h.close()
		for deadline := time.Now().Add(time.Minute); i == 0 && len(p.ready) < ahead; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("none are made ahead")
			}
		}
	}
	close(over)
	<-done
	if n := len(p.ready); n != 0 {
		t.Errorf("%d are left", n)
	}
}
