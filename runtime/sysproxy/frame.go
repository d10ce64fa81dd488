package sysproxy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unsafe"
)

// What a frame is.
const (
	classRequest  = 0
	classResponse = 1
	classError    = 2
)

// What a request asks for.
const (
	typeHandshake  = 0
	typeSyscall    = 1
	typeCopyin     = 2
	typeCopyinstr  = 3
	typeCopyout    = 4
	typeCopyoutstr = 5
	typeAnonmmap   = 6
	typePrefork    = 7
	typeRaise      = 8

	// typeInterrupt is this package's own: the call whose id is the body
	// is to return EINTR, if it sleeps. The answer has no body. NetBSD's server does not
	// know the type, and answers errMalformed.
	typeInterrupt = 0x100
)

// The kinds of handshake.
const (
	handshakeGuest = 0
	handshakeFork  = 2
	handshakeExec  = 3
)

// The sizes of what is as wide as a register: 4 or 8 bytes, as on the machine
// that this runs on, and the server must run on one of the same kind.
const (
	wordSize   = int(unsafe.Sizeof(uintptr(0)))
	headerSize = 24
	cookieSize = 16

	copySize   = 2 * wordSize // the length and the address
	resultSize = 3 * wordSize // an int with padding, and two registers
	statusSize = 4
)

// A header is what each frame begins with, in the byte order of the machine.
type header struct {
	length uint64 // of the frame, header included
	id     uint64 // of a request, chosen by who sends it; that of the request in its answer
	class  uint16
	typ    uint16
	word   uint32 // by class and type: a system call, a kind of handshake, an error, a signal
}

func (h *header) append(b []byte) []byte {
	b = binary.NativeEndian.AppendUint64(b, h.length)
	b = binary.NativeEndian.AppendUint64(b, h.id)
	b = binary.NativeEndian.AppendUint16(b, h.class)
	b = binary.NativeEndian.AppendUint16(b, h.typ)
	return binary.NativeEndian.AppendUint32(b, h.word)
}

func parseHeader(b []byte) header {
	return header{
		length: binary.NativeEndian.Uint64(b),
		id:     binary.NativeEndian.Uint64(b[8:]),
		class:  binary.NativeEndian.Uint16(b[16:]),
		typ:    binary.NativeEndian.Uint16(b[18:]),
		word:   binary.NativeEndian.Uint32(b[20:]),
	}
}

// appendWord appends what is as wide as a register.
func appendWord(b []byte, v uintptr) []byte {
	if wordSize == 4 {
		return binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return binary.NativeEndian.AppendUint64(b, uint64(v))
}

// word returns what is as wide as a register.
func word(b []byte) uintptr {
	if wordSize == 4 {
		return uintptr(binary.NativeEndian.Uint32(b))
	}
	return uintptr(binary.NativeEndian.Uint64(b))
}

// A FrameError is a frame that the protocol does not allow, or that is larger
// than what this side takes. The connection is closed because of it.
type FrameError struct {
	Length      uint64 // as the frame says
	Class, Type uint16
	Reason      string
}

// Error returns, for instance, "frame of class 1, type 2 and 25 bytes: wrong
// length".
func (e *FrameError) Error() string {
	return fmt.Sprintf("frame of class %d, type %d and %d bytes: %s", e.Class, e.Type, e.Length, e.Reason)
}

func (h *header) errorf(format string, args ...any) error {
	return &FrameError{h.length, h.class, h.typ, fmt.Sprintf(format, args...)}
}

// A frameReader takes the frames that arrive apart.
type frameReader struct {
	r     *bufio.Reader
	large []byte // for bodies
}

// readBuffer is the size of the buffer of a connection, which most bodies are
// not larger than.
const readBuffer = 32 << 10

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, readBuffer)}
}

// header reads the header of a frame. Its body must be read or skipped then.
func (f *frameReader) header() (header, error) {
	b, err := f.r.Peek(headerSize)
	if err != nil {
		if err == io.EOF && len(b) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return header{}, err
	}
	h := parseHeader(b)
	_, _ = f.r.Discard(headerSize)
	if h.length < headerSize {
		return h, h.errorf("shorter than its header")
	}
	return h, nil
}

// body reads a body of n bytes, which are good until the next one. The memory
// for it does not grow faster than it arrives, whatever n says.
func (f *frameReader) body(n int) ([]byte, error) {
	if n <= readBuffer {
		b, err := f.r.Peek(n)
		if err != nil {
			return nil, unexpected(err)
		}
		_, _ = f.r.Discard(n)
		return b, nil
	}
	b := f.large[:0]
	for len(b) < n {
		if len(b) == cap(b) {
			b = append(b, make([]byte, min(max(len(b), readBuffer), n-len(b)))...)[:len(b)]
		}
		m, err := f.r.Read(b[len(b):min(cap(b), n)])
		b = b[:len(b)+m]
		if err != nil && len(b) < n {
			return nil, unexpected(err)
		}
	}
	if f.large = nil; cap(b) <= keep {
		f.large = b
	}
	return b, nil
}

// keep is the largest buffer that is kept for the next use.
const keep = 1 << 20

// into fills b with a body.
func (f *frameReader) into(b []byte) error {
	_, err := io.ReadFull(f.r, b)
	return unexpected(err)
}

// skip reads a body and forgets it.
func (f *frameReader) skip(n uint64) error {
	for n > 0 {
		m, err := f.r.Discard(int(min(n, 1<<30)))
		if err != nil {
			return unexpected(err)
		}
		n -= uint64(m)
	}
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
