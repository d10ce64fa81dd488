package lock

import (
	"io/fs"
	"slices"
	"sync"
)

// A Recorder is a file system that remembers which files were read through
// it: those, and no others, are what a result depends on.
type Recorder struct {
	fsys fs.FS

	mu    sync.Mutex
	names map[string]bool
}

// Record returns a Recorder of what is read from fsys.
func Record(fsys fs.FS) *Recorder {
	return &Recorder{fsys: fsys, names: map[string]bool{}}
}

// Open opens a file of the recorded file system and, when that is a regular
// file, remembers its name.
func (r *Recorder) Open(name string) (fs.File, error) {
	f, err := r.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		r.mu.Lock()
		r.names[name] = true
		r.mu.Unlock()
	}
	return f, nil
}

// Stat looks a file up without remembering it: to learn that a header exists
// is not to read it.
func (r *Recorder) Stat(name string) (fs.FileInfo, error) { return fs.Stat(r.fsys, name) }

// Names returns the files read so far, sorted.
func (r *Recorder) Names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.names))
	for n := range r.names {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
