package fs

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// nextData returns the next range of a file, at or behind off, that is not a hole.
func nextData(f *os.File, off int64) (start, end int64, err error) {
	start, err = f.Seek(off, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return 0, 0, io.EOF
	}
	if err == nil {
		end, err = f.Seek(start, unix.SEEK_HOLE)
	}
	return start, end, err
}
