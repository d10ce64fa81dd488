package shmif

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// childEnv makes the test binary a station that is killed: what it is to do.
const childEnv = "SHMIF_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		fmt.Println(child(what, os.Args[1]))
		return
	}
	os.Exit(m.Run())
}

// child says "ready" when it can be killed.
func child(what, path string) error {
	b, err := Open(path)
	if err != nil {
		return err
	}
	defer b.Close()
	switch what {
	case "holds the lock":
		b.acquire()
	case "writes a record":
		b.acquire()
		_, end, err := b.ring.bounds()
		if err != nil {
			return err
		}
		b.ring.setLast(uint32(end % ringSize))
		b.ring.copyIn(end, order.AppendUint32(nil, 1<<20)) // what was there before
	case "sends":
		fmt.Println("ready")
		for err == nil {
			err = b.Send(frame(0, MaxFrame), frame(0, MinFrame))
		}
		return err
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// A station that is killed, whatever it was at, stops nobody for more than a
// second.
func TestKilled(t *testing.T) {
	for _, what := range []string{"holds the lock", "writes a record", "sends"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "bus")
			a, _ := station(t, path)
			_, frames := station(t, path)
			best := time.Hour // a machine with much else to do makes any one slow
			for i := 1; i <= 4; i++ {
				kill(t, what, path)
				start := time.Now()
				want := frame(i, 60)
				if err := a.Send(want); err != nil {
					t.Fatal(err)
				}
				for !bytes.Equal(receive(t, frames), want) {
				}
				best = min(best, time.Since(start))
			}
			if best > time.Second {
				t.Errorf("the next frame comes after %v", best)
			}
		})
	}
}

// Kill is for the tests of kernels.
var Kill = kill

// kill starts a station, and kills it.
func kill(t *testing.T, what, path string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), childEnv+"="+what)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if line != "ready\n" {
		t.Fatalf("the station says %q (%v)", line, err)
	}
}

// A station with nothing to send frees the others too, which may be kernels of
// NetBSD, that wait for ever; and it finds what nobody has woken it for.
func TestIdle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, frames := station(t, path)
	rec := make([]byte, recordSize+60)
	(&record{len: 60}).encode(rec)
	copy(rec[recordSize:], frame(1, 60))
	if err := a.locked(func() error { return a.ring.append(rec) }); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, frames); !bytes.Equal(got, frame(1, 60)) {
		t.Errorf("got %x", got)
	}
	a.acquire()
	for deadline := time.Now().Add(30 * time.Second); a.ring.lock().Load() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the lock is still held")
		}
	}
	if n := b.Stats().Broken; n != 1 {
		t.Errorf("broken %d times", n)
	}
}
