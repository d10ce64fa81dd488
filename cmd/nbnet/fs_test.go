package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/rump"
)

// unpack puts an image of package ffs into a directory.
func unpack(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "runtime", "ffs", "testdata", name+".img.gz"))
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
	path := filepath.Join(t.TempDir(), name+".img")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// nbnet runs a command, and returns all that it prints, and its exit code.
func nbnet(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), args, &out, &out)
	return out.String(), code
}

// nbnet reads images itself, and says what is wrong.
func TestImage(t *testing.T) {
	t.Setenv("RUMP_PREFIX", "")
	t.Setenv("TZ", "UTC")
	time.Local = time.UTC
	image := unpack(t, "v2be")
	out := t.TempDir()
	damaged := filepath.Join(out, "damaged")
	if err := os.WriteFile(damaged, []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		code int
		want string
	}{
		{"ls IMG dir/below none", 0, "dir/below:\ndeep\nsticky\n\nnone:\n"},
		{"ls -dl IMG dir/below dir/short dev/null", 0, `drwxr-xr-x 4 70000 70001  512 Nov 14 22:13:34 2023 dir/below
lrwxr-xr-x 1     0     0    7 Nov 14 22:32:02 2023 dir/short -> size513
crw-rw-rw- 1     0     0 2, 2 Nov 14 22:32:17 2023 dev/null
`},
		{"ls -R IMG dir/below", 0, "dir/below:\ndeep\nsticky\n\ndir/below/deep:\nfile\n\ndir/below/sticky:\n"},
		{"stat IMG dir/below/deep/file", 0, `    File  dir/below/deep/file
    Type  regular file
    Size  100 bytes in 1 block of 512
    Mode  4755 (-rwsr-xr-x)
   Owner  user 0, group 0
   Inode  42, with 1 name
  Access  2023-11-14 22:13:38.000000000 +0000
  Modify  2023-11-14 22:13:38.000000000 +0000
  Change  2023-11-16 02:00:00.000000000 +0000
`},
		{"cat IMG size1 dir/up", 0, "ss"},
		{"cp IMG size513 OUT/x", 0, ""},
		{"cp IMG dir OUT", 1, "nbnet: IMG: dir: it is a directory; -R copies those\n"},
		{"cp -R IMG dev fifo OUT", 1, "nbnet: IMG: dev/null: not copied: it is a character device\n" +
			"nbnet: IMG: dev/sd0a: not copied: it is a block device\nnbnet: IMG: fifo: not copied: it is a fifo\n"},
		{"cp IMG size1 size511 OUT/none", 2, "nbnet: OUT/none: it is to take several files, and is no directory\n"},
		{"--rump OUT put IMG OUT/x /x", 1, "nbnet: no NetBSD kernel in OUT/lib: it has no librump.so\n"},
		{"--kernel none put IMG OUT/x /x", 2, "nbnet: only NetBSD's kernel writes; use --kernel rump\n"},
		{"--kernel linux ls IMG", 2, "nbnet: no kernel \"linux\"; there are rump and none\n"},
		{"--server unix:///x ls IMG", 2, "nbnet: the kernel of fs is one of its own; leave out --server\n"},
		{"ls OUT/damaged", 1, "nbnet: OUT/damaged: not an FFS file system\n"},
		{"ls OUT/none", 1, "nbnet: OUT/none: no such file or directory\n"},
		{"ls IMG none/such dir/below", 1, "nbnet: IMG: none/such: No such file or directory\ndir/below:\ndeep\nsticky\n"},
		{"stat IMG absent", 1, "nbnet: IMG: absent: No such file or directory\n"},
		{"cat IMG dir size1", 1, "nbnet: IMG: dir: Is a directory\ns"},
		{"cat IMG", 2, "nbnet: an argument is missing; type nbnet fs cat IMAGE PATH... [flags]\n"},
		{"lss IMG", 2, "nbnet: there is no command lss; is it ls?\n"},
	} {
		replace := strings.NewReplacer("IMG", image, "OUT", out)
		got, code := nbnet(t, append([]string{"fs"}, strings.Fields(replace.Replace(c.line))...)...)
		if want := replace.Replace(c.want); got != want || code != c.code {
			t.Errorf("fs %s: exit code %d, want %d\n%swant\n%s", c.line, code, c.code, got, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(out, "x")); err != nil || len(b) != 513 || !strings.HasPrefix(string(b), "size513: line 0\n") {
		t.Errorf("%q, %v", b, err)
	}
}

// What is printed about an image is the same to the byte, whoever reads it,
// errors included.
func TestImageSame(t *testing.T) {
	if why := rump.Missing(); why != "" {
		t.Skip(why)
	}
	for _, name := range []string{"v1le", "v1be", "v2le", "v2be", "old1le", "old1be"} {
		t.Run(name, func(t *testing.T) {
			image := unpack(t, name)
			for _, line := range []string{
				"ls -lRi IMAGE",
				"ls IMAGE /many /dir size1",
				"ls -l IMAGE /dir/short dir/deeplink dev/null",
				"ls IMAGE /dir/deeplink dir/self",
				"ls -d IMAGE dir/deeplink/ many",
				"ls IMAGE nope",
				"ls IMAGE dir/900",
				"ls IMAGE dir/self/",
				"ls IMAGE dir/up/",
				"--json ls -R IMAGE",
				"stat IMAGE / dir dir/short dev/null empty dir/deeplink/..",
				"stat -L IMAGE dir/absolute dir/through",
				"stat IMAGE dir/absolute/",
				"stat IMAGE size1/",
				"stat IMAGE dir/dangling/",
				"stat -L IMAGE dir/dangling",
				"stat IMAGE " + strings.Repeat("n", 256),
				"stat IMAGE " + strings.Repeat("./", 511) + ".",
				"stat IMAGE " + strings.Repeat("./", 512),
				"--json stat IMAGE dev/sd0a dir/900 fifo",
				"cat IMAGE size82620 dir/absolute size1 empty dir/" + strings.Repeat("n", 255),
				"cat IMAGE dir",
				"cat IMAGE dev/null",
				"cat IMAGE fifo",
				"cat IMAGE dir/dangling",
			} {
				args := strings.Fields(strings.ReplaceAll(line, "IMAGE", image))
				want, code := nbnet(t, append([]string{"fs", "--kernel", "rump"}, args...)...)
				got, gotCode := nbnet(t, append([]string{"fs", "--kernel", "none"}, args...)...)
				if got != want || gotCode != code {
					t.Errorf("fs %s: exit code %d, %d from the kernel\n%s", line, gotCode, code, firstDifference(got, want))
				}
			}
		})
	}
}

// firstDifference returns the first lines that differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return "got  " + a + "\nwant " + b
		}
	}
	return ""
}

// An image that is none, or was not unmounted, is told apart whoever reads it.
func TestImageUnclean(t *testing.T) {
	image := unpack(t, "v2le")
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	const cleanAt = 8192 + 209 // fs_clean of the superblock
	if _, err := f.WriteAt([]byte{0}, cleanAt); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kernel := range []string{"none", "rump"} {
		t.Run(kernel, func(t *testing.T) {
			if why := rump.Missing(); kernel == "rump" && why != "" {
				t.Skip(why)
			}
			got, code := nbnet(t, "fs", "--kernel", kernel, "cat", image, "size1")
			if want := "nbnet: " + image + " was not unmounted: files may be missing, old or damaged\ns"; got != want || code != 0 {
				t.Errorf("exit code %d\n%swant\n%s", code, got, want)
			}
			got, code = nbnet(t, "fs", "--kernel", kernel, "ls", empty)
			if want := "nbnet: " + empty + ": not an FFS file system\n"; got != want || code != 1 {
				t.Errorf("exit code %d\n%swant\n%s", code, got, want)
			}
		})
	}
}

// What the kernel has written is what nbnet reads, files with holes that take all
// three kinds of indirect blocks included; and it comes out of the image as it
// went in.
func TestImageWrite(t *testing.T) {
	if why := rump.Missing(); why != "" {
		t.Skip(why)
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.MkdirAll(filepath.Join(in, "sub", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	const size = 5<<30 + 3
	marks := []int64{0, 12*4096 + 5, 3 << 20, 1100 << 20, size - 10}
	big := filepath.Join(dir, "sparse")
	sparse(t, big, size, marks)
	for name, mode := range map[string]os.FileMode{"a": 0o644, "sub/b": 0o755, "sub/c": 0o600} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(strings.Repeat(name+"\n", 5000)), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("sub/b", filepath.Join(in, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"v1be", "v2le"} {
		t.Run(name, func(t *testing.T) {
			image := unpack(t, name)
			for _, args := range [][]string{
				{"put", "-Rp", image, in, "/none"},
				{"put", image, filepath.Join(in, "a"), "size82620"},
				{"put", "-p", image, big, "/none"},
			} {
				if out, code := nbnet(t, append([]string{"fs"}, args...)...); out != "" || code != 0 {
					t.Fatalf("%v: %d\n%s", args, code, out)
				}
			}
			if got, _ := nbnet(t, "fs", "--kernel", "none", "cat", image, "size82620"); got != strings.Repeat("a\n", 5000) {
				t.Errorf("%.100q", got)
			}
			out := t.TempDir()
			if text, code := nbnet(t, "fs", "--kernel", "none", "cp", "-p", image, "/none/sparse", out); text != "" || code != 0 {
				t.Fatalf("%d\n%s", code, text)
			}
			if got, want := describe(t, filepath.Join(out, "sparse"), marks), describe(t, big, marks); got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
			for _, kernel := range []string{"none", "rump"} {
				out := t.TempDir()
				if text, code := nbnet(t, "fs", "--kernel", kernel, "cp", "-Rp", image, "/none/in", out); text != "" || code != 0 {
					t.Fatalf("%d\n%s", code, text)
				}
				if got, want := describe(t, filepath.Join(out, "in"), marks), describe(t, in, marks); got != want {
					t.Errorf("--kernel %s:\n%s", kernel, firstDifference(got, want))
				}
			}
		})
	}
}

// sparse makes a file with a few bytes at each of the marks, and holes.
func sparse(t *testing.T, name string, size int64, marks []int64) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, at := range marks {
		if _, err := fmt.Fprintf(io.NewOffsetWriter(f, at), "%010d", at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

// describe writes down all that a copy has of a tree: of a large file what is at
// the marks, and that the rest are holes.
func describe(t *testing.T, root string, marks []int64) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := os.Lstat(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", rel, st.Mode())
		switch {
		case st.Mode().IsRegular():
			fmt.Fprintf(&b, " %v %d", st.ModTime(), st.Size())
			if st.Size() < 1<<20 {
				data, err := os.ReadFile(path)
				fmt.Fprintf(&b, " %x %v", sha256.Sum256(data), err)
				break
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			for _, at := range marks {
				data := make([]byte, 10)
				_, err := f.ReadAt(data, at)
				fmt.Fprintf(&b, " %q %v", data, err)
			}
			fmt.Fprint(&b, " holes: ", st.Sys().(*syscall.Stat_t).Blocks < 4096)
		case st.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(path)
			fmt.Fprintf(&b, " %s %v", to, err)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
