package fs

import "os"

// An ImageFile is an image that is open, and locked: by one who writes to it, or
// by any number who read it.
type ImageFile struct{ *os.File }

// OpenImage opens an image for reading, and for writing if write says so. It does not
// wait for others to be done with it.
func OpenImage(path string, write bool) (ImageFile, error) {
	mode := os.O_RDONLY
	if write {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return ImageFile{}, onHost(path, err)
	}
	if err := lock(f, write); err != nil {
		_ = f.Close()
		return ImageFile{}, onHost(path, err)
	}
	return ImageFile{f}, nil
}

// Close ends the lock, and closes the image.
func (f ImageFile) Close() error {
	unlock(f.File)
	return f.File.Close()
}
