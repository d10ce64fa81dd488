package shmif

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// overwrite stores bytes in a bus file that is in use.
func overwrite(t testing.TB, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// A file that shrinks under a station is an error that is counted, not a crash,
// wherever it ends, until there is a whole file again.
func TestCutOff(t *testing.T) {
	for _, size := range []int64{0, headerSize, 4096, FileSize / 2, FileSize - 1} {
		path := filepath.Join(t.TempDir(), "bus")
		a, b := pair(t, path)
		_, frames := station(t, path) // goes on as well
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		var err error
		for i := 0; i < FileSize/MaxFrame && err == nil; i++ {
			err = a.Send(frame(0, MaxFrame))
		}
		if page := int64(os.Getpagesize()); size < FileSize-page {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("cut to %d bytes: %v", size, err)
			}
			if a.Stats().Corrupt == 0 {
				t.Errorf("cut to %d bytes: not counted", size)
			}
		} else if err != nil {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
		c, _ := pair(t, path) // makes the file whole
		heal(t, 1, a, b)
		heal(t, 2, c, b)
		goesOn(t, a, frames)
	}
}

// goesOn sends until a frame arrives.
func goesOn(t *testing.T, a *Bus, frames <-chan []byte) {
	t.Helper()
	for range 100 {
		if err := a.Send(frame(1, MinFrame)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-frames:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("a station has stopped")
}

// Random bytes over a bus in use are counted, and the stations find each other
// again.
func TestOverwritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	path := filepath.Join(t.TempDir(), "bus")
	a, b := pair(t, path)
	for i := range 1000 {
		switch i % 4 {
		case 0:
			overwrite(t, path, offGen, random(16))
		case 1:
			overwrite(t, path, headerSize+rng.Int64N(ringSize/2), random(4096))
		case 2:
			overwrite(t, path, offFirst+4*rng.Int64N(2), order.AppendUint32(nil, rng.Uint32N(ringSize)))
		case 3:
			if i < 100 {
				overwrite(t, path, 0, random(FileSize))
			}
		}
		heal(t, i, a, b)
	}
	if a.Stats().Corrupt == 0 || b.Stats().Corrupt+b.Stats().Lapped == 0 {
		t.Errorf("%+v %+v", a.Stats(), b.Stats())
	}
	if c, err := Open(path); err == nil {
		c.Close()
		t.Error("what is no bus any more is opened")
	}
}

// pair returns two stations that receive when they are told to.
func pair(t testing.TB, path string) (a, b *Bus) {
	t.Helper()
	for _, s := range []**Bus{&a, &b} {
		var err error
		if *s, err = Open(path); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*s).Close() })
	}
	return a, b
}

// last receives all that there is, and returns the last frame.
func last(t testing.TB, b *Bus) []byte {
	t.Helper()
	var found []byte
	buf := make([]byte, MaxFrame)
	for range 2 * FileSize / recordSize {
		f, ok, err := b.next(buf)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return found
		}
		if f != nil {
			found = bytes.Clone(f)
		}
	}
	t.Fatal("there is no end of frames")
	return nil
}

// heal sends over a bus that was damaged. That may cost a frame, which is
// counted, but never the next.
func heal(t testing.TB, number int, a, b *Bus) {
	t.Helper()
	for _, mayLose := range []bool{true, false} {
		want := frame(number, 60)
		before := b.Stats()
		if err := a.Send(want); err != nil {
			t.Fatal(err)
		}
		if got := last(t, b); !bytes.Equal(got, want) && (!mayLose || b.Stats() == before) {
			t.Fatalf("%d: got %x; %+v", number, got, b.Stats())
		}
	}
}

// A file of another version, of other machines, or damaged, is an error that
// says so, and stays as it is; with what is left of one, a station works.
func FuzzBus(f *testing.F) {
	f.Add([]byte{}, uint32(0), uint32(FileSize))
	f.Add([]byte{}, uint32(0), uint32(0))
	f.Add([]byte{}, uint32(0), uint32(4096))
	f.Add([]byte{2, 0, 0, 0}, uint32(offVersion), uint32(FileSize))
	f.Add([]byte{0xca, 0x11, 0xd0, 0x54}, uint32(0), uint32(FileSize))
	f.Add(bytes.Repeat([]byte{0xff}, 24), uint32(offGen), uint32(FileSize))
	f.Add(bytes.Repeat([]byte{0x01}, 60), uint32(offFirst+1), uint32(FileSize))
	few := load(f, "few")
	f.Fuzz(func(t *testing.T, damage []byte, at, size uint32) {
		path := filepath.Join(t.TempDir(), "bus")
		if err := os.WriteFile(path, few, 0o600); err != nil {
			t.Fatal(err)
		}
		a, b := pair(t, path)
		at %= FileSize
		overwrite(t, path, int64(at), damage[:min(len(damage), FileSize-int(at))])
		if a.ring.lock().Load() == 1 {
			a.ring.lock().Store(2) // to wait for the dead takes too long here
		}
		if size < FileSize {
			if err := os.Truncate(path, int64(size)); err != nil {
				t.Fatal(err)
			}
			for range FileSize / MaxFrame {
				if err := a.Send(frame(1, MaxFrame)); err != nil && !errors.Is(err, ErrCorrupt) {
					t.Fatal(err)
				}
			}
		}
		c, err := Open(path)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && size == FileSize {
				t.Fatal(err)
			}
			return
		}
		defer c.Close()
		heal(t, 1, a, b)
		heal(t, 2, c, b)
	})
}
