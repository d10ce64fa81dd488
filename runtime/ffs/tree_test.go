package ffs_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/ffs"
)

// A node is a file of any kind that a test image has.
type node struct {
	mode     uint32 // st_mode
	uid, gid uint32
	size     int    // of a regular file
	to       string // where a symbolic link leads
	link     string // of which other file this is another name
	rdev     uint64
	mtime    int64
}

func (n node) data(path string) []byte { return contents(path, n.size) }

// contents returns what the file at a path has in it.
func contents(path string, size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%s: line %d\n", path[:min(len(path), 20)], i)
	}
	return b.Bytes()[:size]
}

// tree is what all images have: files that end everywhere near where a fragment,
// a block, the direct addresses and an indirect block do; directories of several
// blocks; links of all lengths; devices.
func tree() map[string]node {
	t := map[string]node{}
	add := func(path string, n node) {
		n.mtime = 1700000000 + int64(len(t))
		t[path] = n
	}
	add("empty", node{mode: netbsd.S_IFREG | 0o600})
	for _, size := range []int{
		1, 511, 512, 513, 4095, 4096, 4097, 10000, 12*4096 - 1, 12 * 4096, 12*4096 + 1, 20*4096 + 700,
	} {
		add(fmt.Sprintf("size%d", size), node{mode: netbsd.S_IFREG | 0o644, size: size, uid: uint32(size), gid: 12})
	}
	for _, name := range []string{"dir", "dir/below", "dir/below/deep", "none", "many"} {
		add(name, node{mode: netbsd.S_IFDIR | 0o755, uid: 70000, gid: 70001})
	}
	add("dir/below/deep/file", node{mode: netbsd.S_IFREG | 0o4755, size: 100})
	add("dir/below/sticky", node{mode: netbsd.S_IFDIR | 0o1777})
	add("dir/"+strings.Repeat("n", 255), node{mode: netbsd.S_IFREG | 0o2711, size: 300})
	add("dir/ümlaut-ボ", node{mode: netbsd.S_IFREG | 0o644, size: 5})
	for i := range 1100 {
		add(fmt.Sprintf("many/a name of some length, so that they are many blocks: %d", i), node{link: "empty"})
	}
	for _, l := range []struct{ name, to string }{
		{"short", "size513"}, {"up", "../size1"}, {"absolute", "/dir/below/deep/file"}, {"through", "deeplink/../sticky"},
		{"deeplink", "/dir/below/deep"}, {"dangling", "nowhere"}, {"self", "self"}, {"slashed", "below//deep/"},
		{"59", strings.Repeat("9/", 29) + "9"}, {"60", strings.Repeat("0/", 29) + "00"}, {"61", strings.Repeat("1/", 30) + "1"},
		{"119", strings.Repeat("9/", 59) + "9"}, {"120", strings.Repeat("0/", 59) + "00"}, {"900", strings.Repeat("x/", 450)},
	} {
		add("dir/"+l.name, node{mode: netbsd.S_IFLNK | 0o755, to: l.to})
	}
	add("dev", node{mode: netbsd.S_IFDIR | 0o755})
	add("dev/null", node{mode: netbsd.S_IFCHR | 0o666, rdev: 2<<8 | 2})
	add("dev/sd0a", node{mode: netbsd.S_IFBLK | 0o640, rdev: 4 << 8})
	add("fifo", node{mode: netbsd.S_IFIFO | 0o644})
	return t
}

// makefs writes an image of the tree, as Debian's makefs makes it.
func makefs(t *testing.T, t2 map[string]node, options ...string) string {
	t.Helper()
	program, err := exec.LookPath("makefs")
	if err != nil {
		program = "/usr/sbin/makefs" // where it is for those whose PATH has no sbin
		if _, err := os.Stat(program); err != nil {
			t.Skip("makefs is not installed (package makefs of Debian)")
		}
	}
	dir := t.TempDir()
	root, spec, image := filepath.Join(dir, "root"), filepath.Join(dir, "spec"), filepath.Join(dir, "image")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("#mtree\n. type=dir mode=0755 uid=0 gid=0 time=1700000000.0\n")
	types := map[uint32]string{
		netbsd.S_IFREG: "file", netbsd.S_IFDIR: "dir", netbsd.S_IFLNK: "link",
		netbsd.S_IFCHR: "char", netbsd.S_IFBLK: "block", netbsd.S_IFIFO: "fifo",
	}
	for _, path := range slices.Sorted(maps.Keys(t2)) {
		n := t2[path]
		host := filepath.Join(root, path)
		var err error
		switch n.mode & netbsd.S_IFMT {
		case 0:
			err = os.Link(filepath.Join(root, n.link), host)
			if os.IsNotExist(err) {
				t.Fatalf("%s is to be the same as %s, which comes later", path, n.link)
			}
		case netbsd.S_IFREG:
			err = os.WriteFile(host, n.data(path), 0o600)
		case netbsd.S_IFDIR:
			err = os.Mkdir(host, 0o755)
		case netbsd.S_IFLNK:
			err = os.Symlink(n.to, host)
		}
		if err != nil {
			t.Fatal(err)
		}
		if n.mode == 0 {
			continue
		}
		fmt.Fprintf(&b, "./%s type=%s mode=%#o uid=%d gid=%d time=%d.0", escape(path), types[n.mode&netbsd.S_IFMT], n.mode&0o7777, n.uid, n.gid, n.mtime)
		if n.to != "" {
			fmt.Fprintf(&b, " link=%s", escape(n.to))
		}
		if n.rdev != 0 {
			fmt.Fprintf(&b, " device=%d", n.rdev)
		}
		b.WriteByte('\n')
	}
	if err := os.WriteFile(spec, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-t", "ffs", "-F", spec, "-b", "25%", "-f", "40"}, options...)
	cmd := exec.CommandContext(t.Context(), program, append(args, image, root)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return image
}

// escape writes a name as mtree(5) has it.
func escape(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c > ' ' && c < 0x7f && !strings.ContainsRune(`\#*=?[`, rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}

// open opens an image in a file.
func open(t *testing.T, path string) *ffs.FS {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	fsys, err := ffs.Open(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// hasTree finds all that is in the file system other than it should be.
func hasTree(t *testing.T, fsys *ffs.FS, want map[string]node) {
	t.Helper()
	got := map[string]bool{}
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		got[path] = true
		n, ok := want[path]
		if !ok {
			t.Errorf("%s should not be there", path)
			return nil
		}
		real := path
		if n.link != "" {
			real, n = n.link, want[n.link]
		}
		hasNode(t, fsys, path, real, n, d)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for path := range want {
		if !got[path] {
			t.Errorf("%s is missing", path)
		}
	}
}

func hasNode(t *testing.T, fsys *ffs.FS, path, real string, n node, d fs.DirEntry) {
	t.Helper()
	info, err := d.Info()
	if err != nil {
		t.Error(err)
		return
	}
	st := info.Sys().(*ffs.Inode).Stat()
	if st.Mode != n.mode || st.UID != n.uid || st.GID != n.gid || st.Mtim.Sec != n.mtime {
		t.Errorf("%s: mode %#o, ids %d %d, mtime %d, want %#o, %d %d, %d", path, st.Mode, st.UID, st.GID, st.Mtim.Sec, n.mode, n.uid, n.gid, n.mtime)
	}
	if !info.ModTime().Equal(time.Unix(n.mtime, 0)) || info.Mode() != ffs.FileMode(n.mode) || info.Mode().Type() != d.Type() {
		t.Errorf("%s: %v, %v", path, info, d)
	}
	switch n.mode & netbsd.S_IFMT {
	case netbsd.S_IFREG:
		b, err := fs.ReadFile(fsys, path)
		if want := n.data(real); err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %d bytes that should be %d (%v)", path, len(b), len(want), err)
		}
		if st.Size != int64(n.size) {
			t.Errorf("%s: size %d, want %d", path, st.Size, n.size)
		}
	case netbsd.S_IFLNK:
		if to, err := fsys.ReadLink(path); err != nil || to != n.to {
			t.Errorf("%s: %q, %v, want %q", path, to, err, n.to)
		}
	case netbsd.S_IFCHR, netbsd.S_IFBLK:
		if st.Rdev != n.rdev {
			t.Errorf("%s: device %#x, want %#x", path, st.Rdev, n.rdev)
		}
	}
}

// open opens an image in memory.
func openBytes(t testing.TB, image []byte) *ffs.FS {
	t.Helper()
	fsys, err := ffs.Open(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// Each version in each byte order, with small blocks and large ones, has in it
// what makefs has put there.
func TestMakefs(t *testing.T) {
	want := tree()
	for _, version := range []string{"1", "2"} {
		for _, order := range []string{"le", "be"} {
			for _, options := range []string{"bsize=4096,fsize=512", "bsize=8192,fsize=8192", "bsize=65536,fsize=8192", "bsize=4096,fsize=1024,maxbpcg=64"} {
				if testing.Short() && options != "bsize=8192,fsize=8192" {
					continue
				}
				t.Run("v"+version+"/"+order+"/"+options, func(t *testing.T) {
					t.Parallel()
					fsys := open(t, makefs(t, want, "-M", "2m", "-B", order, "-o", "version="+version+","+options))
					hasTree(t, fsys, want)
					if info := fsys.Info(); fmt.Sprint(info.Version) != version || info.BigEndian != (order == "be") || !info.Clean {
						t.Errorf("%+v", info)
					}
				})
			}
		}
	}
}

// The committed images are readable everywhere. They are what makefs made of the
// tree (go test -update makes them anew).
func TestImages(t *testing.T) {
	want := tree()
	for _, name := range images {
		t.Run(name, func(t *testing.T) {
			if *update {
				compress(t, name, makeImage(t, want, name[1:2], name[2:4]))
			}
			fsys := openBytes(t, image(t, name))
			hasTree(t, fsys, want)
			sub, err := fs.Sub(fsys, "dir/below")
			if err != nil {
				t.Fatal(err)
			}
			if err := fstest.TestFS(sub, "deep/file", "sticky"); err != nil {
				t.Error(err)
			}
		})
	}
}

// makeImage returns an image of the tree that is the same each time.
func makeImage(t *testing.T, t2 map[string]node, version, order string) []byte {
	t.Helper()
	b, err := os.ReadFile(makefs(t, t2, "-M", "2m", "-B", order, "-T", "1700100000", "-o", "version="+version+",bsize=4096,fsize=512"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var update = flag.Bool("update", false, "make the images in testdata anew, with makefs")

var images = []string{"v1le", "v1be", "v2le", "v2be"}

// image returns an image of testdata.
func image(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".img.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compress(t *testing.T, name string, image []byte) {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(image); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", name+".img.gz"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
