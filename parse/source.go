package parse

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/sysroot"
)

// diskPrefix marks, among the names that cc opens, a file given by its path
// instead of one of the sysroot. The path follows, absolute and with slashes,
// so that cc resolves "../x.h" beside it as it does for any file.
const diskPrefix = "+"

// sources is the file system that cc reads: the sysroot, and the directories of
// the headers given as paths. Every file is rewritten on the way.
type sources struct {
	inc   *sysroot.Includes
	limit int64 // of one file, in bytes
	cache *fileCache
	disk  map[string]string // from the directory of a header given as a path to what stands for it in positions

	files   []string // every file entered, as cc names it, in order
	seen    map[string]bool
	onces   map[string]bool // files with #pragma once
	bytes   int64           // read so far
	problem *Error          // why a file must not reach cc's parser
	danger  bool            // a file must not reach cc's parser before it was preprocessed
}

// Open implements fs.FS for cc.
func (s *sources) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, missingDir+"/") {
		return &missingFile{memFile{name: path.Base(name), Reader: bytes.NewReader([]byte(pragmaEnter))}}, nil
	}
	src, err := s.read(name)
	if err != nil {
		return nil, err
	}
	s.bytes += int64(len(src.text))
	if src.err != "" && s.problem == nil {
		s.problem = &Error{Pos: ctype.Pos{File: s.name(name), Line: src.errLine}, Msg: src.err}
	}
	s.danger = s.danger || src.danger
	if s.problem != nil {
		// Only the pragma by which the parser notices.
		return &memFile{name: path.Base(name), Reader: bytes.NewReader([]byte(pragmaEnter))}, nil
	}
	return &memFile{name: path.Base(name), Reader: bytes.NewReader(src.text)}, nil
}

// read returns a rewritten file.
func (s *sources) read(name string) (*source, error) {
	if src := s.cache.get(name); src != nil {
		return src, nil
	}
	// Only a regular file is opened: opening a FIFO waits for a writer, and a
	// device has no end.
	fsys, file := s.inc.FS, name
	if p, ok := strings.CutPrefix(name, diskPrefix); ok {
		dir, base := filepath.Split(filepath.FromSlash(p))
		fsys, file = os.DirFS(dir), base
	}
	if info, err := fs.Stat(fsys, file); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	f, err := fsys.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, s.limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > s.limit {
		// Not cached: the limit can differ from call to call.
		return &source{text: []byte(pragmaEnter), err: fmt.Sprintf("header is larger than %d bytes", s.limit)}, nil
	}
	src := rewrite(b)
	s.cache.put(name, src)
	return src, nil
}

// name returns how positions name the file that cc calls name: as a program
// includes it.
func (s *sources) name(name string) string {
	p, ok := strings.CutPrefix(name, diskPrefix)
	if !ok {
		if n, ok := s.inc.IncludeName(name); ok {
			return n
		}
		return name
	}
	best, bestDir := path.Base(p), ""
	for dir, prefix := range s.disk {
		if rest, ok := strings.CutPrefix(p, dir+"/"); ok && len(dir) > len(bestDir) {
			best, bestDir = path.Join(prefix, rest), dir
		}
	}
	if bestDir != "" {
		return best
	}
	// A file beside the directory, reached by "../": relative to the one of
	// the directories that sorts first, so that the answer is always the same.
	first := ""
	for dir := range s.disk {
		if first == "" || dir < first {
			first = dir
		}
	}
	if rel, err := filepath.Rel(filepath.FromSlash(first), filepath.FromSlash(p)); err == nil && first != "" {
		return path.Join(s.disk[first], filepath.ToSlash(rel))
	}
	return best
}

// enter notes that cc begins to read a file.
func (s *sources) enter(name string) {
	if !s.seen[name] {
		s.seen[name] = true
		s.files = append(s.files, name)
	}
}

// once notes a file with #pragma once.
func (s *sources) once(name string) {
	if s.onces == nil {
		s.onces = make(map[string]bool)
	}
	s.onces[name] = true
}

// addDisk takes a header given as a path and returns the name that cc opens it
// by.
func (s *sources) addDisk(header string) (string, error) {
	abs, err := filepath.Abs(header)
	if err != nil {
		return "", err
	}
	abs = filepath.ToSlash(abs)
	// Positions name the file without the directory it was found in, which
	// may be a path of this machine.
	s.disk[path.Dir(abs)] = ""
	return diskPrefix + abs, nil
}

// memFile is an open file in memory.
type memFile struct {
	*bytes.Reader
	name string
}

func (f *memFile) Close() error               { return nil }
func (f *memFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *memFile) Name() string               { return f.name }
func (f *memFile) Mode() fs.FileMode          { return 0o444 }
func (f *memFile) ModTime() time.Time         { return time.Time{} }
func (f *memFile) IsDir() bool                { return false }
func (f *memFile) Sys() any                   { return nil }

// missingFile stands for a header that is not there. It can be included, but
// __has_include, which asks for its Stat, does not see it.
type missingFile struct{ memFile }

// Stat implements fs.File.
func (f *missingFile) Stat() (fs.FileInfo, error) { return nil, fs.ErrNotExist }

// fileCache keeps rewritten headers. Groups of one target read many of the same
// files.
type fileCache struct {
	mu    sync.Mutex
	files map[string]*source
}

func newFileCache() *fileCache { return &fileCache{files: make(map[string]*source)} }

func (c *fileCache) get(name string) *source {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.files[name]
}

func (c *fileCache) put(name string, src *source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files[name] = src
}
