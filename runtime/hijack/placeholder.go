//go:build linux && (amd64 || arm64)

package hijack

import (
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/pair"
)

// A placeholder is a pair that stands for no socket yet.
type placeholder struct {
	fd  int // the program's end
	end *pair.End
	ino uint64
}

// newPlaceholder makes one of a type.
func newPlaceholder(typ int, nonblock bool) (placeholder, error) {
	fd, end, err := pair.New(typ, nonblock)
	if err != nil {
		return placeholder{}, err
	}
	ino, err := inode(fd)
	p := placeholder{fd, end, ino}
	if err != nil {
		p.close()
	}
	return p, err
}

func (p placeholder) close() {
	_ = unix.Close(p.fd)
	p.end.Close()
}

// placeholders are those of streams that were made ahead. To make several in a row takes
// less time than to make one now and then, and no program waits for it.
type placeholders struct {
	ready chan placeholder
	low   chan struct{} // says that there are few
}

// So many placeholders are made ahead, when there are fewer than enough.
const (
	ahead  = 16
	enough = 8
)

func newPlaceholders() placeholders {
	return placeholders{make(chan placeholder, ahead), make(chan struct{}, 1)}
}

// take returns one for a stream.
func (p *placeholders) take(nonblock bool) (placeholder, error) {
	if len(p.ready) < enough {
		select {
		case p.low <- struct{}{}:
		default:
		}
	}
	select {
	case h := <-p.ready:
		if !nonblock {
			return h, nil
		}
		_, err := unix.FcntlInt(uintptr(h.fd), unix.F_SETFL, unix.O_RDWR|unix.O_NONBLOCK)
		if err != nil {
			h.close()
		}
		return h, err
	default:
		return newPlaceholder(unix.SOCK_STREAM, nonblock)
	}
}

// fill makes more when there are few, until it is over.
func (p *placeholders) fill(over <-chan struct{}) {
	for {
		select {
		case <-p.low:
		case <-over:
			p.drop()
			return
		}
		for len(p.ready) < ahead {
			h, err := newPlaceholder(unix.SOCK_STREAM, false)
			if err != nil {
				break // whoever needs one will tell
			}
			p.ready <- h
		}
	}
}

// drop closes those that are left.
func (p *placeholders) drop() {
	for {
		select {
		case h := <-p.ready:
			h.close()
		default:
			return
		}
	}
}
