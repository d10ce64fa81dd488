package shmif

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func station(t *testing.T, path string) (*Bus, <-chan []byte) {
	t.Helper()
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	ch := make(chan []byte, 10000)
	b.Start(func(f []byte) { ch <- bytes.Clone(f) })
	return b, ch
}

func receive(t *testing.T, ch <-chan []byte) []byte {
	t.Helper()
	select {
	case f := <-ch:
		return f
	case <-time.After(30 * time.Second):
		t.Fatal("no frame came")
		return nil
	}
}

func frame(i, n int) []byte {
	f := bytes.Repeat([]byte{byte(i)}, n)
	binary.BigEndian.PutUint32(f, uint32(i))
	return f
}

// Every station hears every other but not itself, in order, over several laps.
func TestStations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	a, fromB := station(t, path)
	b, fromA := station(t, path)
	for i := range 3000 {
		f := frame(i, MinFrame+i%(MaxFrame-MinFrame+1))
		if err := a.Send(f); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, fromA); !bytes.Equal(got, f) {
			t.Fatalf("frame %d came as %x", i, got)
		}
	}
	if err := b.Send(frame(1, 60), frame(2, 60)); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 2; i++ {
		if got := receive(t, fromB); !bytes.Equal(got, frame(i, 60)) {
			t.Fatalf("frame %d came as %x", i, got)
		}
	}
	if len(fromB) > 0 {
		t.Error("a station hears itself")
	}
	if s := a.Stats(); s != (Stats{}) {
		t.Errorf("%+v", s)
	}
}

// A file that is not a bus stays as it was.
func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"text":         "precious",
		"zeros":        strings.Repeat("\x00", 100),
		"long zeros":   strings.Repeat("\x00", 2*FileSize),
		"image":        strings.Repeat("\x00", FileSize-1) + "x",
		"version 2":    "\x54\xd0\x11\xca\x02\x00\x00\x00" + strings.Repeat("\x00", FileSize-8),
		"other endian": "\xca\x11\xd0\x54" + strings.Repeat("\x00", FileSize-4),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if b, err := Open(path); err == nil {
			b.Close()
			t.Errorf("%s: opened", name)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != content {
			t.Errorf("%s: changed (%v)", name, err)
		}
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory was opened")
	}
}

// A station that died with the lock holds nobody up.
func TestDeadOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	a, _ := station(t, path)
	b, fromA := station(t, path)
	a.acquire()
	a.ring.setLast(ringSize - 1) // and had got only so far
	if err := a.Send(frame(7, 60)); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, fromA); !bytes.Equal(got, frame(7, 60)) {
		t.Errorf("got %x", got)
	}
	if n := a.Stats().Broken + b.Stats().Broken; n != 1 {
		t.Errorf("broken %d times", n)
	}
}

// A slow station misses frames, and knows.
func TestLapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	a, _ := station(t, path)
	slow, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	const n = 2000
	for i := range n {
		if err := a.Send(frame(i, MaxFrame)); err != nil {
			t.Fatal(err)
		}
	}
	ch := make(chan []byte, n)
	slow.Start(func(f []byte) { ch <- bytes.Clone(f) })
	last := -1
	for last < n-1 {
		i := int(binary.BigEndian.Uint32(receive(t, ch)))
		if i <= last {
			t.Fatalf("frame %d after %d", i, last)
		}
		last = i
	}
	if slow.Stats().Lapped != 1 {
		t.Errorf("%+v", slow.Stats())
	}
}
