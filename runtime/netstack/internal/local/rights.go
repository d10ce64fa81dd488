package local

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// internalize returns the files that a SCM_RIGHTS message names, with a reference
// to each (unp_internalize). There can be one such message and no other: EINVAL.
// EBADF: a descriptor is not open, or is a kqueue. EAGAIN: too many files are in
// flight.
func (p *pcb) internalize(l *kern.Lwp, control []byte) (files []*kern.OpenFile, err error) {
	const data = socket.CmsgHeader
	var h netbsd.Cmsghdr
	copy(abi.AsBytes(&h), control)
	if h.Level != netbsd.SOL_SOCKET || h.Type != netbsd.SCM_RIGHTS ||
		uint64(h.Len) > uint64(len(control)) || h.Len < data {
		return nil, netbsd.EINVAL
	}
	files = make([]*kern.OpenFile, 0, (h.Len-data)/4)
	defer func() {
		if err != nil {
			for _, f := range files {
				f.Unref(l)
			}
		}
	}()
	for fds := control[data:h.Len]; len(fds) >= 4; fds = fds[4:] {
		var fd int32
		copy(abi.AsBytes(&fd), fds)
		f, err := l.File(fd)
		if err != nil {
			return files, err
		}
		files = append(files, f)
		if f.Type == kern.TypeKqueue {
			return files, netbsd.EBADF
		}
	}
	return files, p.so.Depart(len(files))
}
