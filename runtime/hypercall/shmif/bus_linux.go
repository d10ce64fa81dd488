package shmif

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A Bus is a station at a bus file. It is a [hypercall.NetworkDevice].
type Bus struct {
	file   *os.File
	watch  *os.File // inotify
	sender uint64
	booted time.Time

	mu     sync.Mutex // of this process; the lock in the file is the other processes'
	ring   ring
	closed bool
	pos    uint64

	started bool
	done    chan struct{} // the receiver has ended

	stats struct{ lapped, corrupt, broken, dropped atomic.Uint64 }
}

var _ hypercall.NetworkDevice = (*Bus)(nil)

// Stats counts what went wrong at a station.
type Stats struct {
	Lapped  uint64 // times that frames were missed, because others wrote faster than this station read
	Corrupt uint64 // times that the ring made no sense, and was passed over, or that the file was cut off
	Broken  uint64 // times that the lock was taken from a station that had died with it
	Dropped uint64 // frames of a length that no Ethernet has
}

// Open joins the bus in the file, which is made when there is none. A file that
// is something else is left as it is, and an error.
func Open(path string) (*Bus, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	b := &Bus{file: f, booted: time.Now(), done: make(chan struct{})}
	if err := b.join(); err != nil {
		if b.ring.mem != nil {
			err = errors.Join(err, unix.Munmap(b.ring.mem))
		}
		if b.watch != nil {
			err = errors.Join(err, b.watch.Close())
		}
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return b, nil
}

// openFile opens a file that is a bus, or may become one: one that is new,
// empty, or as long as a bus and nothing but zeros.
func openFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	refuse := func(err error) (*os.File, error) {
		return nil, errors.Join(fmt.Errorf("%s: %w; it is left as it is", path, err), f.Close())
	}
	info, err := f.Stat()
	if err != nil {
		return refuse(err)
	}
	if !info.Mode().IsRegular() {
		return refuse(errors.New("not a regular file"))
	}
	var head [headerSize]byte
	if n, err := f.ReadAt(head[:], 0); err != nil && (n > 0 || info.Size() > 0) && !errors.Is(err, io.EOF) {
		return refuse(err)
	}
	magic := order.Uint32(head[offMagic:])
	switch {
	case magic == Magic:
		if err := checkVersion(order.Uint32(head[offVersion:])); err != nil {
			return refuse(err)
		}
	case magic != 0:
		return refuse(checkMagic(magic))
	case info.Size() == 0:
	case info.Size() != FileSize:
		return refuse(fmt.Errorf("not a bus file: %d bytes", info.Size()))
	default:
		if err := allZeros(f); err != nil {
			return refuse(err)
		}
	}
	return f, nil
}

func allZeros(f *os.File) error {
	all := make([]byte, FileSize)
	if _, err := f.ReadAt(all, 0); err != nil {
		return err
	}
	for i, c := range all {
		// another station may be about to make it a bus
		if c != 0 && order.Uint32(all[offMagic:]) != Magic && i >= offVersion+4 {
			return fmt.Errorf("not a bus file: byte %d is not zero", i)
		}
	}
	return nil
}

// join maps the file, begins to use it, and sets the watch.
func (b *Bus) join() error {
	if err := b.file.Truncate(FileSize); err != nil {
		return err
	}
	mem, err := unix.Mmap(int(b.file.Fd()), 0, FileSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	b.ring = ring{mem}
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	b.sender = binary.NativeEndian.Uint64(id[:])
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	b.watch = os.NewFile(uintptr(fd), "inotify")
	proc := filepath.Join("/proc/self/fd", strconv.Itoa(int(b.file.Fd())))
	if _, err := unix.InotifyAddWatch(fd, proc, unix.IN_MODIFY); err != nil {
		return os.NewSyscallError("inotify_add_watch", err)
	}
	return b.locked(func() error {
		if b.ring.magic() == 0 {
			b.ring.initialize()
		}
		if err := checkMagic(b.ring.magic()); err != nil {
			return err
		}
		_, end, err := b.ring.bounds()
		if err != nil {
			b.stats.corrupt.Add(1)
			b.ring.reset()
			_, end, err = b.ring.bounds()
		}
		b.pos = end
		return err
	})
}

// Stats returns the counters.
func (b *Bus) Stats() Stats {
	return Stats{b.stats.lapped.Load(), b.stats.corrupt.Load(), b.stats.broken.Load(), b.stats.dropped.Load()}
}

// Start begins to receive.
func (b *Bus) Start(input func(frame []byte)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.started || b.closed {
		return
	}
	b.started = true
	go b.receive(input)
}

// Send puts frames on the bus, and wakes the other stations when all are there.
func (b *Bus) Send(frames ...[]byte) error {
	sent := false
	var rec [recordSize + MaxFrame]byte
	for _, f := range frames {
		if len(f) < MinFrame || len(f) > MaxFrame {
			b.stats.dropped.Add(1)
			continue
		}
		up := time.Since(b.booted)
		(&record{uint32(len(f)), uint32(up / time.Second), uint32(up % time.Second / time.Microsecond), b.sender}).encode(rec[:])
		n := recordSize + copy(rec[recordSize:], f)
		err := b.locked(func() error {
			if err := b.ring.append(rec[:n]); err != nil {
				b.stats.corrupt.Add(1)
				b.ring.reset()
				return b.ring.append(rec[:n])
			}
			return nil
		})
		if err != nil {
			return err
		}
		sent = true
	}
	if !sent {
		return nil
	}
	return b.wake()
}

// wake writes the version once more: stores to memory wake nobody.
func (b *Bus) wake() error {
	_, err := b.file.WriteAt(order.AppendUint32(nil, Version), offVersion)
	return err
}

// lookAfter is how long a station waits for others to wake it. One that was
// killed may have left a frame, or the lock, without having woken anybody.
const lookAfter = 250 * time.Millisecond

// receive passes frames on until the bus is closed.
func (b *Bus) receive(input func([]byte)) {
	defer close(b.done)
	events := make([]byte, 4096)
	buf := make([]byte, MaxFrame)
	for {
		for {
			frame, ok, err := b.next(buf)
			if errors.Is(err, errClosed) {
				return
			}
			if !ok {
				break
			}
			if frame != nil {
				input(frame)
			}
		}
		if b.watch.SetReadDeadline(time.Now().Add(lookAfter)) != nil {
			return
		}
		if _, err := b.watch.Read(events); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}

// next returns the next frame of another station; nil for what is to be passed
// over. ok is false when there is nothing more.
func (b *Bus) next(buf []byte) (frame []byte, ok bool, err error) {
	var h record
	err = b.locked(func() error {
		first, end, err := b.ring.bounds()
		if err != nil {
			b.stats.corrupt.Add(1)
			b.ring.reset()
			if _, b.pos, err = b.ring.bounds(); err != nil {
				return err
			}
			return nil
		}
		if b.pos != end && (b.pos < first || b.pos > end) {
			b.stats.lapped.Add(1)
			b.pos = first
		}
		var bad error
		h, frame, b.pos, ok, bad = b.ring.next(b.pos, buf)
		if bad != nil {
			b.stats.corrupt.Add(1)
		}
		return nil
	})
	if h.sender == b.sender || len(frame) < MinFrame {
		frame = nil
	}
	return frame, ok, err
}

// Close leaves the bus.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	started := b.started
	b.mu.Unlock()
	err := b.watch.Close()
	if started {
		<-b.done
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return errors.Join(err, unix.Munmap(b.ring.mem), b.file.Close())
}

// Waiting for the lock: how often it is tried before a pause, how long the
// pause is, and how long nothing may have changed before its holder is taken for
// dead. Nobody holds it longer than it takes to copy a frame.
const (
	lockTries = 1000
	lockPause = time.Millisecond
	lockDead  = 500 * time.Millisecond
)

var errClosed = fmt.Errorf("bus: %w", os.ErrClosed)

// locked calls do with the bus locked. That the file was cut off under the
// mapping is an error too.
func (b *Bus) locked(do func() error) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if f := recover(); f != nil {
			if _, ok := f.(interface{ Addr() uintptr }); !ok {
				panic(f)
			}
			b.stats.corrupt.Add(1)
			err = fmt.Errorf("%w: the file has become shorter", ErrCorrupt)
		}
	}()
	b.acquire()
	defer b.ring.lock().Store(0)
	return do()
}

// acquire takes the lock in the file. Of those who find its holder dead one
// takes its place, the one that counts up a word which kernels do not use.
func (b *Bus) acquire() {
	lock, breaks := b.ring.lock(), b.ring.breaks()
	var since time.Time
	var seen [headerSize]byte
	var count uint32
	for try := 1; !lock.CompareAndSwap(0, 1); try++ {
		if v := lock.Load(); v > 1 && lock.CompareAndSwap(v, 1) {
			return // no station stores that; kernels take it for free
		}
		if try%lockTries != 0 {
			continue
		}
		time.Sleep(lockPause)
		var now [headerSize]byte
		copy(now[:], b.ring.mem)
		switch {
		case since.IsZero() || now != seen:
			since, seen, count = time.Now(), now, breaks.Load()
		case time.Since(since) < lockDead:
		case breaks.CompareAndSwap(count, count+1):
			b.stats.broken.Add(1)
			b.repair()
			return
		}
	}
}

// repair makes sense of a ring whose last writer did not get to the end.
func (b *Bus) repair() {
	pos, end, err := b.ring.bounds()
	for err == nil && pos < end {
		n := uint64(b.ring.length(pos))
		if pos += recordSize + n; n > MaxFrame || pos > end {
			err = ErrCorrupt
		}
	}
	if err != nil {
		b.stats.corrupt.Add(1)
		b.ring.reset()
	}
}
