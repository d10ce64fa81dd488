package kern

import (
	"bytes"
	"errors"
	"io"
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// CopyIn fills b from the caller's memory at a (copyin(9)): EFAULT when it is
// not there.
func (l *Lwp) CopyIn(b []byte, a abi.Addr) error {
	if len(b) == 0 {
		return nil
	}
	if a == 0 || l.Mem == nil {
		return netbsd.EFAULT
	}
	return fault(l.Mem.ReadAt(b, a))
}

// CopyOut writes b to the caller's memory at a (copyout(9)).
func (l *Lwp) CopyOut(b []byte, a abi.Addr) error {
	if len(b) == 0 {
		return nil
	}
	if a == 0 || l.Mem == nil {
		return netbsd.EFAULT
	}
	return fault(l.Mem.WriteAt(b, a))
}

func fault(err error) error {
	if err == nil {
		return nil
	}
	if errno := Errno(err); errno != 0 {
		return errno
	}
	return netbsd.EFAULT
}

// Errno returns the error number in err, 0 when there is none.
func Errno(err error) netbsd.Errno {
	var errno netbsd.Errno
	errors.As(err, &errno)
	return errno
}

// In reads a value of one of NetBSD's types from the caller's memory.
func In[T any](l *Lwp, v *T, a abi.Addr) error { return l.CopyIn(abi.AsBytes(v), a) }

// Out writes a value of one of NetBSD's types to the caller's memory.
func Out[T any](l *Lwp, v *T, a abi.Addr) error { return l.CopyOut(abi.AsBytes(v), a) }

// A stringReader is a memory that finds the end of a string itself, as one at
// the other end of a connection should. ReadString fills p with the string at a, zero byte
// included, and returns how much that is.
type stringReader interface {
	ReadString(p []byte, a abi.Addr) (int, error)
}

// CopyInString reads a string that ends with a zero byte, without it
// (copyinstr(9)): ENAMETOOLONG when there is none within limit bytes.
func (l *Lwp) CopyInString(a abi.Addr, limit int) (string, error) {
	if m, ok := l.Mem.(stringReader); ok && a != 0 {
		b := make([]byte, limit)
		n, err := m.ReadString(b, a)
		if err != nil {
			return "", fault(err)
		}
		if end := bytes.IndexByte(b[:n], 0); end >= 0 {
			return string(b[:end]), nil
		}
		return "", netbsd.ENAMETOOLONG
	}
	return l.copyInString(a, limit)
}

func (l *Lwp) copyInString(a abi.Addr, limit int) (string, error) {
	const piece = 64
	var b []byte
	for len(b) < limit {
		n := min(piece-int(uintptr(a)%piece), limit-len(b)) // stay within an aligned piece, so as not to touch what is beyond the end
		p := make([]byte, n)
		if err := l.CopyIn(p, a); err != nil {
			if p = p[:1]; l.CopyIn(p, a) != nil {
				return "", err
			}
		}
		for i, c := range p {
			if c == 0 {
				return string(append(b, p[:i]...)), nil
			}
		}
		b = append(b, p...)
		a += abi.Addr(len(p))
	}
	return "", netbsd.ENAMETOOLONG
}

// CopyOutString writes s and a zero byte to the caller's memory at a
// (copyoutstr(9)): as much as limit bytes hold, and ENAMETOOLONG when that is
// not all.
func (l *Lwp) CopyOutString(s string, a abi.Addr, limit uint64) error {
	b := append([]byte(s), 0)
	if uint64(len(b)) <= limit {
		return l.CopyOut(b, a)
	}
	if err := l.CopyOut(b[:limit], a); err != nil {
		return err
	}
	return netbsd.ENAMETOOLONG
}

// A Uio is a transfer between the kernel and a list of buffers in a caller's
// memory (uio(9)). Its methods stop at a fault, with the Errno EFAULT; what
// was moved until then is gone from Resid.
type Uio struct {
	Resid int // bytes that are left

	mem  abi.Memory
	iov  []netbsd.Iovec
	one  [8]netbsd.Iovec
	done int // bytes of iov[0]
}

// IovMax is how many buffers a call may have (IOV_MAX, UIO_MAXIOV).
const IovMax = 1024

// Buffer prepares l.Uio for a single buffer. EINVAL: the length is more than a
// ssize_t holds.
func (l *Lwp) Buffer(a abi.Addr, n uint64) (*Uio, error) {
	if n > math.MaxInt {
		return nil, netbsd.EINVAL
	}
	u := &l.Uio
	u.mem, u.iov, u.done, u.Resid = l.Mem, u.one[:1], 0, int(n)
	u.one[0].Base = a
	setLen(&u.one[0], n)
	return u, nil
}

// Vector prepares l.Uio for n buffers, whose addresses and lengths are in the
// caller's memory at a. EINVAL: the lengths are together more than a ssize_t
// holds. The caller has checked n.
func (l *Lwp) Vector(a abi.Addr, n int) (*Uio, error) {
	u := &l.Uio
	u.mem, u.done, u.Resid = l.Mem, 0, 0
	if u.iov = u.one[:0]; n > len(u.one) {
		u.iov = make([]netbsd.Iovec, 0, n)
	}
	u.iov = u.iov[:n]
	if err := l.CopyIn(SliceBytes(u.iov), a); err != nil {
		return nil, err
	}
	for i := range u.iov {
		if n := uint64(u.iov[i].Len); n > uint64(math.MaxInt-u.Resid) {
			return nil, netbsd.EINVAL
		}
		u.Resid += int(u.iov[i].Len)
	}
	return u, nil
}

// Len returns how many bytes are left.
func (u *Uio) Len() int { return u.Resid }

// Read takes bytes from the caller's buffers: io.EOF at their end.
func (u *Uio) Read(p []byte) (int, error) {
	return u.move(len(p), func(n, off int, a abi.Addr) error { return u.mem.ReadAt(p[off:off+n], a) })
}

// Peek is Read of bytes that are not taken: Skip does that.
func (u *Uio) Peek(p []byte) (int, error) {
	iov, done, resid := u.iov, u.done, u.Resid
	n, err := u.Read(p)
	u.iov, u.done, u.Resid = iov, done, resid
	return n, err
}

// Skip takes the next n bytes.
func (u *Uio) Skip(n int) {
	_, _ = u.move(n, func(int, int, abi.Addr) error { return nil }) // Peek has seen them
}

// Write puts bytes into the caller's buffers: io.ErrShortWrite when they are
// full.
func (u *Uio) Write(p []byte) (int, error) {
	n, err := u.move(len(p), func(n, off int, a abi.Addr) error { return u.mem.WriteAt(p[off:off+n], a) })
	if errors.Is(err, io.EOF) || err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

func (u *Uio) move(want int, do func(n, off int, a abi.Addr) error) (int, error) {
	if want == 0 {
		return 0, nil
	}
	moved := 0
	for moved < want && u.Resid > 0 {
		v := &u.iov[0]
		left := int(v.Len) - u.done
		if left == 0 {
			u.iov, u.done = u.iov[1:], 0
			continue
		}
		n := min(left, want-moved)
		a := v.Base + abi.Addr(u.done)
		if v.Base == 0 || u.mem == nil {
			return moved, netbsd.EFAULT
		}
		if err := do(n, moved, a); err != nil {
			return moved, fault(err)
		}
		moved, u.done, u.Resid = moved+n, u.done+n, u.Resid-n
	}
	if moved == 0 {
		return 0, io.EOF
	}
	return moved, nil
}
