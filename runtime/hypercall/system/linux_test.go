package system

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// Who waits for data that never comes is told when the file is closed, and has no
// offset to read from.
func TestPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Host().Files.Open(path, hypercall.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Readv([][]byte{{0}}, 0)
	want(t, err, netbsd.ESPIPE)
	if info, err := Host().Files.Stat(path); info.Type != hypercall.FileOther || err != nil {
		t.Errorf("%+v, %v", info, err)
	}
	if n, err := f.Writev([][]byte{{1}, {2}}, hypercall.Current); n != 2 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	done := make(chan error)
	go func() {
		buf := make([]byte, 10)
		if n, err := f.Readv([][]byte{buf}, hypercall.Current); n != 2 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		done <- nil
		_, err := f.Readv([][]byte{buf}, hypercall.Current)
		done <- err
	}()
	<-done
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	want(t, <-done, netbsd.EBADF)
}

func TestNetwork(t *testing.T) {
	n := Host().Network
	bus := filepath.Join(t.TempDir(), "bus")
	dev, err := n.Open("shmif", bus)
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	text := bus + ".txt"
	if err := os.WriteFile(text, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = n.Open("shmif", text)
	want(t, err, netbsd.ENOEXEC)
	_, err = n.Open("shmif", filepath.Dir(bus))
	want(t, err, netbsd.EISDIR)
	_, err = n.Open("shmif", bus+"/x")
	want(t, err, netbsd.ENOTDIR)
	_, err = n.Open("none", "0")
	want(t, err, netbsd.ENXIO)
}
