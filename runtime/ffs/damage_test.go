package ffs_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
	"github.com/abigen/abigen/runtime/ffs"
)

// counted is an image, and how much has been read of it.
type counted struct {
	*bytes.Reader
	bytes atomic.Int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.Reader.ReadAt(p, off)
}

// survey looks at all there is in an image that may be damaged, and returns the
// errors. It fails when they are of another kind than they should be, or when
// they were too long in coming.
func survey(t *testing.T, image []byte) (errs []error) {
	t.Helper()
	r := &counted{Reader: bytes.NewReader(image)}
	note := func(what string, err error) {
		var errno netbsd.Errno
		switch {
		case err == nil || errors.Is(err, io.EOF):
		case errors.Is(err, ffs.ErrCorrupt), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &errno), errors.Is(err, ffs.ErrNotFFS),
			!fs.ValidPath(what): // io/fs has no way to such names
			errs = append(errs, err)
		default:
			t.Errorf("%s: %v", what, err)
		}
	}
	fsys, err := ffs.Open(r, int64(len(image)))
	note("open", err)
	if err != nil {
		return errs
	}
	_ = fsys.Info()
	_ = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		note(path, err)
		if d == nil || err != nil {
			return nil
		}
		info, err := d.Info()
		note(path, err)
		if err != nil {
			return nil
		}
		n := info.Sys().(*ffs.Inode)
		_ = n.Stat()
		switch d.Type() {
		case 0:
			note(path, look(n))
		case fs.ModeSymlink:
			_, err := fsys.ReadLink(path)
			note(path, err)
			_, err = fsys.Stat(path)
			note(path, err)
		}
		return nil
	})
	if most := int64(1000 * len(image)); r.bytes.Load() > most {
		t.Errorf("%d bytes were read of an image of %d", r.bytes.Load(), len(image))
	}
	return errs
}

// look reads the beginning and the end of a file, and where its first holes are.
func look(n *ffs.Inode) error {
	b := make([]byte, 20000)
	if _, err := n.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := n.ReadAt(b, max(0, n.Size()-int64(len(b)))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	off := int64(0)
	for range 20 {
		start, end, err := n.NextData(off)
		if err != nil {
			return err
		}
		if start < off || end <= start || end > n.Size() {
			return errors.New("data outside of the file")
		}
		off = end
	}
	return nil
}

var rounds = flag.Int("damage", 40, "`number` of damaged versions of each image that TestDamage makes")

// Bytes of all parts of an image are changed, most often those that lead to
// others. Errors come of it, and nothing worse.
func TestDamage(t *testing.T) {
	for i, name := range images {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := image(t, name)
			if errs := survey(t, whole); !onlyOf(errs, netbsd.ENOENT, netbsd.ELOOP) {
				t.Fatal(errs)
			}
			superblock, inodes, end := metadata(t, name, whole)
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			failed, count := 0, *rounds
			if testing.Short() {
				count /= 4
			}
			for range count {
				b := slices.Clone(whole)
				for range 1 + rnd.IntN(20) {
					switch rnd.IntN(8) {
					case 0:
						b[superblock+rnd.IntN(1376)] = byte(rnd.Uint32())
					case 1, 2, 3:
						b[inodes+rnd.IntN(end-inodes)] ^= 1 << rnd.IntN(8)
					case 4:
						at := inodes + rnd.IntN(end-inodes)&^7
						binary.LittleEndian.PutUint64(b[at:], rnd.Uint64()>>rnd.IntN(64))
					default:
						b[end+rnd.IntN(len(b)-end)] = byte(rnd.Uint32())
					}
				}
				if rnd.IntN(10) == 0 {
					b = b[:rnd.IntN(len(b))]
				}
				if errs := survey(t, b); !onlyOf(errs, netbsd.ENOENT, netbsd.ELOOP) {
					failed++
				}
			}
			if failed < count/5 {
				t.Errorf("in %d of %d damaged images nothing was found", count-failed, count)
			}
		})
	}
}

// metadata returns where in an image the superblock and the inodes in use are.
func metadata(t *testing.T, name string, image []byte) (superblock, inodes, end int) {
	t.Helper()
	target, size := portable.AMD64, netbsd.DINODE1_SIZE
	if name[1] == '2' {
		size = netbsd.DINODE2_SIZE
	}
	if name[2:] == "be" {
		target = portable.SPARC64
	}
	superblock = netbsd.SBLOCK_UFS1 // makefs knows no other place
	var sb portable.Fs
	if err := sb.Decode(target, image[superblock:]); err != nil || sb.Sblockloc != int64(superblock) {
		t.Fatal(sb.Sblockloc, err)
	}
	const used = 44
	inodes = int(sb.Iblkno) * int(sb.Fsize)
	return superblock, inodes, inodes + used*size
}

func onlyOf(errs []error, of ...error) bool {
	return !slices.ContainsFunc(errs, func(err error) bool {
		return !slices.ContainsFunc(of, func(o error) bool { return errors.Is(err, o) })
	})
}

// FuzzImage changes an image: each five bytes are the place of a change, in four,
// and what is there then.
func FuzzImage(f *testing.F) {
	var whole [][]byte
	for i, name := range append(images[:len(images):len(images)], "sparse1be", "sparse2le", "journal2le", "old1be") {
		whole = append(whole, image(f, name))
		f.Add(uint8(i), []byte{})
		f.Add(uint8(i), []byte{0x00, 0x20, 0, 0, 1, 0x00, 0x00, 1, 0, 1})
	}
	f.Fuzz(func(t *testing.T, which uint8, changes []byte) {
		b := slices.Clone(whole[int(which)%len(whole)])
		for ; len(changes) >= 5; changes = changes[5:] {
			b[int(binary.LittleEndian.Uint32(changes))%len(b)] = changes[4]
		}
		survey(t, b)
	})
}
