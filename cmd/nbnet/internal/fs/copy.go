package fs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// chunk is how much is copied at a time, and how many zeros make a hole.
const chunk = 64 << 10

// Cat writes what is in files to out.
func Cat(v Volume, paths []string, out io.Writer) error {
	for _, p := range paths {
		f, err := openRegular(v, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{f}, make([]byte, 4*chunk))
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// openRegular opens a file that can be read to its end.
func openRegular(v Volume, path string) (File, error) {
	st, err := v.Stat(path, true)
	if err != nil {
		return nil, err
	}
	switch kind := st.Mode & netbsd.S_IFMT; kind {
	case netbsd.S_IFREG:
		return v.Open(path)
	case netbsd.S_IFDIR:
		return nil, netbsd.EISDIR
	default:
		return nil, fmt.Errorf("it is a %s", typeNames[kind])
	}
}

// CopyOptions are those of cp and put.
type CopyOptions struct {
	Recursive bool // -R: directories too, and symbolic links as such
	Preserve  bool // -p: permissions and times
}

// permissions are what a copy may have of the mode of a file: never the right to
// be somebody else.
const permissions = 0o777

// CopyOut copies files from the volume to this machine: each into the directory
// to, or one to the file to. What is copied stays below to, whatever names and
// links the image has. What has no copy, such as a device, is told to errs.
func CopyOut(v Volume, paths []string, to string, o CopyOptions, errs io.Writer) error {
	c := &copier{v: v, o: o, errs: errs}
	if st, err := os.Stat(to); err == nil && st.IsDir() {
		return c.intoHost(paths, to)
	}
	if len(paths) > 1 {
		return command.Usage("", "%s: it is to take several files, and is no directory", to)
	}
	dir, name := filepath.Split(filepath.Clean(to))
	root, err := os.OpenRoot(filepath.Clean(dir + "."))
	if err != nil {
		return err
	}
	defer root.Close()
	return errors.Join(c.out(root, paths[0], name, true), c.result())
}

type copier struct {
	v       Volume
	w       WriteVolume
	o       CopyOptions
	errs    io.Writer
	skipped bool
}

// result is an error when something was left out, which has been told.
func (c *copier) result() error {
	if c.skipped {
		return command.Status(1)
	}
	return nil
}

func (c *copier) skip(path, why string) {
	c.skipped = true
	fmt.Fprintf(c.errs, "%s: %s\n", visible(path), why)
}

func (c *copier) intoHost(paths []string, to string) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, p := range paths {
		name := path.Base(path.Clean("/" + p))
		if name == "/" {
			name = "." // the root's files, not the root, which has no name
		}
		if err := c.out(root, p, name, true); err != nil {
			return err
		}
	}
	return c.result()
}

// out copies a file, or a directory and what is in it, to a name below root. top
// tells that somebody has asked for it by name.
func (c *copier) out(root *os.Root, from, to string, top bool) error {
	st, err := c.v.Stat(from, !c.o.Recursive)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	switch kind := st.Mode & netbsd.S_IFMT; {
	case kind == netbsd.S_IFREG:
		err = c.outFile(root, from, to, &st)
	case kind == netbsd.S_IFDIR && c.o.Recursive:
		return c.outDirectory(root, from, to, &st)
	case kind == netbsd.S_IFDIR:
		return fmt.Errorf("%s: it is a directory; -R copies those", from)
	case kind == netbsd.S_IFLNK:
		var target string
		if target, err = c.v.Readlink(from); err == nil {
			err = root.Symlink(target, to)
		}
	case top && !c.o.Recursive:
		return fmt.Errorf("%s: it is a %s", from, typeNames[kind])
	default:
		c.skip(from, "not copied: it is a "+typeNames[kind])
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

func (c *copier) outFile(root *os.Root, from, to string, st *portable.Stat) error {
	in, err := c.v.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, os.FileMode(st.Mode&permissions))
	if err != nil {
		return err
	}
	err = copySparse(f, in, st.Size)
	if err == nil && c.o.Preserve {
		err = f.Chmod(os.FileMode(st.Mode & permissions))
	}
	if err = errors.Join(err, f.Close()); err == nil && c.o.Preserve {
		err = root.Chtimes(to, at(st.Atim), at(st.Mtim))
	}
	return err
}

func (c *copier) outDirectory(root *os.Root, from, to string, st *portable.Stat) error {
	if err := root.Mkdir(to, 0o777); err != nil {
		if info, e := root.Lstat(to); e != nil || !info.IsDir() {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	names, err := c.v.Names(from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := c.out(root, join(from, name), to+"/"+name, false); err != nil {
			return err
		}
	}
	if !c.o.Preserve {
		return nil
	}
	return errors.Join(root.Chmod(to, os.FileMode(st.Mode&permissions)), root.Chtimes(to, at(st.Atim), at(st.Mtim)))
}

// truncater is where a copy goes.
type truncater interface {
	io.WriterAt
	Truncate(size int64) error
}

// copySparse copies size bytes, but for holes and what is as long as one and
// zeros.
func copySparse(to truncater, from io.Reader, size int64) error {
	b := make([]byte, chunk)
	if s, ok := from.(sparseFile); ok {
		for off := int64(0); ; {
			start, end, err := s.NextData(off)
			if errors.Is(err, io.EOF) {
				return to.Truncate(size)
			}
			if err == nil {
				off, err = end, copyZeros(to, io.NewSectionReader(s, start, end-start), start, b)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := copyZeros(to, from, 0, b); err != nil {
		return err
	}
	return to.Truncate(size)
}

// hostFile is a file of this machine, which may know where its holes are.
type hostFile struct{ *os.File }

// NextData returns the next range that is not a hole: where nothing is known of
// holes, all of the file.
func (f hostFile) NextData(off int64) (start, end int64, err error) {
	start, end, err = nextData(f.File, off)
	if err == nil || errors.Is(err, io.EOF) {
		return start, end, err
	}
	end, err = f.Seek(0, io.SeekEnd)
	if err == nil && off >= end {
		err = io.EOF
	}
	return off, end, err
}

// copyZeros copies all there is, and leaves out blocks of zeros.
func copyZeros(to io.WriterAt, from io.Reader, at int64, b []byte) error {
	for {
		n, err := io.ReadFull(from, b)
		if !allZero(b[:n]) {
			if _, err := to.WriteAt(b[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

var zeros [chunk]byte

func allZero(b []byte) bool { return bytes.Equal(b, zeros[:len(b)]) }

// CopyIn copies files of this machine into the volume: each into the directory
// to, or one to the file to. "-" is stdin.
func CopyIn(v WriteVolume, files []string, to string, o CopyOptions, stdin io.Reader, errs io.Writer) error {
	c := &copier{v: v, w: v, o: o, errs: errs}
	st, err := v.Stat(to, true)
	into := err == nil && st.Mode&netbsd.S_IFMT == netbsd.S_IFDIR
	if len(files) > 1 && !into {
		return command.Usage("", "%s: it is to take several files, and is no directory", to)
	}
	for _, f := range files {
		dest := to
		if into && f == "-" {
			return command.Usage("give the file's name, too", "%s: it is a directory", to)
		}
		if into {
			abs, err := filepath.Abs(f)
			if err != nil {
				return err
			}
			dest = join(to, filepath.Base(abs))
		}
		if f == "-" {
			err = c.inStream(stdin, dest)
		} else {
			err = c.in(f, dest, true)
		}
		if err != nil {
			return err
		}
	}
	return c.result()
}

// inStream writes what is read to a file in the image.
func (c *copier) inStream(from io.Reader, to string) error {
	s, err := c.w.Create(to, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	n := &counter{Reader: from}
	err = copyZeros(s, n, 0, make([]byte, chunk))
	if err == nil {
		err = s.Truncate(n.n)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	return nil
}

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// in copies a file of this machine, or a directory and what is in it.
func (c *copier) in(from, to string, top bool) error {
	look := os.Stat
	if c.o.Recursive {
		look = os.Lstat
	}
	st, err := look(from)
	if err != nil {
		return err
	}
	switch kind := st.Mode().Type(); {
	case kind == 0:
		return c.inFile(from, to, st)
	case kind == os.ModeDir && c.o.Recursive:
		return c.inDirectory(from, to, st)
	case kind == os.ModeDir:
		return fmt.Errorf("%s: it is a directory; -R copies those", from)
	case kind == os.ModeSymlink:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		if err := c.w.Symlink(target, to); err != nil {
			return fmt.Errorf("%s: %w", to, err)
		}
	case top && !c.o.Recursive:
		// A pipe, as of the shell's <(...), or a terminal.
		f, err := os.Open(from)
		if err != nil {
			return err
		}
		defer f.Close()
		return c.inStream(f, to)
	default:
		c.skip(from, "not copied: it is no regular file")
	}
	return nil
}

func (c *copier) inFile(from, to string, st os.FileInfo) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	mode := uint32(st.Mode() & permissions)
	s, err := c.w.Create(to, mode)
	if err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	err = copySparse(s, hostFile{f}, st.Size())
	if err == nil && c.o.Preserve {
		err = s.Preserve(mode, portable.Timespec{Sec: st.ModTime().Unix(), Nsec: int64(st.ModTime().Nanosecond())})
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	return nil
}

func (c *copier) inDirectory(from, to string, st os.FileInfo) error {
	if err := c.w.Mkdir(to, uint32(st.Mode()&permissions)); err != nil && !errors.Is(err, netbsd.EEXIST) {
		return fmt.Errorf("%s: %w", to, err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := c.in(filepath.Join(from, e.Name()), join(to, e.Name()), false); err != nil {
			return err
		}
	}
	return nil
}
