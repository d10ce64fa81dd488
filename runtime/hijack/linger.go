//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
)

// drainMost is how long it may take until the kernel has what programs have
// written before they ended, unless Config.Linger is longer.
const drainMost = 10 * time.Second

// linger drains the sockets of programs that have ended, unless a signal comes.
func (s *supervisor) linger(ctx context.Context, signals <-chan os.Signal) {
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s.drain(stop)
	}()
	select {
	case <-drained:
	case <-signals:
		cancel()
		<-drained
	}
}

// drain waits until all that the programs have written is the kernel's, and, if the
// configuration says so, until peers have it. Nothing is lost when a program ends
// at once when it has written, as nothing is on Linux.
func (s *supervisor) drain(stop context.Context) {
	until(stop, max(drainMost, s.cfg.Linger), func() bool {
		s.closeGraves() // nobody is left to ask about them
		return len(s.hung()) == 0 && !s.isLeft() && s.lingering.Load() == 0
	})
}

// until waits until something is so, or for the time that it may take.
func until(stop context.Context, most time.Duration, done func() bool) {
	ctx, cancel := context.WithTimeout(stop, most)
	defer cancel()
	const shortest, longest = 100 * time.Microsecond, 20 * time.Millisecond
	for pause := shortest; !done(); pause = min(2*pause, longest) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// lingers tells whether closing the descriptor is to wait for the peer, and has it
// do so.
func (so *socket) lingers() bool {
	s, at := so.sup, so.at.Load()
	if s.cfg.Linger <= 0 || so.typ != linux.SOCK_STREAM || !so.isConnected() || at.process != s.guest {
		return false
	}
	err := so.do(func(t *guest.Thread, nb int32) error {
		var unsent int32
		if err := t.Ioctl(s.ctx, nb, netbsd.FIONWRITE, bytesOf(&unsent)); err != nil {
			return err
		}
		if unsent == 0 && !s.ended() {
			return errDone
		}
		linger := netbsd.Linger{Onoff: 1, Linger: int32(max(1, s.cfg.Linger/time.Second))}
		return t.SetOption(s.ctx, nb, netbsd.SOL_SOCKET, netbsd.SO_LINGER, bytesOf(&linger))
	})
	return err == nil
}

// errDone: there is nothing to wait for.
var errDone = errors.New("done")

// ended tells whether all programs have ended. What is closed then is closed by
// the kernel's end a moment later, if nobody waits.
func (s *supervisor) ended() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}
