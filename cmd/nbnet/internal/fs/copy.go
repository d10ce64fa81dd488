package fs

import (
	"bytes"
	"errors"
	"io"

	"github.com/abigen/abigen/netbsd"
)

// chunk is how much is copied at a time, and how many zeros make a hole.
const chunk = 64 << 10

// standardOutput and standardInput are what errors call them.
const (
	standardOutput = "standard output"
	standardInput  = "standard input"
)

// Cat writes what is in files to out.
func Cat(v Volume, paths []string, out io.Writer, p *Problems) error {
	b := make([]byte, 4*chunk)
	for _, path := range paths {
		f, err := openRegular(v, path)
		if err == nil {
			err = stream(hostWriter{out, standardOutput}, f, b)
			err = errors.Join(err, f.Close())
		}
		if err := p.tell(inImage(path, err)); err != nil {
			return err
		}
	}
	return p.result()
}

// stream copies all there is, b at a time.
func stream(to io.Writer, from io.Reader, b []byte) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, b)
	return err
}

// hostWriter is a file of this machine that is written from beginning to end.
type hostWriter struct {
	io.Writer
	path string
}

func (w hostWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	return n, onHost(w.path, err)
}

// openRegular opens a file that can be read to its end.
func openRegular(v Volume, path string) (File, error) {
	st, err := v.Stat(path, true)
	if err != nil {
		return nil, err
	}
	switch kind := st.Mode & netbsd.S_IFMT; kind {
	case netbsd.S_IFREG:
		return v.Open(path)
	case netbsd.S_IFDIR:
		return nil, netbsd.EISDIR
	default:
		return nil, kindError("it is a " + typeNames[kind])
	}
}

// CopyOptions are those of cp and put.
type CopyOptions struct {
	Recursive bool // -R: directories too, and symbolic links as such
	Preserve  bool // -p: permissions and times
}

// permissions are what a copy may have of the mode of a file: never the right to
// be somebody else.
const permissions = 0o777

// truncater is where a copy goes.
type truncater interface {
	io.WriterAt
	Truncate(size int64) error
}

// copySparse copies size bytes, but for holes and what is as long as one and
// zeros.
func copySparse(to truncater, from io.Reader, size int64) error {
	b := make([]byte, chunk)
	if s, ok := from.(sparseFile); ok {
		for off := int64(0); ; {
			start, end, err := s.NextData(off)
			if errors.Is(err, io.EOF) {
				return to.Truncate(size)
			}
			if err == nil {
				off, err = end, copyZeros(to, io.NewSectionReader(s, start, end-start), start, b)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := copyZeros(to, from, 0, b); err != nil {
		return err
	}
	return to.Truncate(size)
}

// copyZeros copies all there is, and leaves out blocks of zeros.
func copyZeros(to io.WriterAt, from io.Reader, at int64, b []byte) error {
	for {
		n, err := io.ReadFull(from, b)
		if !allZero(b[:n]) {
			if _, err := to.WriteAt(b[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

var zeros [chunk]byte

func allZero(b []byte) bool { return bytes.Equal(b, zeros[:len(b)]) }
