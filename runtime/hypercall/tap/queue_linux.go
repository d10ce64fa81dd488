package tap

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxParts is how many parts of a frame are written as they are (IOV_MAX is 1024).
const maxParts = 512

// A queue is a descriptor of a tap.
type queue struct {
	file *os.File
	conn syscall.RawConn

	mu     sync.Mutex
	header [maxHeader]byte // in front of the frame
	parts  [][]byte        // what is to be written: the header, and the frame
	err    error           // of the write
	try    func(fd uintptr) bool
}

func newQueue(fd, header int) (*queue, error) {
	q := &queue{file: os.NewFile(uintptr(fd), "tap")}
	conn, err := q.file.SyscallConn()
	if err != nil {
		return nil, err
	}
	q.conn, q.try = conn, q.tryWrite
	if header > 0 {
		q.parts = append(q.parts, q.header[:header])
	}
	return q, nil
}

// write writes a frame, behind the header that set makes, if the tap has one.
func (q *queue) write(set func(header []byte), parts ...[]byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	before := q.parts
	if len(before) > 0 {
		set(before[0])
	}
	if len(parts) > maxParts {
		parts = [][]byte{join(parts)}
	}
	q.parts = append(q.parts, parts...)
	err := q.conn.Write(q.try)
	clear(q.parts[len(before):])
	q.parts = q.parts[:len(before)]
	if err != nil {
		return err
	}
	return q.err
}

func (q *queue) tryWrite(fd uintptr) bool {
	for {
		_, q.err = unix.Writev(int(fd), q.parts)
		if !errors.Is(q.err, unix.EINTR) {
			return !errors.Is(q.err, unix.EAGAIN)
		}
	}
}

func join(parts [][]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// receive passes on what comes by the queue until it is closed, or the tap gone.
func (q *queue) receive(input func([]byte)) {
	buf := make([]byte, maxHeader+maxFrame)
	for {
		n, err := q.file.Read(buf)
		if err != nil {
			return
		}
		input(buf[:n])
	}
}
