// Package lock is abigen.lock: what the generated files were made from, as
// hashes, so that a run with nothing to do finds that out without parsing a
// header. The file is committed; two people who generate from the same inputs
// get the same lock.
package lock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Name is the file's name, beside abigen.yaml.
const Name = "abigen.lock"

// version is that of this format.
const version = 1

// A Lock is the content of abigen.lock. Hashes are SHA-256 in hexadecimal.
type Lock struct {
	Version int                 `json:"version"`
	Tool    string              `json:"tool"`    // version of the generator
	Config  map[string]string   `json:"config"`  // hash of each file of the user's: configuration, texts, own headers
	Headers map[string]*Headers `json:"headers"` // by name of the system
	Files   map[string]string   `json:"files"`   // hash of each generated file
}

// Headers are the files read from one system's sysroot.
type Headers struct {
	Sysroot string   `json:"sysroot"` // such as "ziglang 0.15.2"
	Hash    string   `json:"hash"`    // of all the files, by [HashHeaders]
	Files   []string `json:"files"`   // their paths in the sysroot, sorted
}

// New returns an empty Lock of the tool's version.
func New(tool string) *Lock {
	return &Lock{Version: version, Tool: tool, Config: map[string]string{}, Headers: map[string]*Headers{}, Files: map[string]string{}}
}

// Read reads the lock in dir. Without one, or with one of another version, it
// returns nil: everything is then to be made anew.
func Read(dir string) (*Lock, error) {
	data, err := os.ReadFile(filepath.Join(dir, Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := new(Lock)
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): remove it and generate again", Name, err)
	}
	if l.Version != version {
		return nil, nil
	}
	return l, nil
}

// Bytes returns the file's content.
func (l *Lock) Bytes() ([]byte, error) {
	data, err := json.MarshalIndent(l, "", "\t")
	return append(data, '\n'), err
}

// Equal tells whether two locks say the same.
func (l *Lock) Equal(m *Lock) bool {
	a, errA := l.Bytes()
	b, errB := m.Bytes()
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// Hash returns the hash of data.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// buffers keep what is read of a file: a run with nothing to do reads thousands,
// and should not take a new buffer for each.
var buffers = sync.Pool{New: func() any { return new([1 << 15]byte) }}

// HashFile returns the hash of a file, read in small pieces.
func HashFile(fsys fs.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	buf := buffers.Get().(*[1 << 15]byte)
	defer buffers.Put(buf)
	h := sha256.New()
	for {
		n, err := f.Read(buf[:])
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// HashHeaders returns one hash over the names and contents of the files,
// which it sorts first. There are several file systems when the targets of a
// system see different ones; each must have a file that no other has.
func HashHeaders(names []string, views ...fs.FS) (string, error) {
	slices.Sort(names)
	all := sha256.New()
	for _, name := range names {
		found := false
		for _, fsys := range views {
			switch sum, err := HashFile(fsys, name); {
			case err == nil:
				found = true
				fmt.Fprintf(all, "%s  %s\n", sum, name)
			case errors.Is(err, fs.ErrNotExist) && len(views) > 1:
				fmt.Fprintf(all, "none  %s\n", name)
			default:
				return "", err
			}
		}
		if !found {
			return "", &fs.PathError{Op: "hash", Path: name, Err: fs.ErrNotExist}
		}
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
