//go:build !linux

package sockin

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// Host has the sockets of this machine, which are not known here.
type Host struct{}

var _ hypercall.Sockets = (*Host)(nil)

// Open fails.
func (*Host) Open(int32, int32) (hypercall.Socket, error) { return nil, netbsd.EPROTONOSUPPORT }
