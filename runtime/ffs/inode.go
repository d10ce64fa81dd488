package ffs

import (
	"encoding/binary"
	"io"
	"io/fs"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// An Inode is a file of any kind. Its methods may be used by several goroutines
// at once.
type Inode struct {
	Ino uint64
	fs  *FS
	d   portable.Ufs2Dinode // also of version 1
}

// Root returns the root directory.
func (f *FS) Root() (*Inode, error) { return f.Inode(netbsd.UFS_ROOTINO) }

// Inode returns the file with a number. A CorruptError: there is no such number,
// or no file has it, or what is there cannot be a file.
func (f *FS) Inode(ino uint64) (*Inode, error) {
	at, err := f.inodeAt(ino)
	if err != nil {
		return nil, err
	}
	// Fragments are never smaller than an inode, and inodes do not straddle them.
	start := at - at%f.fsize
	b, err := f.block(start, int(f.fsize))
	if err != nil {
		return nil, err
	}
	n := &Inode{Ino: ino, fs: f}
	if f.v2 {
		err = n.d.Decode(f.target, b[at-start:])
	} else {
		err = n.decode1(b[at-start:])
	}
	if err != nil {
		return nil, err
	}
	return n, n.check()
}

// decode1 reads an inode of version 1.
func (n *Inode) decode1(b []byte) error {
	var d portable.Ufs1Dinode
	if err := d.Decode(n.fs.target, b); err != nil {
		return err
	}
	n.d = portable.Ufs2Dinode{
		Mode: d.Mode, Nlink: d.Nlink, UID: d.UID, GID: d.GID, Size: d.Size, Blocks: uint64(d.Blocks),
		Atime: int64(d.Atime), Atimensec: d.Atimensec,
		Mtime: int64(d.Mtime), Mtimensec: d.Mtimensec,
		Ctime: int64(d.Ctime), Ctimensec: d.Ctimensec,
		Gen: d.Gen, Flags: d.Flags, Modrev: d.Modrev,
	}
	if n.fs.oldInodes {
		n.d.UID, n.d.GID = uint32(d.Oldids[0]), uint32(d.Oldids[1])
	}
	for i, a := range d.Db {
		n.d.Db[i] = int64(a)
	}
	for i, a := range d.Ib {
		n.d.Ib[i] = int64(a)
	}
	return nil
}

// check finds what no file can have.
func (n *Inode) check() error {
	size := n.d.Size
	switch n.d.Mode & netbsd.IFMT {
	case netbsd.IFREG:
	case netbsd.IFDIR:
		// Its blocks are distinct, so it cannot be larger than what they are in.
		if size == 0 || size%netbsd.UFS_DIRBLKSIZ != 0 || size > netbsd.UFS_MAXDIRSIZE ||
			int64(size) > min(n.fs.size, n.fs.frags*n.fs.fsize) {
			return corrupt(n.Ino, "a directory of %d bytes", size)
		}
	case netbsd.IFLNK:
		if size >= netbsd.MAXPATHLEN {
			return corrupt(n.Ino, "a symbolic link of %d bytes", size)
		}
	case netbsd.IFCHR, netbsd.IFBLK, netbsd.IFIFO, netbsd.IFSOCK:
		return nil
	case 0:
		return corrupt(n.Ino, "it is not in use")
	default:
		return corrupt(n.Ino, "mode %#o", n.d.Mode)
	}
	if size > uint64(n.fs.maxSize) {
		return corrupt(n.Ino, "%d bytes are more than it can have", size)
	}
	return nil
}

func (n *Inode) isDir() bool     { return n.d.Mode&netbsd.IFMT == netbsd.IFDIR }
func (n *Inode) isSymlink() bool { return n.d.Mode&netbsd.IFMT == netbsd.IFLNK }

// Size returns the number of bytes in the file.
func (n *Inode) Size() int64 { return int64(n.d.Size) }

// Stat returns what fstat(2) does, but for st_dev.
func (n *Inode) Stat() portable.Stat {
	d := &n.d
	st := portable.Stat{
		Mode: uint32(d.Mode), Ino: n.Ino, Nlink: uint32(uint16(d.Nlink)), UID: d.UID, GID: d.GID,
		Atim:     portable.Timespec{Sec: d.Atime, Nsec: int64(d.Atimensec)},
		Mtim:     portable.Timespec{Sec: d.Mtime, Nsec: int64(d.Mtimensec)},
		Ctim:     portable.Timespec{Sec: d.Ctime, Nsec: int64(d.Ctimensec)},
		Birthtim: portable.Timespec{Sec: d.Birthtime, Nsec: int64(d.Birthnsec)},
		Size:     int64(d.Size), Blocks: int64(d.Blocks), Blksize: int32(n.fs.bsize),
		Flags: d.Flags, Gen: uint32(d.Gen),
		Rdev: netbsd.NODEV,
	}
	if kind := d.Mode & netbsd.IFMT; kind == netbsd.IFCHR || kind == netbsd.IFBLK {
		st.Rdev = uint64(d.Db[0])
		if !n.fs.v2 {
			st.Rdev = uint64(uint32(d.Db[0]))
		}
	}
	return st
}

// ModTime returns when the contents changed last.
func (n *Inode) ModTime() time.Time { return time.Unix(n.d.Mtime, int64(n.d.Mtimensec)) }

// FileMode returns the kind of the file and who may do what with it.
func (n *Inode) FileMode() fs.FileMode { return FileMode(uint32(n.d.Mode)) }

// FileMode returns what a member st_mode of NetBSD says.
func FileMode(mode uint32) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	for bit, is := range map[uint32]fs.FileMode{
		netbsd.ISUID: fs.ModeSetuid, netbsd.ISGID: fs.ModeSetgid, netbsd.ISVTX: fs.ModeSticky,
	} {
		if mode&bit != 0 {
			m |= is
		}
	}
	switch mode & netbsd.IFMT {
	case netbsd.IFREG:
	case netbsd.IFDIR:
		m |= fs.ModeDir
	case netbsd.IFLNK:
		m |= fs.ModeSymlink
	case netbsd.IFIFO:
		m |= fs.ModeNamedPipe
	case netbsd.IFSOCK:
		m |= fs.ModeSocket
	case netbsd.IFBLK:
		m |= fs.ModeDevice
	case netbsd.IFCHR:
		m |= fs.ModeDevice | fs.ModeCharDevice
	default:
		m |= fs.ModeIrregular
	}
	return m
}

// Readlink returns where a symbolic link leads; EINVAL for other files.
func (n *Inode) Readlink() (string, error) {
	if !n.isSymlink() {
		return "", netbsd.EINVAL
	}
	size := n.Size()
	inline := size < n.fs.shortlink || n.fs.shortlink == 0 && n.d.Blocks == 0
	if !inline {
		b, err := io.ReadAll(io.NewSectionReader(n, 0, size))
		return string(b), err
	}
	if size > n.fs.inlineSpace() {
		return "", corrupt(n.Ino, "a symbolic link of %d bytes without a block", size)
	}
	return string(n.inline()[:size]), nil
}

// inline returns the bytes in the place of the block addresses.
func (n *Inode) inline() []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if n.fs.target.BigEndian() {
		order = binary.BigEndian
	}
	b := make([]byte, 0, netbsd.UFS2_MAXSYMLINKLEN)
	for _, list := range [][]int64{n.d.Db[:], n.d.Ib[:]} {
		for _, a := range list {
			if n.fs.v2 {
				b = order.AppendUint64(b, uint64(a))
			} else {
				b = order.AppendUint32(b, uint32(a))
			}
		}
	}
	return b
}
