package ffs_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/abigen/abigen/netbsd"
)

// Paths lead where NetBSD's kernel takes them.
func TestLookup(t *testing.T) {
	fsys := openBytes(t, image(t, "v2le"))
	at := func(path string) uint64 {
		n, err := fsys.Lookup(path, false)
		if err != nil {
			t.Fatal(err)
		}
		return n.Ino
	}
	root, below, sticky, deep, file := at("/"), at("dir/below"), at("dir/below/sticky"), at("dir/below/deep"), at("dir/below/deep/file")
	for _, c := range []struct {
		path   string
		follow bool
		ino    uint64
		err    error
	}{
		{".", false, root, nil},
		{"..", false, root, nil},
		{"//", false, root, nil},
		{"dir/..", false, root, nil},
		{"/../dir/./below", false, below, nil},
		{"dir/below/", false, below, nil},
		{"dir/absolute", true, file, nil},
		{"dir/deeplink", true, deep, nil},
		{"dir/deeplink", false, at("dir/deeplink"), nil},
		{"dir/deeplink/", false, deep, nil},
		{"dir/deeplink/..", false, below, nil},
		{"dir/deeplink//.//file", false, file, nil},
		{"dir/through", true, sticky, nil},
		{"dir/slashed", true, deep, nil},
		{"dir/up", true, at("size1"), nil},
		{"", false, 0, netbsd.ENOENT},
		{"none/such", false, 0, netbsd.ENOENT},
		{"dir/dangling", true, 0, netbsd.ENOENT},
		{"dir/dangling/", false, 0, netbsd.ENOENT},
		{"dir/self", true, 0, netbsd.ELOOP},
		{"size1/", false, 0, netbsd.ENOTDIR},
		{"size1/x", false, 0, netbsd.ENOTDIR},
		{"size1/..", false, 0, netbsd.ENOTDIR},
		{"dir/up/", true, 0, netbsd.ENOTDIR},
		{"dir/900", true, 0, netbsd.ENOENT},
		{strings.Repeat("x", 256), false, 0, netbsd.ENAMETOOLONG},
		{strings.Repeat("./", 511) + ".", false, root, nil},
		{strings.Repeat("./", 512), false, 0, netbsd.ENAMETOOLONG},
	} {
		n, err := fsys.Lookup(c.path, c.follow)
		if !errors.Is(err, c.err) || err == nil && n.Ino != c.ino {
			t.Errorf("Lookup(%q, %v): %v, %v, want inode %d, %v", c.path, c.follow, n, err, c.ino, c.err)
		}
	}
}

// Files behave as those of package os.
func TestFile(t *testing.T) {
	fsys := openBytes(t, image(t, "v1be"))
	f, err := fsys.Open("size4097")
	if err != nil {
		t.Fatal(err)
	}
	s := f.(io.ReadSeeker)
	if off, err := s.Seek(-5, io.SeekEnd); off != 4092 || err != nil {
		t.Errorf("%d, %v", off, err)
	}
	want := string(contents("size4097", 4097)[4092:])
	if b, err := io.ReadAll(s); string(b) != want || err != nil {
		t.Errorf("%q, %v, want %q", b, err, want)
	}
	if _, err := s.Seek(-5, io.SeekStart); !errors.Is(err, fs.ErrInvalid) {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	for name, want := range map[string]error{
		"none/such": fs.ErrNotExist, "/dir": fs.ErrInvalid, "dir/self": netbsd.ELOOP, "size1/x": netbsd.ENOTDIR,
	} {
		_, err := fsys.Open(name)
		var p *fs.PathError
		if !errors.Is(err, want) || !errors.As(err, &p) || p.Path != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]error{"dir": netbsd.EISDIR, "dev/null": netbsd.EOPNOTSUPP, "fifo": netbsd.EOPNOTSUPP} {
		if _, err := fs.ReadFile(fsys, name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := fsys.ReadLink("size1"); !errors.Is(err, netbsd.EINVAL) {
		t.Error(err)
	}
	if _, err := fsys.ReadDir("size1"); !errors.Is(err, netbsd.ENOTDIR) {
		t.Error(err)
	}
}
