package sysproxy

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// polls are the calls of poll(2) that a process has under way to wait. Each takes
// one of the threads that NetBSD's server has for all its clients. So the first few wait
// with a call of their own, and all others with one call together. Each call has a
// pipe of its own to be ended with: NetBSD's kernel has a race between those who wait
// for the same thing, at which one that was built with DIAGNOSTIC stops.
type polls struct {
	mu      sync.Mutex
	lonely  []*wakeup            // of calls for one waiter, none of them under way
	made    []*wakeup            // all of those
	waiting map[*waiter]struct{} // that wait together
	fds     int                  // of those
	running bool                 // somebody polls for them
	polling bool                 // in the call
	wake    wakeup               // ends it
	kicker  *helper              // writes to it; under kicking
	kicking sync.Mutex
}

// maxLonely is how many wait with a call of their own. maxShared is how many
// descriptors a call has at most: NetBSD takes a thousand, however few are open.
const (
	maxLonely = 16
	maxShared = 1000
)

// A waiter waits for its descriptors together with others.
type waiter struct {
	fds  []netbsd.Pollfd
	n    int // that are ready
	err  error
	done chan struct{} // closed when n or err is set
}

// alone returns what ends a call of one's own for so many descriptors, nil when
// there are enough of such calls. It must be given back with done.
func (s *polls) alone(fds int) *wakeup {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.lonely) - 1; last >= 0 {
		u := s.lonely[last]
		s.lonely = s.lonely[:last]
		return u
	}
	if len(s.made) >= maxLonely && s.fds+fds <= maxShared {
		return nil
	}
	u := new(wakeup)
	s.made = append(s.made, u)
	return u
}

func (s *polls) done(u *wakeup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lonely = append(s.lonely, u)
}

// pipes returns all that there are.
func (s *polls) pipes() []*wakeup {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(s.made[:len(s.made):len(s.made)], &s.wake)
}

// forget notes that the pipes were closed.
func (s *polls) forget() {
	for _, u := range s.pipes() {
		u.forget()
	}
}

// leave closes the copies that a child has got.
func (s *polls) leave(child *thread) {
	for _, u := range s.pipes() {
		u.leave(child)
	}
}

// wait waits as pollUntil does.
func (s *polls) wait(ctx context.Context, p *process, fds []netbsd.Pollfd, wait time.Duration) (int, error) {
	w := &waiter{fds: fds, done: make(chan struct{})}
	s.mu.Lock()
	if s.waiting == nil {
		s.waiting = map[*waiter]struct{}{}
	}
	s.waiting[w] = struct{}{}
	s.fds += len(fds)
	kick := s.polling
	if !s.running {
		s.running = true
		go s.run(p)
	}
	s.mu.Unlock()
	if kick {
		s.kick(p)
	}
	var due <-chan time.Time
	if wait >= 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	var late error
	select {
	case <-w.done:
		return w.n, w.err
	case <-ctx.Done():
		late = netbsd.EINTR
	case <-due:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, still := s.waiting[w]; still {
		s.remove(w)
		return 0, late
	}
	return w.n, w.err
}

// remove forgets a waiter. The caller has locked mu.
func (s *polls) remove(w *waiter) {
	delete(s.waiting, w)
	s.fds -= len(w.fds)
}

// kick has the call made again, with those that came.
func (s *polls) kick(p *process) {
	s.kicking.Lock()
	defer s.kicking.Unlock()
	if s.kicker == nil {
		s.kicker = p.newHelper()
		s.kicker.mem.Data = []byte{0}
	}
	if _, w, err := s.wake.get(s.kicker); err == nil {
		_, _ = syscalls.Write(context.Background(), s.kicker, w, s.kicker.mem.Base, 1)
	}
}

// run polls until nobody waits any more.
func (s *polls) run(p *process) {
	h := p.newHelper()
	var all []netbsd.Pollfd
	for {
		r, _, err := s.wake.get(h)
		s.mu.Lock()
		if len(s.waiting) == 0 || err != nil {
			s.fail(err)
			return
		}
		all = append(all[:0], netbsd.Pollfd{FD: r, Events: netbsd.POLLIN})
		var who []*waiter
		for w := range s.waiting {
			all, who = append(all, w.fds...), append(who, w)
		}
		s.polling = true
		s.mu.Unlock()
		h.mem.Data = append(h.mem.Data[:0], pollBytes(all)...)
		_, err = h.poll(len(all), -1)
		copy(pollBytes(all), h.mem.Data)
		s.mu.Lock()
		s.polling = false
		if err != nil {
			s.fail(err)
			return
		}
		s.finish(who, all[1:])
		s.mu.Unlock()
		if all[0].Revents != 0 {
			h.mem.Data = make([]byte, 64)
			_, _ = syscalls.Read(context.Background(), h, r, h.mem.Base, uint(len(h.mem.Data)))
		}
	}
}

// finish tells those who have waited what the call found. The caller has locked
// mu.
func (s *polls) finish(who []*waiter, found []netbsd.Pollfd) {
	for _, w := range who {
		mine := found[:len(w.fds)]
		found = found[len(w.fds):]
		for i := range mine {
			if mine[i].Revents != 0 {
				w.n++
			}
		}
		if _, still := s.waiting[w]; still && w.n > 0 {
			copy(w.fds, mine)
			s.remove(w)
			close(w.done)
		}
	}
}

// fail ends the waiting for the reason given. The caller has locked mu, which is
// unlocked.
func (s *polls) fail(err error) {
	defer s.mu.Unlock()
	s.running = false
	for w := range s.waiting {
		w.err = err
		s.remove(w)
		close(w.done)
	}
}

// pollUntil waits for the events of fds, but no longer than the context lasts:
// EINTR then. A negative time is for ever. fds has room for one more.
func (t *thread) pollUntil(ctx context.Context, fds []netbsd.Pollfd, wait time.Duration) (int, error) {
	s := &t.p.polls
	u := s.alone(len(fds))
	if u == nil {
		return s.wait(ctx, t.p, fds, wait)
	}
	defer s.done(u)
	h := t.helper()
	r, w, err := u.get(h)
	if err != nil {
		return 0, err
	}
	ms := int32(-1)
	if wait >= 0 {
		ms = int32(min((wait+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
	}
	all := append(fds, netbsd.Pollfd{FD: r, Events: netbsd.POLLIN})
	ready, ended, err := t.pollOnce(ctx, h, all, ms, w)
	if err != nil {
		return 0, err
	}
	if all[len(fds)].Revents != 0 {
		ready--
	}
	copy(fds, all)
	if ready == 0 && ended {
		return 0, netbsd.EINTR
	}
	return ready, nil
}

// pollOnce makes a poll that ends with the context, and reports whether it did.
// The last descriptor is that of the pipe.
func (t *thread) pollOnce(ctx context.Context, h *helper, fds []netbsd.Pollfd, ms, w int32) (ready int, ended bool, err error) {
	background := context.Background()
	over, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-over:
		case <-ctx.Done():
			ended = true
			t.wakeUp(w)
		}
	}()
	h.mem.Data = append(h.mem.Data[:0], pollBytes(fds)...)
	n, err := h.poll(len(fds), ms)
	copy(pollBytes(fds), h.mem.Data)
	close(over)
	<-watched
	if ended {
		_, _ = syscalls.Read(background, t.waker, fds[len(fds)-1].FD, t.waker.mem.Base, 1)
	}
	return int(n), ended, err
}

// What a poll(2) of NetBSD's waits for may pass it by. All who wait in one share a
// condition variable, and each is woken when anything has happened. Until it has seen that
// nothing has for itself, and sleeps again, it takes notice of no event but forgets that it should. So
// a poll lasts firstPoll, the next one twice as long, up to lastPoll: what was missed is seen by the next one.
const (
	firstPoll = 20   // milliseconds
	lastPoll  = 1000 // the same
)

// poll makes a poll(2) with the n descriptors in the helper's memory, which lasts so
// many milliseconds, or for ever when that is negative.
func (h *helper) poll(n int, ms int32) (ready int32, err error) {
	for slice := int32(firstPoll); ; slice = min(2*slice, lastPoll) {
		if ms >= 0 {
			slice = min(slice, ms)
			ms -= slice
		}
		ready, err = syscalls.Poll(context.Background(), h, h.mem.Base, uint32(n), slice)
		if ready != 0 || err != nil || ms == 0 {
			return ready, err
		}
	}
}

// wakeUp ends a poll that is under way.
func (t *thread) wakeUp(w int32) {
	if t.waker == nil {
		t.waker = t.p.newHelper()
		t.waker.mem.Data = []byte{0}
	}
	_, _ = syscalls.Write(context.Background(), t.waker, w, t.waker.mem.Base, 1)
}
