package local

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// internalize returns the files that a SCM_RIGHTS message names, with a reference
// to each (unp_internalize). There can be one such message and no other: EINVAL.
// EBADF: a descriptor is not open, or is a kqueue.
func internalize(l *kern.Lwp, control []byte) ([]*kern.OpenFile, error) {
	const data = socket.CmsgHeader
	var h netbsd.Cmsghdr
	copy(abi.AsBytes(&h), control)
	if h.Level != netbsd.SOL_SOCKET || h.Type != netbsd.SCM_RIGHTS ||
		uint64(h.Len) > uint64(len(control)) || h.Len < data {
		return nil, netbsd.EINVAL
	}
	files := make([]*kern.OpenFile, 0, (h.Len-data)/4)
	for fds := control[data:h.Len]; len(fds) >= 4; fds = fds[4:] {
		var fd int32
		copy(abi.AsBytes(&fd), fds)
		f, err := l.File(fd)
		if err == nil && f.Type == kern.TypeKqueue {
			f.Unref(l)
			err = netbsd.EBADF
		}
		if err != nil {
			discard(l, files)
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// discard gives references back.
func discard(l *kern.Lwp, files []*kern.OpenFile) {
	for _, f := range files {
		f.Unref(l)
	}
}
