package fs

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// CopyOut copies files from the volume to this machine: each into the directory
// to, or one to the file to. What is copied stays below to, whatever names and
// links the image has.
func CopyOut(v Volume, paths []string, to string, o CopyOptions, p *Problems) error {
	c := &outCopier{v: v, o: o, problems: p}
	var err error
	if c.image, err = os.Stat(p.Image); err != nil {
		return onHost(p.Image, err)
	}
	st, err := os.Stat(to)
	switch {
	case err == nil && st.IsDir():
		err = c.into(paths, to)
	case len(paths) > 1:
		return command.Usage("", "%s: it is to take several files, and is no directory", Visible(to))
	default:
		err = c.as(paths[0], to, err)
	}
	if err != nil {
		return err
	}
	return p.result()
}

// An outCopier copies files to this machine.
type outCopier struct {
	v        Volume
	o        CopyOptions
	problems *Problems
	image    os.FileInfo
	root     *os.Root // what is copied is below this
}

// into copies each file into a directory.
func (c *outCopier) into(paths []string, dir string) (err error) {
	if c.root, err = os.OpenRoot(dir); err != nil {
		return onHost(dir, err)
	}
	defer c.root.Close()
	for _, p := range paths {
		name := path.Base(path.Clean("/" + p))
		if name == "/" {
			name = "." // the root's files, not the root, which has no name
		}
		if err := c.problems.tell(c.copy(p, name, true)); err != nil {
			return err
		}
	}
	return nil
}

// as copies a file to one that is no directory, or not there; missing is what is said of
// it.
func (c *outCopier) as(from, to string, missing error) error {
	if _, name := filepath.Split(to); name == "" || name == "." || name == ".." { // a directory's
		st, err := c.v.Stat(from, !c.o.Recursive)
		if err == nil && st.Mode&netbsd.S_IFMT != netbsd.S_IFDIR {
			return onHost(to, missing)
		}
	}
	dir, name := filepath.Split(filepath.Clean(to))
	if file, err := filepath.EvalSymlinks(to); err == nil {
		dir, name = filepath.Split(file)
	}
	dir = filepath.Clean(dir + ".")
	var err error
	if c.root, err = os.OpenRoot(dir); err != nil {
		return onHost(dir, err)
	}
	defer c.root.Close()
	return c.problems.tell(c.copy(from, name, true))
}

// on returns an error of this machine about a file below the root.
func (c *outCopier) on(to string, err error) error {
	return onHost(filepath.Join(c.root.Name(), to), err)
}

// copy copies a file, or a directory and what is in it, to a name below the root. top
// tells that somebody has asked for it by name.
func (c *outCopier) copy(from, to string, top bool) error {
	st, err := c.v.Stat(from, !c.o.Recursive)
	if err != nil {
		return inImage(from, err)
	}
	switch kind := st.Mode & netbsd.S_IFMT; {
	case kind == netbsd.S_IFREG:
		err = c.file(from, to, &st)
	case kind == netbsd.S_IFDIR && c.o.Recursive:
		return c.directory(from, to, &st)
	case kind == netbsd.S_IFDIR:
		err = kindError("it is a directory; -R copies those")
	case kind == netbsd.S_IFLNK:
		var target string
		if target, err = c.v.Readlink(from); err == nil {
			err = c.on(to, c.root.Symlink(target, to))
		}
	case top && !c.o.Recursive:
		err = kindError("it is a " + typeNames[kind])
	default:
		err = kindError("not copied: it is a " + typeNames[kind])
	}
	return inImage(from, err)
}

func (c *outCopier) file(from, to string, st *portable.Stat) error {
	in, err := c.v.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := c.root.OpenFile(to, os.O_WRONLY|os.O_CREATE, os.FileMode(st.Mode&permissions))
	if err != nil {
		return c.on(to, err)
	}
	err = c.fill(f, to, in, st)
	if err = errors.Join(err, c.on(to, f.Close())); err == nil && c.o.Preserve {
		err = c.on(to, c.root.Chtimes(to, at(st.Atim), at(st.Mtim)))
	}
	return err
}

// fill copies what is in a file.
func (c *outCopier) fill(f *os.File, to string, in File, st *portable.Stat) error {
	is, err := f.Stat()
	switch {
	case err != nil:
		return c.on(to, err)
	case os.SameFile(is, c.image):
		return c.on(to, errors.New("it is the image"))
	case !is.Mode().IsRegular(): // a device, or a pipe
		return stream(hostWriter{f, filepath.Join(c.root.Name(), to)}, in, make([]byte, chunk))
	}
	if err := f.Truncate(0); err != nil {
		return c.on(to, err)
	}
	err = copySparse(hostSink{f, filepath.Join(c.root.Name(), to)}, in, st.Size)
	if err == nil && c.o.Preserve {
		err = c.on(to, f.Chmod(os.FileMode(st.Mode&permissions)))
	}
	return err
}

// A hostSink is a file of this machine that is written.
type hostSink struct {
	f    *os.File
	path string
}

func (s hostSink) WriteAt(p []byte, off int64) (int, error) {
	n, err := s.f.WriteAt(p, off)
	return n, onHost(s.path, err)
}

func (s hostSink) Truncate(size int64) error { return onHost(s.path, s.f.Truncate(size)) }

func (c *outCopier) directory(from, to string, st *portable.Stat) error {
	mode := os.FileMode(st.Mode & permissions)
	if err := c.root.Mkdir(to, mode|0o700); err != nil { // files are made in it
		if info, e := c.root.Lstat(to); e != nil || !info.IsDir() {
			return c.on(to, err)
		}
	}
	names, err := c.v.Names(from) // those in front of an error, too
	if err := c.problems.tell(inImage(from, err)); err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := c.problems.tell(c.copy(join(from, name), to+"/"+name, false)); err != nil {
			return err
		}
	}
	if !c.o.Preserve {
		return nil
	}
	if err := c.root.Chmod(to, mode); err != nil {
		return c.on(to, err)
	}
	return c.on(to, c.root.Chtimes(to, at(st.Atim), at(st.Mtim)))
}
