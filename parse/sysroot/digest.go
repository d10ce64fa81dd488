package sysroot

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"reflect"
)

// A Digester computes hashes of headers, reading a file that several targets
// share only once. The zero value is ready for use. It is not safe for
// concurrent use.
type Digester struct {
	files map[fileKey][sha256.Size]byte
	hash  hash.Hash
	buf   []byte
}

type fileKey struct {
	fsys fs.FS
	path string
}

// Sum returns a hash, in hexadecimal, of all that decides what reading the
// named headers gives: the predefined macros and, for each name (as a program
// includes it; [ctype.Unit] Files), the contents of the files of that name in
// every one of inc.Dirs, because an #include_next may have read more than one,
// and because a file that appears in an earlier directory hides a later one.
// It is an error when no directory has such a file.
//
// The hash does not depend on where the files are, nor on their times.
func (d *Digester) Sum(inc *Includes, names []string) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %d\n%s", inc.Target, len(inc.Dirs), inc.Predefined)
	for _, name := range names {
		found := false
		for i, dir := range inc.Dirs {
			p := path.Join(dir, name)
			if !fs.ValidPath(p) || !isFile(inc.FS, p) {
				continue
			}
			h, err := d.file(inc.FS, p)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(sum, "%q %d %x\n", name, i, h)
			found = true
		}
		if !found {
			return "", &fs.PathError{Op: "include", Path: name, Err: fs.ErrNotExist}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// file returns the hash of one file.
func (d *Digester) file(fsys fs.FS, p string) (sum [sha256.Size]byte, err error) {
	// Some file systems, a map for one, cannot be part of a key.
	shared := reflect.ValueOf(fsys).Comparable()
	if shared {
		if sum, ok := d.files[fileKey{fsys, p}]; ok {
			return sum, nil
		}
	}
	if d.hash == nil {
		d.files = map[fileKey][sha256.Size]byte{}
		d.hash = sha256.New()
		d.buf = make([]byte, 64<<10)
	}
	f, err := fsys.Open(p)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	d.hash.Reset()
	// Hiding File's other methods keeps io.CopyBuffer to our buffer.
	if _, err := io.CopyBuffer(d.hash, struct{ io.Reader }{f}, d.buf); err != nil {
		return sum, err
	}
	d.hash.Sum(sum[:0])
	if shared {
		d.files[fileKey{fsys, p}] = sum
	}
	return sum, nil
}
