package transcript

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// Sizes of the structs that are laid out here, and offsets in them: those of
// amd64, which is what was recorded.
const (
	sizeIovec   = 16
	sizeMsghdr  = 48
	sizeMmsghdr = 56
	sizeFDSet   = 32

	msgName, msgNamelen       = 0, 8
	msgIov, msgIovlen         = 16, 24
	msgControl, msgControllen = 32, 40
	msgFlags, msgLen          = 44, 48
)

// memberOffsets are those of the members that a call may change.
var memberOffsets = map[string]int{"namelen": msgNamelen, "controllen": msgControllen, "flags": msgFlags, "len": msgLen}

var le = binary.LittleEndian

// Arguments are those of one call, with the memory that they lead to.
type arguments struct {
	words   syscalls.Args
	buffers []*buffer
}

func (a *arguments) buffer(key string) *buffer {
	for _, b := range a.buffers {
		if b.key == key {
			return b
		}
	}
	return nil
}

// arguments lays out the memory for a call.
func (r *replayer) arguments(s *Step) (*arguments, error) {
	a := new(arguments)
	if len(s.Args) > len(a.words) {
		return a, fmt.Errorf("%d arguments", len(s.Args))
	}
	for i := range s.Args {
		word, err := r.argument(a, "arg"+strconv.Itoa(i), &s.Args[i])
		if err != nil {
			return a, err
		}
		a.words[i] = uintptr(word)
	}
	for key, c := range s.In {
		b := a.buffer(key)
		if b == nil {
			return a, fmt.Errorf("in: no buffer %s", key)
		}
		if err := r.fill(b.bytes, c, a); err != nil {
			return a, fmt.Errorf("in: %s: %w", key, err)
		}
	}
	for _, b := range a.buffers {
		b.before = append([]byte(nil), b.bytes...)
	}
	return a, nil
}

func (r *replayer) argument(a *arguments, key string, arg *Arg) (uint64, error) {
	switch {
	case arg.FD != "":
		return r.fd(arg.FD)
	case arg.Ptr != nil:
		for name, size := range arg.Sub {
			if _, err := r.add(a, key+"."+name, size); err != nil {
				return 0, err
			}
		}
		return r.pointer(a, key, arg.Ptr)
	case arg.Iov != nil:
		return r.iov(a, key, key, arg.Iov)
	case arg.Msghdr != nil:
		b, err := r.add(a, key, sizeMsghdr)
		if err != nil {
			return 0, err
		}
		return uint64(b.addr), r.msghdr(a, b.bytes, key, arg.Msghdr)
	case arg.Mmsghdr != nil:
		b, err := r.add(a, key, len(arg.Mmsghdr)*sizeMmsghdr)
		if err != nil {
			return 0, err
		}
		for i := range arg.Mmsghdr {
			err := r.msghdr(a, b.bytes[i*sizeMmsghdr:][:sizeMmsghdr], key+"."+strconv.Itoa(i), &arg.Mmsghdr[i])
			if err != nil {
				return 0, err
			}
		}
		return uint64(b.addr), nil
	case arg.FDSet != nil:
		b, err := r.add(a, key, sizeFDSet)
		if err != nil {
			return 0, err
		}
		return uint64(b.addr), r.fdset(b.bytes, arg.FDSet)
	case arg.NFDs != nil:
		largest := uint64(0)
		for _, name := range arg.NFDs {
			fd, err := r.fd(name)
			if err != nil {
				return 0, err
			}
			largest = max(largest, fd)
		}
		return largest + 1, nil
	}
	return arg.Word, nil
}

func (r *replayer) add(a *arguments, key string, size int) (*buffer, error) {
	b, err := r.mem.add(key, size)
	if err == nil {
		a.buffers = append(a.buffers, b)
	}
	return b, err
}

// pointer makes a buffer and returns its address; nil is a NULL pointer.
func (r *replayer) pointer(a *arguments, key string, size *int) (uint64, error) {
	if size == nil {
		return 0, nil
	}
	b, err := r.add(a, key, *size)
	if err != nil {
		return 0, err
	}
	return uint64(b.addr), nil
}

// iov makes an array of struct iovec, and the buffers it points to, whose keys
// begin with prefix.
func (r *replayer) iov(a *arguments, key, prefix string, list []Vector) (uint64, error) {
	array, err := r.add(a, key, len(list)*sizeIovec)
	if err != nil {
		return 0, err
	}
	for i, v := range list {
		base, err := r.pointer(a, prefix+".iov"+strconv.Itoa(i), v.Size)
		if err != nil {
			return 0, err
		}
		le.PutUint64(array.bytes[i*sizeIovec:], base)
		le.PutUint64(array.bytes[i*sizeIovec+8:], v.Len)
	}
	return uint64(array.addr), nil
}

// msghdr lays out a struct msghdr or mmsghdr in b.
func (r *replayer) msghdr(a *arguments, b []byte, key string, m *Msghdr) error {
	clear(b)
	name, err := r.pointer(a, key+".name", m.Name)
	if err != nil {
		return err
	}
	control, err := r.pointer(a, key+".control", m.Control)
	if err != nil {
		return err
	}
	iov := uint64(0)
	if m.Iov != nil {
		if iov, err = r.iov(a, key+".iov", key, m.Iov); err != nil {
			return err
		}
	}
	iovlen := int64(len(m.Iov))
	if m.Iovlen != nil {
		iovlen = *m.Iovlen
	}
	le.PutUint64(b[msgName:], name)
	le.PutUint32(b[msgNamelen:], uint32(m.Namelen))
	le.PutUint64(b[msgIov:], iov)
	le.PutUint32(b[msgIovlen:], uint32(iovlen))
	le.PutUint64(b[msgControl:], control)
	le.PutUint32(b[msgControllen:], uint32(m.Controllen))
	le.PutUint32(b[msgFlags:], uint32(m.Flags))
	return nil
}

// fdset sets the bits of descriptors, and clears the others.
func (r *replayer) fdset(b []byte, names []string) error {
	clear(b)
	for _, name := range names {
		fd, err := r.fd(name)
		if err != nil {
			return err
		}
		if fd >= uint64(8*len(b)) {
			return fmt.Errorf("descriptor %d does not fit a set", fd)
		}
		b[fd/8] |= 1 << (fd % 8)
	}
	return nil
}

// fill puts the content of a buffer in place.
func (r *replayer) fill(b []byte, c Content, a *arguments) error {
	for i := range c {
		p := &c[i]
		n := p.size()
		if n > len(b) {
			return fmt.Errorf("%d bytes more than the buffer has", n-len(b))
		}
		if err := r.put(b[:n], p, a); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// put writes one part. What it names must be bound.
func (r *replayer) put(b []byte, p *Part, a *arguments) error {
	switch {
	case p.FD != "":
		fd, err := r.fd(p.FD)
		if err != nil {
			return err
		}
		putLE(b, fd)
	case p.Var != "":
		v, ok := r.vars[p.Var]
		if !ok {
			return unboundError(p.Var)
		}
		clear(b[copy(b, v):])
	case p.Ptr != "":
		to := a.buffer(p.Ptr)
		if to == nil {
			return fmt.Errorf("pointer to %s: no such buffer", p.Ptr)
		}
		putLE(b, uint64(to.addr))
	default:
		copy(b, p.Bytes)
	}
	return nil
}

// putLE fills b with the low bytes of v.
func putLE(b []byte, v uint64) {
	var w [8]byte
	le.PutUint64(w[:], v)
	clear(b[copy(b, w[:]):])
}

func getLE(b []byte) uint64 {
	var w [8]byte
	copy(w[:], b)
	return le.Uint64(w[:])
}

// An unboundError is the name of something that no call has returned.
type unboundError string

func (e unboundError) Error() string {
	return "nothing is known by the name " + strconv.Quote(string(e)) + ": the call that should have returned it failed"
}

// fd returns the number of a descriptor.
func (r *replayer) fd(name string) (uint64, error) {
	fd, ok := r.fds[name]
	if !ok {
		return 0, unboundError(name)
	}
	return fd, nil
}

var _ abi.Memory = (*memory)(nil)
