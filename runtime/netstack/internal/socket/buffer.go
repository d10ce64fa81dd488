package socket

import (
	"slices"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Buffer is one direction of a socket (struct sockbuf). For a [Stream] only
// the limits count, and Records stays empty.
type Buffer struct {
	Hiwat   int           // bytes it may hold (SO_RCVBUF, SO_SNDBUF)
	Lowat   int           // bytes that make it ready (SO_RCVLOWAT, SO_SNDLOWAT)
	Timeout time.Duration // of a blocked call; 0: none

	Records []*Record
	Count   int // bytes the records count for, addresses and control data included
	Mbcnt   int // memory they take
	Mbmax   int // memory they may take

	Overflowed int32 // records that there was no room for (SO_OVERFLOWED)

	busy    bool // a call moves data (SB_LOCK)
	waiting int  // calls that want to
}

// How much room there is when a socket becomes writable, and what a send buffer
// holds at least: PIPE_BUF bytes more, for programs that expect as much of a pipe.
const (
	sendLowat = clusterSize
	leastSend = sendLowat + 512
)

// mostSbMax is as far as kern.sbmax is heeded. A real kernel runs out of mbufs
// at some point; here a caller could fill the memory of the host.
const mostSbMax = 64 << 20

// setHiwat changes how much b may hold (sbreserve), and reports whether that
// is allowed: from 1 byte to as much as leaves room in kern.sbmax for the mbufs.
func (b *Buffer) setHiwat(n int, sbmax int32) bool {
	sbmax = min(sbmax, mostSbMax)
	if n <= 0 || int64(n) > int64(sbmax)*clusterSize/(mbufSize+clusterSize) {
		return false
	}
	b.Hiwat = n
	b.Mbmax = min(2*n, int(sbmax))
	b.Lowat = min(b.Lowat, n)
	return true
}

// Space returns how many more bytes b takes. It is less than 0 when there are
// too many already.
func (b *Buffer) Space() int { return min(b.Hiwat-b.Count, b.Mbmax-b.Mbcnt) }

// Reserve gives a new socket the buffer sizes of its protocol (soreserve):
// ENOBUFS when they are more than kern.sbmax allows. A connection that was
// accepted has those of its listener already, and keeps them.
func (so *Socket) Reserve(snd, rcv int) error {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	if so.Snd.Hiwat != 0 && so.Rcv.Hiwat != 0 {
		return nil
	}
	return so.reserve(snd, rcv)
}

func (so *Socket) reserve(snd, rcv int) error {
	sbmax := so.layer.SbMax.Load()
	snd = max(snd, leastSend)
	if !so.Snd.setHiwat(snd, sbmax) || !so.Rcv.setHiwat(rcv, sbmax) {
		return netbsd.ENOBUFS
	}
	if so.Rcv.Lowat == 0 {
		so.Rcv.Lowat = 1
	}
	if so.Snd.Lowat == 0 {
		so.Snd.Lowat = min(sendLowat, so.Snd.Hiwat)
	}
	return nil
}

// lock makes the calling thread the one that moves data through b (sblock). It
// waits for another one to finish, unless the call must not: EWOULDBLOCK.
func (so *Socket) lock(l *kern.Lwp, b *Buffer, flags int32) error {
	if so.tryLock(b, 0) {
		return nil
	}
	if flags&netbsd.MSG_DONTWAIT != 0 {
		return netbsd.EWOULDBLOCK
	}
	waiting := 1
	err := l.Sleep(so, waiter.AllEvents, 0, func() bool {
		ok := so.tryLock(b, waiting)
		waiting = 0
		return ok
	})
	so.Mu.Lock()
	b.waiting--
	so.Mu.Unlock()
	return err
}

// tryLock is lock without waiting. When it fails, waiting is added to those who
// wait.
func (so *Socket) tryLock(b *Buffer, waiting int) bool {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	b.waiting += waiting
	if b.busy {
		return false
	}
	b.busy = true
	return true
}

// patience returns how long a call may wait, 0 for ever. so.Mu is held.
func (b *Buffer) patience() time.Duration {
	if b.Timeout < 0 {
		return ticks(1)
	}
	return b.Timeout
}

// unlock lets the next thread in, and returns how long a call may wait.
func (so *Socket) unlock(b *Buffer) time.Duration {
	so.Mu.Lock()
	b.busy = false
	waiting, timeout := b.waiting, b.patience()
	so.Mu.Unlock()
	if waiting > 0 {
		so.Notify(waiter.EventInternal)
	}
	return timeout
}

// flush drops all that b holds and forgets its limits, as the end of a socket
// or shutdown does. The caller closes the files it returns, after unlocking
// so.Mu, which is held.
func (b *Buffer) flush() []*kern.OpenFile {
	var rights []*kern.OpenFile
	for _, r := range b.Records {
		rights = append(rights, r.Rights...)
	}
	*b = Buffer{busy: b.busy, waiting: b.waiting}
	return slices.Clip(rights)
}

// Flush drops what so has received, and makes it receive nothing more. The caller
// gives back the references to the files that Flush returns.
func (so *Socket) Flush() []*kern.OpenFile {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	so.State |= CantRcvMore
	return so.Rcv.flush()
}
