//go:build linux

package hijack

import (
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
)

// caughtHere are calls that other machines do not have.
var caughtHere = []seccomp.Rule{
	{Number: unix.SYS_OPEN, Action: seccomp.Allow, When: opensBy(1)},
}

// isOpen tells whether a call opens a file by a path that is its first argument.
func isOpen(number int32) bool { return number == unix.SYS_OPEN }
