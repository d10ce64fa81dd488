package hypercall

// Files are the host's files and block devices. What names look like is the host's
// choice.
type Files interface {
	// Open opens a file. It need not be closed at the end of the program.
	Open(name string, mode OpenMode) (File, error)

	// Stat tells what a file is, without opening it.
	Stat(name string) (FileInfo, error)
}

// An OpenMode says what an open file is for.
type OpenMode int

// The modes. One of the first three, and the others with it. The numbers are
// those of NetBSD's rump kernels.
const (
	OpenRead       OpenMode = 0x00
	OpenWrite      OpenMode = 0x01
	OpenReadWrite  OpenMode = 0x02
	OpenAccessMode OpenMode = 0x03 // mask of the three
	OpenCreate     OpenMode = 0x04 // it is made if there is none
	OpenExclusive  OpenMode = 0x08 // with OpenCreate: EEXIST if there is one
	OpenBlockIO    OpenMode = 0x10 // it will be used for block I/O
)

// A FileInfo tells what a file is.
type FileInfo struct {
	Type FileType
	Size int64 // in bytes; 0 for what has none
}

// A FileType is a kind of file.
type FileType int

// The types of files. The numbers are those of NetBSD's rump kernels.
const (
	FileOther FileType = iota
	FileDirectory
	FileRegular
	FileBlock
	FileCharacter
)

// Current is the offset of reads and writes at the current position, which they
// move.
const Current = -1

// A File is an open file. Its methods may be called from several goroutines at
// once, unless they use the current position.
type File interface {
	// Readv reads into the buffers, one after the other, from the offset
	// or at Current. It may read less than there is; 0 without an error is
	// the end of the file.
	Readv(bufs [][]byte, off int64) (n int, err error)

	// Writev writes the buffers, one after the other, at the offset or at
	// Current. It may write less. n is less than there is without an error
	// too; it is 0 only with one.
	Writev(bufs [][]byte, off int64) (n int, err error)

	// Sync returns when what was written between off and off+n is where a
	// power failure does not reach it; n 0 is up to the end.
	Sync(off, n int64) error

	// Close closes the file. Calls under way fail with EBADF, or end.
	Close() error
}
