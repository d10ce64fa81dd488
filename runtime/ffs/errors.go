package ffs

import (
	"errors"
	"fmt"
)

// ErrNotFFS: there is no superblock where one could be.
var ErrNotFFS = errors.New("not an FFS file system")

// ErrCorrupt is what each CorruptError is, for errors.Is.
var ErrCorrupt = errors.New("damaged file system")

// A CorruptError tells what in an image makes no sense.
type CorruptError struct {
	Ino     uint64 // the inode; 0: the superblock
	Problem string
}

// Error returns, for instance, "damaged file system: inode 7: block 99 is beyond the end".
func (e *CorruptError) Error() string {
	where := "superblock"
	if e.Ino != 0 {
		where = fmt.Sprintf("inode %d", e.Ino)
	}
	return fmt.Sprintf("%v: %s: %s", ErrCorrupt, where, e.Problem)
}

// Is reports whether target is ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

func corrupt(ino uint64, problem string, args ...any) error {
	return &CorruptError{Ino: ino, Problem: fmt.Sprintf(problem, args...)}
}
