package hypercall

import (
	"sync"

	"github.com/abigen/abigen/netbsd"
)

// BlockSize is the unit of block I/O, in bytes.
const BlockSize = 512

// A BlockOp says what a request is.
type BlockOp int

// The kinds of requests. The numbers are those of NetBSD's rump kernels.
const (
	BlockRead  BlockOp = 1
	BlockWrite BlockOp = 2
	BlockSync  BlockOp = 4 // with BlockWrite: it is durable when it is done
)

// A BlockQueue does block I/O on a file: one request after the other, as they
// come. Its methods may be called from several goroutines at once.
type BlockQueue struct {
	file File
	done chan struct{} // the worker has ended

	mu       sync.Mutex
	wake     sync.Cond
	requests []request
	closed   bool
}

type request struct {
	op   BlockOp
	data []byte
	off  int64
	done func(n int, err error)
}

// NewBlockQueue returns a queue for a file. It must be closed.
func NewBlockQueue(f File) *BlockQueue {
	q := &BlockQueue{file: f, done: make(chan struct{})}
	q.wake.L = &q.mu
	go q.work()
	return q
}

// Start makes a request: to move all of data, from or to off. Both must be
// multiples of BlockSize. done is told how many bytes were moved: all of them
// if there is no error, unless the file ends. It may start other requests; until
// it is called, data is in use.
func (q *BlockQueue) Start(op BlockOp, data []byte, off int64, done func(n int, err error)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		go done(0, blockError(op, netbsd.EBADF))
		return
	}
	q.requests = append(q.requests, request{op, data, off, done})
	q.wake.Signal()
}

// Close waits for the requests. It does not close the file.
func (q *BlockQueue) Close() {
	q.mu.Lock()
	q.closed = true
	q.wake.Signal()
	q.mu.Unlock()
	<-q.done
}

func (q *BlockQueue) work() {
	defer close(q.done)
	for {
		q.mu.Lock()
		for len(q.requests) == 0 && !q.closed {
			q.wake.Wait()
		}
		list := q.requests
		q.requests = nil
		q.mu.Unlock()
		if len(list) == 0 {
			return
		}
		for _, r := range list {
			r.done(r.transfer(q.file))
		}
	}
}

// transfer goes on until all is moved.
func (r *request) transfer(f File) (n int, err error) {
	move := f.Readv
	switch r.op {
	case BlockRead:
	case BlockWrite, BlockWrite | BlockSync:
		move = f.Writev
	default:
		return 0, blockError(r.op, netbsd.EINVAL)
	}
	if r.off < 0 || (r.off|int64(len(r.data)))%BlockSize != 0 {
		return 0, blockError(r.op, netbsd.EINVAL)
	}
	for n < len(r.data) {
		m, err := move([][]byte{r.data[n:]}, r.off+int64(n))
		n += m
		switch {
		case err != nil:
			return n, err
		case m == 0 && r.op == BlockRead:
			return n, nil
		case m == 0: // a file that takes nothing, and does not say why
			return n, blockError(r.op, netbsd.EIO)
		}
	}
	if r.op&BlockSync != 0 {
		return n, f.Sync(r.off, int64(n))
	}
	return n, nil
}

func blockError(op BlockOp, err netbsd.Errno) error {
	name := "read"
	if op&BlockWrite != 0 {
		name = "write"
	}
	return &OpError{Op: name, Driver: "block", Err: err}
}
