package ffs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
	"github.com/abigen/abigen/runtime/ffs"
)

// change decodes the superblock at 8192, lets f change it, and returns an image
// with what came of that in its place.
func change(t *testing.T, image []byte, target portable.Target, f func(*portable.Fs)) []byte {
	t.Helper()
	var sb portable.Fs
	if err := sb.Decode(target, image[netbsd.SBLOCK_UFS1:]); err != nil {
		t.Fatal(err)
	}
	f(&sb)
	image = slices.Clone(image)
	if err := sb.Encode(target, image[netbsd.SBLOCK_UFS1:]); err != nil {
		t.Fatal(err)
	}
	return image
}

// The superblock is found in each place where one can be, and its copies are not
// taken for it.
func TestPlaces(t *testing.T) {
	whole := image(t, "sparse2le")
	for _, place := range []int{netbsd.SBLOCK_UFS2, netbsd.SBLOCK_UFS1, netbsd.SBLOCK_FLOPPY, netbsd.SBLOCK_PIGGY} {
		b := change(t, whole, portable.AMD64, func(sb *portable.Fs) { sb.Sblockloc = int64(place) })
		if place != netbsd.SBLOCK_UFS1 {
			from := b[netbsd.SBLOCK_UFS1:][:netbsd.SBLOCKSIZE]
			if _, err := ffs.Open(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ffs.ErrNotFFS) {
				t.Errorf("a copy of a superblock: %v", err)
			}
			copy(b[place:], from) // over what is in the file, or nothing
		}
		if _, err := openBytes(t, b).Lookup("sparse", false); err != nil {
			t.Errorf("at %d: %v", place, err)
		}
	}
}

// old makes of an image of version 1 one as 4.2BSD had them: with nothing new in the
// superblock, user ids of 16 bits, and directory entries without types.
func old(t *testing.T, image []byte, target portable.Target) []byte {
	t.Helper()
	inodes, count := 0, 0
	var sb portable.Fs
	image = change(t, image, target, func(s *portable.Fs) {
		s.OldFlags &^= netbsd.FS_FLAGS_UPDATED
		s.Sblockloc, s.Dsize, s.Csaddr, s.Flags = 0, 0, 0, 0
		s.Size = 1 // of which NetBSD's kernel only wants that it is not 0
		s.OldInodefmt, s.Maxsymlinklen = netbsd.FS_42INODEFMT, 0
		inodes, count, sb = int(s.Iblkno*s.Fsize), int(s.Ipg), *s
	})
	for i := range count {
		b := image[inodes+i*netbsd.DINODE1_SIZE:]
		var d portable.Ufs1Dinode
		if err := d.Decode(target, b); err != nil {
			t.Fatal(err)
		}
		d.Oldids, d.UID, d.GID = [2]uint16{uint16(d.UID), uint16(d.GID)}, 0, 0
		if err := d.Encode(target, b); err != nil {
			t.Fatal(err)
		}
		if d.Mode&netbsd.IFMT != netbsd.IFDIR {
			continue
		}
		for left := int(d.Size); left > 0; left -= netbsd.UFS_DIRBLKSIZ {
			if d.Size > uint64(sb.Bsize) {
				t.Fatal("a directory of several blocks")
			}
			chunk := image[int(d.Db[0]*sb.Fsize)+int(d.Size)-left:][:netbsd.UFS_DIRBLKSIZ]
			untype(t, chunk, target)
		}
	}
	return image
}

// untype makes the length of each name in a chunk of a directory one of 16 bits.
func untype(t *testing.T, chunk []byte, target portable.Target) {
	t.Helper()
	for len(chunk) > 0 {
		var d portable.Direct
		var whole [netbsd.SizeofDirect]byte
		copy(whole[:], chunk)
		if err := d.Decode(target, whole[:]); err != nil || d.Reclen == 0 {
			t.Fatal(d, err)
		}
		d.Type = 0
		if !target.BigEndian() {
			d.Type, d.Namlen = d.Namlen, 0
		}
		if err := d.Encode(target, whole[:]); err != nil {
			t.Fatal(err)
		}
		copy(chunk[:min(len(chunk), int(d.Reclen))], whole[:])
		chunk = chunk[d.Reclen:]
	}
}

// oldTree is what fits into the inodes of 4.2BSD.
func oldTree() map[string]node {
	t := tree()
	for path, n := range t {
		if n.link != "" || n.mode&netbsd.S_IFMT == netbsd.S_IFLNK && len(n.to) >= 60 {
			delete(t, path)
			continue
		}
		n.uid, n.gid = n.uid%60000, n.gid%60000
		t[path] = n
	}
	return t
}

// Images as 4.2BSD made them are readable. NetBSD's kernel reads those in
// testdata, too.
func TestOld(t *testing.T) {
	want := oldTree()
	for name, target := range map[string]portable.Target{"old1le": portable.AMD64, "old1be": portable.SPARC64} {
		if *update {
			compress(t, name, old(t, makeImage(t, want, "1", name[4:]), target))
		}
		t.Run(name, func(t *testing.T) { hasTree(t, openBytes(t, image(t, name)), want) })
	}
}

// A snapshot has the blocks of the file system that it does not have itself.
func TestSnapshot(t *testing.T) {
	whole := image(t, "sparse2le")
	n, err := openBytes(t, whole).Lookup("sparse", false)
	if err != nil {
		t.Fatal(err)
	}
	behind := readAll(t, n, 12*4096, 4096)
	_, inodes, _ := metadata(t, "v2le", whole)
	b := slices.Clone(whole)
	var d portable.Ufs2Dinode
	at := b[inodes+int(n.Ino)*netbsd.DINODE2_SIZE:]
	if err := d.Decode(portable.AMD64, at); err != nil {
		t.Fatal(err)
	}
	d.Flags |= netbsd.SF_SNAPSHOT
	d.Size = uint64(len(b))
	d.Db[5] = 1 // BLK_NOCOPY: no block of the snapshot
	if err := d.Encode(portable.AMD64, at); err != nil {
		t.Fatal(err)
	}
	if n, err = openBytes(t, b).Inode(n.Ino); err != nil {
		t.Fatal(err)
	}
	got, want := readAll(t, n, 0, n.Size()), slices.Clone(b)
	copy(want[12*4096:], behind) // the first block with an indirect one
	for i, addr := range d.Db {
		block := want[4096*i:][:4096]
		switch {
		case addr == 1:
			clear(block)
		case addr != 0:
			copy(block, b[512*addr:])
		}
	}
	if !bytes.Equal(got, want) {
		t.Error("the snapshot is not the image")
	}
}

// Of an image whose kernel has stopped, what is in the journal counts. NetBSD's
// kernel has made a hundred files in these, in one with the journal in a file, in the
// other behind the file system; and where what is in the journal belongs, there is
// something else.
func TestJournal(t *testing.T) {
	for _, name := range []string{"journal1le", "journal2le"} {
		t.Run(name, func(t *testing.T) {
			whole := image(t, name)
			fsys := openBytes(t, whole)
			if info := fsys.Info(); !info.Journal || !info.Clean {
				t.Errorf("%+v", info)
			}
			for i := range 100 {
				n, err := fsys.Lookup(fmt.Sprintf("dir%d/file%d", i/10, i), false)
				if err != nil || n.Size() != int64(len(fmt.Sprintf("file %d\n", i))) {
					t.Errorf("file%d: %v", i, err)
				}
			}
			b := change(t, whole, portable.AMD64, func(sb *portable.Fs) { sb.Flags &^= netbsd.FS_DOWAPBL })
			if _, err := ffs.Open(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ffs.ErrCorrupt) {
				t.Errorf("without the journal: %v", err)
			}
		})
	}
}

// What is wrong with a journal is said.
func TestJournalDamage(t *testing.T) {
	whole := image(t, "journal2le")
	var start int
	change(t, whole, portable.AMD64, func(sb *portable.Fs) { start = int(sb.Journallocs[0] * sb.Journallocs[2]) })
	header := func(f func(h *portable.WapblWcHeader)) []byte {
		b := slices.Clone(whole)
		for _, at := range []int{start, start + 512} {
			var h portable.WapblWcHeader
			if err := h.Decode(portable.AMD64, b[at:]); err != nil {
				t.Fatal(err)
			}
			f(&h)
			if err := h.Encode(portable.AMD64, b[at:]); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	for name, b := range map[string][]byte{
		"version":  change(t, whole, portable.AMD64, func(sb *portable.Fs) { sb.JournalVersion = 7 }),
		"location": change(t, whole, portable.AMD64, func(sb *portable.Fs) { sb.JournalLocation = 7 }),
		"address":  change(t, whole, portable.AMD64, func(sb *portable.Fs) { sb.Journallocs[0] = 1 << 60 }),
		"count":    change(t, whole, portable.AMD64, func(sb *portable.Fs) { sb.Journallocs[1] = 1 }),
		"unit":     change(t, whole, portable.AMD64, func(sb *portable.Fs) { sb.Journallocs[2] = 1000 }),
		"end":      whole[:start+100],
		"magic":    header(func(h *portable.WapblWcHeader) { h.Type++ }),
		"shift":    header(func(h *portable.WapblWcHeader) { h.LogDevBshift = 200 }),
		"blocks":   header(func(h *portable.WapblWcHeader) { h.FsDevBshift = 8 }),
		"ring":     header(func(h *portable.WapblWcHeader) { h.CircSize = 1 << 62 }),
		"head":     header(func(h *portable.WapblWcHeader) { h.Head = -512 }),
		"tail":     header(func(h *portable.WapblWcHeader) { h.Tail += 512 }),
	} {
		_, err := ffs.Open(bytes.NewReader(b), int64(len(b)))
		if !errors.Is(err, ffs.ErrCorrupt) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rnd := rand.New(rand.NewPCG(2, 3))
	for range *rounds / 2 {
		b := slices.Clone(whole)
		for range 1 + rnd.IntN(30) {
			b[start+1024+rnd.IntN(150000)] ^= 1 << rnd.IntN(8)
		}
		survey(t, b)
	}
}
