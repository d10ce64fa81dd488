package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Apply makes the changes below root. Every new file is first written under a
// temporary name beside its place; only when all are there does the first
// take its place. If a later one cannot, those before it are put back and the
// error is returned: the tree is then as it was.
func Apply(root string, changes []Change) (err error) {
	staged := make([]string, len(changes)) // temporary names; empty for removals
	var made []string                      // directories, each after the one it is in
	defer func() {
		for _, name := range staged {
			if name != "" {
				os.Remove(name)
			}
		}
		if err != nil {
			for _, dir := range slices.Backward(made) {
				os.Remove(dir)
			}
		}
	}()
	for i, c := range changes {
		if c.New == nil {
			continue
		}
		dst := c.path(root)
		made = append(made, missing(filepath.Dir(dst))...)
		if staged[i], err = stage(dst, c.New); err != nil {
			return err
		}
	}
	for i, c := range changes {
		if err := commit(c.path(root), staged[i]); err != nil {
			for j := i - 1; j >= 0; j-- {
				err = errors.Join(err, changes[j].revert(root))
			}
			return err
		}
		staged[i] = ""
	}
	return nil
}

func (c Change) path(root string) string { return filepath.Join(root, filepath.FromSlash(c.Name)) }

// missing returns the directories that have to be made for dir to be there,
// each after the one it is in.
func missing(dir string) []string {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
		return nil
	}
	return append(missing(filepath.Dir(dir)), dir)
}

// abandoned is the age from which a temporary file cannot be of a run that is
// still at work.
const abandoned = 10 * time.Minute

// Clean removes from dirs, below root, what runs that were killed left under
// temporary names.
func Clean(root string, dirs []string) {
	for _, dir := range dirs {
		names, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), temporary))
		for _, name := range names {
			if info, err := os.Lstat(name); err == nil && time.Since(info.ModTime()) > abandoned {
				os.Remove(name) // in the way of nobody if it cannot be
			}
		}
	}
}

// temporary is the pattern of the names under which files are staged.
const temporary = ".abigen-*.tmp"

// stage writes the content under a temporary name in the directory of dst,
// from which it can be renamed into place.
func stage(dst string, content []byte) (name string, err error) {
	dir := filepath.Dir(dst)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, temporary)
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	// CreateTemp makes files for the owner alone; sources are for everybody.
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// commit puts the staged file in its place, or removes dst if there is none.
func commit(dst, staged string) error {
	if staged == "" {
		return os.Remove(dst)
	}
	return os.Rename(staged, dst)
}

// revert undoes a change that was made.
func (c Change) revert(root string) error {
	dst := c.path(root)
	if c.Old == nil {
		return os.Remove(dst)
	}
	old, err := stage(dst, c.Old)
	if err != nil {
		return err
	}
	return os.Rename(old, dst)
}
