package rump

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// TestDisk has a kernel read and write a file of the host as a disk.
func TestDisk(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	image := filepath.Join(t.TempDir(), "image")
	data := make([]byte, 64<<10)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(data)
	if err := os.WriteFile(image, data, 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := New(Config{Apart: true, Components: []string{"disk"}, Disks: []Disk{{Name: "/dev/image", Path: image}}})
	if err != nil {
		t.Fatal(err)
	}
	th, mem := newThread(t, k)
	ctx := t.Context()
	copy(mem.Data, "/dev/image\x00")
	fd, err := syscalls.Open(ctx, th, mem.Base, netbsd.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	const at = 8 << 10
	if n, err := syscalls.Pread(ctx, th, fd, mem.Base, 512, at); n != 512 || err != nil {
		t.Fatal(n, err)
	}
	if !bytes.Equal(mem.Data[:512], data[at:at+512]) {
		t.Error("the kernel reads something else")
	}
	copy(mem.Data, "written")
	if n, err := syscalls.Pwrite(ctx, th, fd, mem.Base, 512, at); n != 512 || err != nil {
		t.Fatal(n, err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[at:], "written")
	if !bytes.Equal(after, data) {
		t.Error("what was written did not arrive, or something else did")
	}
	_, err = New(Config{Apart: true, Components: []string{"disk"}, Disks: []Disk{{Name: "/dev/image", Path: image + ".not"}}})
	if err == nil || !strings.Contains(err.Error(), "No such file or directory") {
		t.Errorf("a disk that is not there: %v", err)
	}
}
