package fs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/ffs"
	netbsdkernel "github.com/abigen/abigen/runtime/rump"
)

func TestMain(m *testing.M) {
	netbsdkernel.Helper()
	os.Exit(m.Run())
}

// makefs makes an empty image.
func makefs(t *testing.T, options ...string) string {
	t.Helper()
	program, err := exec.LookPath("makefs")
	if err != nil {
		program = "/usr/sbin/makefs"
		if _, err := os.Stat(program); err != nil {
			t.Skip("makefs is not installed (package makefs of Debian)")
		}
	}
	dir := t.TempDir()
	image, root := filepath.Join(dir, "image"), filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, append(append([]string{"-t", "ffs"}, options...), image, root)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return image
}

// What is only in the journal of an image whose kernel has stopped is read as if
// NetBSD's kernel had put it in its place.
func TestJournal(t *testing.T) {
	if why := rump.Missing(); why != "" {
		t.Skip(why)
	}
	for _, c := range []struct {
		name, version, size string
		behind              int64 // bytes there are behind the file system
	}{
		{"v1 in the file system", "1", "4m", 0},
		{"v2 in the file system", "2", "4m", 0},
		{"v2 behind the file system", "2", "1m", 2 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			image := makefs(t, "-s", c.size, "-f", "200", "-o", "bsize=8192,fsize=1024,version="+c.version)
			st, err := os.Stat(image)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(image, st.Size()+c.behind); err != nil {
				t.Fatal(err)
			}
			before := crash(t, image)
			if err := os.WriteFile(image, before, 0o644); err != nil {
				t.Fatal(err)
			}
			// When it mounts for reading only, the kernel reads directories through the
			// log, but inodes without it.
			s, err := Boot(t.Context(), os.Getenv("RUMP_PREFIX"), image, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.kernel.Close() })
			want := listing(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := listing(t, Read(open(t, before))); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if !strings.Contains(want, " file99\n") {
				t.Errorf("the last file is missing:\n%s", want)
			}
		})
	}
}

// crash makes files in an image, and stops the kernel where it stands. It returns
// the image as if what is in the log had not come to its place, but something else.
func crash(t *testing.T, path string) []byte {
	t.Helper()
	s, err := Boot(t.Context(), os.Getenv("RUMP_PREFIX"), path, netbsd.MNT_LOG)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(s.kernel.Close(), s.image.Close()) }()
	for i := range 100 {
		if i%10 == 0 {
			if err := s.Mkdir(fmt.Sprintf("dir%d", i/10), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		f, err := s.Create(fmt.Sprintf("dir%d/file%d", i/10, i), 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte(fmt.Sprint("file ", i, "\n")), 0); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// This makes the kernel write the log. It does not for a file.
	d, err := s.inside.openFile("dir9", netbsd.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		t.Fatal(err)
	}
	_ = syscalls.Reboot(t.Context(), s.outside.thread, netbsd.RUMP_RB_NOSYNC, 0) // which does not return
	select {
	case <-s.kernel.Halted():
	case <-time.After(time.Minute):
		t.Fatal("the kernel does not halt")
	}
	image := readImage(t, path)
	for _, block := range logged(t, image) {
		if block < netbsd.SBLOCK_UFS1 || block >= netbsd.SBLOCK_UFS1+netbsd.SBLOCKSIZE { // without that there is no log
			copy(image[block:][:512], bytes.Repeat([]byte{0xa5}, 512))
		}
	}
	return image
}

// logged returns where the blocks belong that are in the log of an image.
func logged(t *testing.T, image []byte) (blocks []int64) {
	t.Helper()
	decode := func(d interface {
		Decode(portable.Target, []byte) error
	}, b []byte) {
		t.Helper()
		if err := d.Decode(portable.AMD64, b); err != nil {
			t.Fatal(err)
		}
	}
	var sb portable.Fs
	var h, second portable.WapblWcHeader
	decode(&sb, image[netbsd.SBLOCK_UFS1:])
	log := image[sb.Journallocs[0]*sb.Journallocs[2]:][:sb.Journallocs[1]*sb.Journallocs[2]]
	decode(&h, log)
	decode(&second, log[512:])
	if second.Generation > h.Generation {
		h = second
	}
	if h.Head < h.Tail {
		t.Fatal("the ring has come round") // it is larger than what is in it
	}
	for ring := log[h.Tail:h.Head]; len(ring) > 0; {
		var list portable.WapblWcBlocklist
		decode(&list, ring)
		for i := range list.Blkcount {
			if list.Type != netbsd.WAPBL_WC_BLOCKS {
				break
			}
			var e netbsd.WapblWcBlocklistBlocks
			copy(abi.AsBytes(&e), ring[netbsd.OffsetofWapblWcBlocklistBlocks+i*netbsd.SizeofWapblWcBlocklistBlocks:])
			for k := int64(0); k < int64(e.Dlen); k += 512 {
				blocks = append(blocks, e.Daddr*512+k)
			}
		}
		ring = ring[list.Len:]
	}
	return blocks
}

func readImage(t *testing.T, image string) []byte {
	t.Helper()
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t *testing.T, image []byte) *ffs.FS {
	t.Helper()
	fsys, err := ffs.Open(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func listing(t *testing.T, v Volume) string {
	t.Helper()
	var b bytes.Buffer
	if err := List(v, nil, ListOptions{Long: true, Recursive: true, Inode: true}, &b, &Problems{Out: &b}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
