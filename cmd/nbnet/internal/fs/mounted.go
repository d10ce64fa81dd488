package fs

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// Where in the memory of the calls what is.
const (
	base   = 0x100000
	pathAt = base
	nameAt = base + 0x400 // a second path
	argsAt = base + 0x800
	dataAt = base + 0x1000
	dataN  = 256 << 10
)

// where is the directory the kernel mounts on. Nothing else is in it.
const where = "/image"

// A Mounted is the file system on a block device of a kernel, used by system
// calls.
type Mounted struct {
	ctx     context.Context
	outside *caller // who has mounted it
	inside  *caller // whose root it is, so that symbolic links stay in it
}

var _ WriteVolume = (*Mounted)(nil)

// Mount mounts the file system of a type on a device, with MNT_* flags. The context
// of all calls is ctx.
func Mount(ctx context.Context, k kernel.Kernel, fstype, device string, flags int32) (m *Mounted, err error) {
	m = &Mounted{ctx: ctx}
	if m.outside, err = newCaller(ctx, k); err != nil {
		return nil, err
	}
	if err := m.outside.mount(fstype, device, flags); err != nil {
		m.outside.process.Exit()
		return nil, err
	}
	if m.inside, err = newCaller(ctx, k); err == nil {
		err = m.inside.chroot()
	}
	if err != nil {
		_ = m.Close() // which fails for the same reason, if it does
		return nil, err
	}
	return m, nil
}

// Close unmounts it; then everything is in the image.
func (m *Mounted) Close() error {
	if m.inside != nil {
		m.inside.process.Exit()
	}
	defer m.outside.process.Exit()
	// The end of the process that has its root there may take a moment, and
	// whoever was interrupted wants it unmounted none the less.
	m.outside.ctx = context.WithoutCancel(m.ctx)
	return m.outside.unmount()
}

// A caller is a process with one thread, and its memory.
type caller struct {
	ctx     context.Context
	process kernel.Process
	thread  kernel.Thread
	mu      sync.Mutex
	mem     *abi.Bytes
}

func newCaller(ctx context.Context, k kernel.Kernel) (*caller, error) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "fs"})
	if err != nil {
		return nil, err
	}
	c := &caller{ctx: ctx, process: p, mem: &abi.Bytes{Base: base, Data: make([]byte, dataAt-base+dataN)}}
	if c.thread, err = p.NewThread(c.mem); err != nil {
		p.Exit()
		return nil, err
	}
	return c, nil
}

// at returns the memory at an address.
func (c *caller) at(a abi.Addr, n int) []byte { return c.mem.Data[a-base:][:n] }

// path puts a path where a call can take it from.
func (c *caller) path(a abi.Addr, path string) error {
	if len(path) >= netbsd.MAXPATHLEN {
		return netbsd.ENAMETOOLONG
	}
	copy(c.at(a, len(path)+1), path+"\x00")
	return nil
}

func (c *caller) mount(fstype, device string, flags int32) error {
	if err := c.path(pathAt, where); err != nil {
		return err
	}
	if err := syscalls.Mkdir(c.ctx, c.thread, pathAt, 0o755); err != nil && !errors.Is(err, netbsd.EEXIST) {
		return err
	}
	if err := c.path(nameAt, device); err != nil {
		return err
	}
	const typeAt = argsAt + 0x100
	if err := c.path(typeAt, fstype); err != nil {
		return err
	}
	args := netbsd.RumpUfsArgs{Fspec: nameAt}
	copy(c.at(argsAt, netbsd.SizeofRumpUfsArgs), abi.AsBytes(&args))
	return syscalls.Mount(c.ctx, c.thread, typeAt, pathAt, flags, argsAt, netbsd.SizeofRumpUfsArgs)
}

func (c *caller) unmount() error {
	if err := c.path(pathAt, where); err != nil {
		return err
	}
	return syscalls.Unmount(c.ctx, c.thread, pathAt, 0)
}

// chroot makes what is mounted the root of the process.
func (c *caller) chroot() error {
	if err := c.path(pathAt, where); err != nil {
		return err
	}
	if err := syscalls.Chroot(c.ctx, c.thread, pathAt); err != nil {
		return err
	}
	_, err := syscalls.Umask(c.ctx, c.thread, 0)
	return err
}

// Stat makes a stat(2) or lstat(2).
func (m *Mounted) Stat(path string, follow bool) (portable.Stat, error) {
	c := m.inside
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.path(pathAt, path); err != nil {
		return portable.Stat{}, err
	}
	call := syscalls.Lstat
	if follow {
		call = syscalls.Stat
	}
	if err := call(m.ctx, c.thread, pathAt, dataAt); err != nil {
		return portable.Stat{}, err
	}
	var st netbsd.Stat
	copy(abi.AsBytes(&st), c.at(dataAt, netbsd.SizeofStat))
	return portable.Stat{
		Dev: st.Dev, Mode: st.Mode, Ino: st.Ino, Nlink: st.Nlink, UID: st.UID, GID: st.GID, Rdev: st.Rdev,
		Atim: timespec(st.Atim), Mtim: timespec(st.Mtim), Ctim: timespec(st.Ctim), Birthtim: timespec(st.Birthtim),
		Size: st.Size, Blocks: st.Blocks, Blksize: st.Blksize, Flags: st.Flags, Gen: st.Gen,
	}, nil
}

func timespec(t netbsd.Timespec) portable.Timespec {
	return portable.Timespec{Sec: t.Sec, Nsec: int64(t.Nsec)}
}

// Names reads a directory.
func (m *Mounted) Names(path string) ([]string, error) {
	c := m.inside
	fd, err := c.open(path, netbsd.O_RDONLY|netbsd.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.close(fd) }()
	var names []string
	for {
		b, err := c.getdents(fd)
		if err != nil || len(b) == 0 {
			return names, err
		}
		for len(b) > 0 {
			var d netbsd.Dirent
			copy(abi.AsBytes(&d), b)
			if int(d.Reclen) == 0 || int(d.Reclen) > len(b) || int(d.Namlen) > len(d.Name) {
				return nil, netbsd.EIO
			}
			b = b[d.Reclen:]
			name := string(d.Name[:d.Namlen])
			if d.Fileno != 0 && d.Type != netbsd.DT_WHT && name != "." && name != ".." {
				names = append(names, name)
			}
		}
	}
}

// getdents returns the next entries of a directory.
func (c *caller) getdents(fd int32) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := syscalls.Getdents(c.ctx, c.thread, fd, dataAt, 64<<10)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), c.at(dataAt, int(n))...), nil
}

// Readlink makes a readlink(2).
func (m *Mounted) Readlink(path string) (string, error) {
	c := m.inside
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.path(pathAt, path); err != nil {
		return "", err
	}
	n, err := syscalls.Readlink(m.ctx, c.thread, pathAt, dataAt, netbsd.MAXPATHLEN)
	if err != nil {
		return "", err
	}
	return string(c.at(dataAt, n)), nil
}

// Mkdir makes a directory; the mode is not masked.
func (m *Mounted) Mkdir(path string, mode uint32) error {
	c := m.inside
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.path(pathAt, path); err != nil {
		return err
	}
	return syscalls.Mkdir(m.ctx, c.thread, pathAt, mode)
}

// Symlink makes a symbolic link.
func (m *Mounted) Symlink(to, path string) error {
	c := m.inside
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := errors.Join(c.path(pathAt, path), c.path(nameAt, to)); err != nil {
		return err
	}
	return syscalls.Symlink(m.ctx, c.thread, nameAt, pathAt)
}

// Open opens a file for reading.
func (m *Mounted) Open(path string) (File, error) {
	// A FIFO that nobody writes to would wait for that, without O_NONBLOCK.
	return m.inside.openFile(path, netbsd.O_RDONLY|netbsd.O_NONBLOCK, 0)
}

// Create makes a file.
func (m *Mounted) Create(path string, mode uint32) (Sink, error) {
	return m.inside.openFile(path, netbsd.O_WRONLY|netbsd.O_CREAT|netbsd.O_TRUNC, mode)
}

// A mountedFile is a descriptor.
type mountedFile struct {
	c   *caller
	fd  int32
	off int64 // where the next Read begins
}

func (c *caller) openFile(path string, flags int32, mode uint32) (*mountedFile, error) {
	fd, err := c.open(path, flags, mode)
	if err != nil {
		return nil, err
	}
	return &mountedFile{c: c, fd: fd}, nil
}

func (c *caller) open(path string, flags int32, mode uint32) (int32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.path(pathAt, path); err != nil {
		return -1, err
	}
	return syscalls.Open(c.ctx, c.thread, pathAt, flags, mode)
}

func (c *caller) close(fd int32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return syscalls.Close(c.ctx, c.thread, fd)
}

func (f *mountedFile) Close() error { return f.c.close(f.fd) }

func (f *mountedFile) Read(p []byte) (int, error) {
	c := f.c
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := syscalls.Pread(c.ctx, c.thread, f.fd, dataAt, uint(min(len(p), dataN)), f.off)
	switch {
	case err != nil:
		return 0, err
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	f.off += int64(n)
	return copy(p, c.at(dataAt, n)), nil
}

func (f *mountedFile) WriteAt(p []byte, off int64) (int, error) {
	c := f.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for done := 0; done < len(p); {
		n := copy(c.at(dataAt, dataN), p[done:])
		n, err := syscalls.Pwrite(c.ctx, c.thread, f.fd, dataAt, uint(n), off+int64(done))
		if err != nil {
			return done, err
		}
		done += n
	}
	return len(p), nil
}

// Sync makes an fsync(2).
func (f *mountedFile) Sync() error {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	return syscalls.Fsync(f.c.ctx, f.c.thread, f.fd)
}

func (f *mountedFile) Truncate(size int64) error {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	return syscalls.Ftruncate(f.c.ctx, f.c.thread, f.fd, size)
}

// Preserve sets the permissions, and when the file changed last.
func (f *mountedFile) Preserve(mode uint32, mtime portable.Timespec) error {
	c := f.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := syscalls.Fchmod(c.ctx, c.thread, f.fd, mode); err != nil {
		return err
	}
	for i := range 2 { // of the last access, and change
		t := netbsd.Timespec{Sec: mtime.Sec}
		set(&t.Nsec, mtime.Nsec)
		copy(c.at(argsAt+abi.Addr(i*netbsd.SizeofTimespec), netbsd.SizeofTimespec), abi.AsBytes(&t))
	}
	return syscalls.Futimens(c.ctx, c.thread, f.fd, argsAt)
}

// set stores a number in a long, which is not as wide on every machine.
func set[Long int32 | int64](to *Long, n int64) { *to = Long(n) }
