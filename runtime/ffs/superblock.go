package ffs

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// geometry is what the superblock says, in the units that are needed, and
// checked: no number made of these leaves the range of an int64.
type geometry struct {
	target portable.Target // one with the byte order of the file system
	v2     bool            // 64-bit block addresses, and inodes of 256 bytes

	bsize, fsize int64 // bytes of a block and a fragment
	frag         int64 // fragments of a block
	frags        int64 // fragments of the file system
	groups       int64 // cylinder groups
	fpg, ipg     int64 // fragments and inodes of a group
	inodes       int64 // where the inodes of a group begin, a fragment
	stagger      int64 // how far old version 1 moves that from group to group
	staggerMask  int64
	nindir       int64 // addresses in an indirect block
	shortlink    int64 // symbolic links that are shorter are in the inode
	oldInodes    bool  // user ids are where 4.2BSD had them
	oldEntries   bool  // those of directories have no type
	maxSize      int64 // of a file, as far as its block addresses reach
}

// places are where a superblock may be, in the order in which NetBSD looks.
var places = [...]int64{netbsd.SBLOCK_UFS2, netbsd.SBLOCK_UFS1, netbsd.SBLOCK_FLOPPY, netbsd.SBLOCK_PIGGY}

// findSuperblock returns the superblock of the file system in r.
func findSuperblock(r io.ReaderAt) (*portable.Fs, *geometry, error) {
	var first error
	for _, at := range places {
		b := make([]byte, netbsd.SBLOCKSIZE)
		if n, err := r.ReadAt(b, at); n < len(b) {
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, nil, err
			}
			continue
		}
		sb, target := decodeSuperblock(b, at)
		if sb == nil {
			continue
		}
		g, err := newGeometry(sb, target)
		if err == nil {
			return sb, g, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = ErrNotFFS
	}
	return nil, nil, first
}

// decodeSuperblock returns the superblock in b, which was read from at; nil when
// there is none, or one that is the copy of another.
func decodeSuperblock(b []byte, at int64) (*portable.Fs, portable.Target) {
	for _, target := range []portable.Target{portable.AMD64, portable.SPARC64} {
		sb := new(portable.Fs)
		if sb.Decode(target, b) != nil {
			continue
		}
		switch sb.Magic {
		case netbsd.FS_UFS1_MAGIC:
			if sb.OldFlags&netbsd.FS_FLAGS_UPDATED == 0 {
				if at == netbsd.SBLOCK_UFS2 {
					return nil, 0 // with blocks of 64 KB, the first copy is here
				}
				modernize(sb, at)
			}
		case netbsd.FS_UFS2_MAGIC, netbsd.FS_UFS2EA_MAGIC:
		default:
			continue
		}
		if sb.Sblockloc != at {
			return nil, 0
		}
		return sb, target
	}
	return nil, 0
}

// modernize fills in the members of the superblock that version 1 had elsewhere
// before there was a version 2.
func modernize(sb *portable.Fs, at int64) {
	sb.Sblockloc = at
	sb.Size = int64(sb.OldSize)
	sb.Time = int64(sb.OldTime)
	sb.Flags = uint32(sb.OldFlags)
}

// newGeometry checks the superblock.
func newGeometry(sb *portable.Fs, target portable.Target) (*geometry, error) {
	g := &geometry{
		target: target, v2: sb.Magic != netbsd.FS_UFS1_MAGIC,
		bsize: int64(sb.Bsize), fsize: int64(sb.Fsize), frag: int64(sb.Frag), frags: sb.Size,
		groups: int64(sb.Ncg), fpg: int64(sb.Fpg), ipg: int64(sb.Ipg), inodes: int64(sb.Iblkno),
		shortlink: int64(sb.Maxsymlinklen), oldEntries: sb.Maxsymlinklen <= 0,
	}
	size, address := int64(netbsd.DINODE1_SIZE), int64(4)
	if g.v2 {
		size, address = netbsd.DINODE2_SIZE, 8
	} else {
		g.stagger, g.staggerMask = int64(sb.OldCgoffset), int64(sb.OldCgmask)
		g.oldInodes = sb.OldInodefmt < netbsd.FS_44INODEFMT
	}
	for _, c := range []struct {
		ok   bool
		what string
		is   int64
	}{
		{powerOf2(g.bsize) && g.bsize >= netbsd.MINBSIZE && g.bsize <= netbsd.MAXBSIZE, "size of a block", g.bsize},
		{powerOf2(g.fsize) && g.fsize >= netbsd.DEV_BSIZE && g.fsize <= g.bsize, "size of a fragment", g.fsize},
		{g.frag > 0 && g.frag <= netbsd.MAXFRAG && g.frag*g.fsize == g.bsize, "number of fragments in a block", g.frag},
		{g.frags > 0 && g.frags <= math.MaxInt64/g.bsize, "size", g.frags},
		{g.fpg > 0, "fragments of a group", g.fpg},
		{g.groups > 0 && (g.groups-1) <= g.frags/max(g.fpg, 1), "number of groups", g.groups},
		{g.ipg > 0 && g.ipg <= g.fpg*(g.fsize/size), "inodes of a group", g.ipg},
		{int64(sb.Inopb) == g.bsize/size, "inodes of a block", int64(sb.Inopb)},
		{int64(sb.Nindir) == g.bsize/address, "addresses of a block", int64(sb.Nindir)},
		{g.inodes > 0 && g.inodes < g.fpg, "place of the inodes", g.inodes},
		{g.stagger >= 0 && g.stagger < g.fpg, "distance of the inodes from those of the group before", g.stagger},
		{g.shortlink <= g.inlineSpace(), "length of short symbolic links", g.shortlink},
	} {
		if !c.ok {
			return nil, corrupt(0, "%s: %d", c.what, c.is)
		}
	}
	g.nindir = g.bsize / address
	g.maxSize = (netbsd.UFS_NDADDR + g.nindir + g.nindir*g.nindir + g.nindir*g.nindir*g.nindir) * g.bsize
	return g, nil
}

func powerOf2(n int64) bool { return n > 0 && bits.OnesCount64(uint64(n)) == 1 }

// inlineSpace returns how long a symbolic link in an inode can be.
func (g *geometry) inlineSpace() int64 {
	if g.v2 {
		return netbsd.UFS2_MAXSYMLINKLEN
	}
	return netbsd.UFS1_MAXSYMLINKLEN
}

// inodeAt returns where inode ino is, a byte of the image.
func (g *geometry) inodeAt(ino uint64) (int64, error) {
	group, index := int64(ino)/g.ipg, int64(ino)%g.ipg
	if ino < netbsd.UFS_WINO || ino > math.MaxUint32 || group >= g.groups {
		return 0, corrupt(ino, "there are %d inodes", g.groups*g.ipg)
	}
	size := int64(netbsd.DINODE1_SIZE)
	if g.v2 {
		size = netbsd.DINODE2_SIZE
	}
	at := group*g.fpg + g.stagger*(group&^g.staggerMask) + g.inodes
	at = at*g.fsize + index*size
	if at < 0 || at > g.frags*g.fsize-size {
		return 0, corrupt(ino, "its group is beyond the end of the file system")
	}
	return at, nil
}

// Info is what the superblock says about a file system.
type Info struct {
	Version      int    // 1 or 2
	BigEndian    bool   // its byte order
	BlockSize    int    // bytes
	FragmentSize int    // bytes, the least that is allocated
	Size         int64  // bytes
	Inodes       int64  // those in use, and those not
	VolumeName   string // often empty
	MountedOn    string // where it was last

	// Clean tells that it was unmounted properly, or has a Journal that
	// makes up for it. When it is not, files may be missing, old or damaged.
	Clean   bool
	Journal bool
}

// Info returns what the superblock says.
func (f *FS) Info() Info {
	i := Info{
		Version: 1, BigEndian: f.target.BigEndian(), BlockSize: int(f.bsize), FragmentSize: int(f.fsize),
		Size: f.frags * f.fsize, Inodes: f.groups * f.ipg,
		VolumeName: cString(f.sb.Volname[:]), MountedOn: cString(f.sb.Fsmnt[:]),
		Journal: f.sb.Flags&netbsd.FS_DOWAPBL != 0,
	}
	// With a journal it counts whether it was clean before that was begun.
	i.Clean = f.sb.Clean&netbsd.FS_ISCLEAN != 0 || i.Journal && f.sb.Clean&netbsd.FS_WASCLEAN != 0
	if f.v2 {
		i.Version = 2
	}
	return i
}

// String returns, for instance, "FFSv2, little-endian, 16384-byte blocks, 2048-byte fragments".
func (i Info) String() string {
	order := "little-endian"
	if i.BigEndian {
		order = "big-endian"
	}
	return fmt.Sprintf("FFSv%d, %s, %d-byte blocks, %d-byte fragments", i.Version, order, i.BlockSize, i.FragmentSize)
}

func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
