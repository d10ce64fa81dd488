package rump

import (
	"context"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// What a poll(2) of NetBSD's waits for may pass it by: docs/decisions.md, "A poll does not last". One
// that is to last for ever lasts firstPoll, the next one twice as long, up to
// lastPoll: what was missed is seen by the next one.
const (
	firstPoll = 20   // milliseconds
	lastPoll  = 1000 // the same
)

// endless tells whether the call is a poll(2) without a limit of time.
func endless(num syscalls.Number, args *syscalls.Args) bool {
	return num == netbsd.SYS_poll && int32(args[2]) == netbsd.INFTIM
}

// poll makes such a call, as several that follow each other.
func (t *thread) poll(ctx context.Context, args syscalls.Args) (r0, r1 uintptr, err error) {
	for last := uintptr(firstPoll); ; last = min(2*last, lastPoll) {
		args[2] = last
		if r0, r1, err = t.invoke(ctx, netbsd.SYS_poll, args); r0 != 0 || err != nil {
			return r0, r1, err
		}
	}
}
