package shmif

import (
	"fmt"
	"iter"
	"time"
	"unsafe"
)

// A Frame is one that is on a bus.
type Frame struct {
	Uptime time.Duration // of the kernel that sent it; says nothing about other kernels' frames
	Sender uint64        // the random number of an interface
	Offset int           // of its record in the ring
	Data   []byte
}

// Frames returns the frames in an image of a bus file, oldest first. An error,
// which is over ErrCorrupt, is the last that it yields.
func Frames(image []byte) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		r, err := newRing(image)
		if err != nil {
			yield(Frame{}, err)
			return
		}
		pos, _, err := r.bounds()
		for err == nil {
			var h record
			var ok bool
			var data []byte
			at := pos
			h, data, pos, ok, err = r.next(pos, make([]byte, MaxFrame))
			if !ok {
				break
			}
			f := Frame{
				Uptime: time.Duration(h.sec)*time.Second + time.Duration(h.usec)*time.Microsecond,
				Sender: h.sender, Offset: int(at % ringSize), Data: data,
			}
			if len(data) >= MinFrame && !yield(f, nil) {
				return
			}
		}
		if err != nil {
			yield(Frame{}, err)
		}
	}
}

// newRing copies an image to memory that is aligned.
func newRing(image []byte) (ring, error) {
	if len(image) != FileSize {
		return ring{}, fmt.Errorf("%w: %d bytes instead of %d", ErrCorrupt, len(image), FileSize)
	}
	words := make([]uint64, FileSize/8)
	r := ring{unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), FileSize)}
	copy(r.mem, image)
	if err := checkMagic(r.magic()); err != nil {
		return ring{}, err
	}
	return r, checkVersion(r.version())
}

// checkVersion looks at the version of a file. It is 0 until a station has
// first woken the others.
func checkVersion(v uint32) error {
	if v == 0 || v == Version {
		return nil
	}
	return fmt.Errorf("%w: a bus of version %d, not %d", ErrCorrupt, v, Version)
}

func checkMagic(m uint32) error {
	switch m {
	case Magic:
		return nil
	case 0:
		return fmt.Errorf("%w: nobody has begun to use it", ErrCorrupt)
	case 0x54d011ca:
		return fmt.Errorf("%w: a bus of machines with the other byte order", ErrCorrupt)
	}
	return fmt.Errorf("%w: not a bus file (it begins with %#x)", ErrCorrupt, m)
}
