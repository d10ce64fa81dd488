package kqueue

import (
	"slices"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// filterNames are the filters by number. Not all of them can be registered.
var filterNames = []string{
	"EVFILT_READ", "EVFILT_WRITE", "EVFILT_AIO", "EVFILT_VNODE", "EVFILT_PROC", "EVFILT_SIGNAL", "EVFILT_TIMER",
}

// maxFilterName is how long the name of a filter may be, with the zero byte
// (KFILTER_MAXNAME).
const maxFilterName = 256

// Ioctl does KFILTER_BYFILTER and KFILTER_BYNAME, which give the name of a
// filter, and the filter of a name.
func (q *queue) Ioctl(l *kern.Lwp, _ *kern.OpenFile, cmd uint64, data []byte) error {
	if cmd != netbsd.KFILTER_BYFILTER && cmd != netbsd.KFILTER_BYNAME {
		return netbsd.ENOTTY
	}
	var m netbsd.KfilterMapping
	copy(abi.AsBytes(&m), data)
	if cmd == netbsd.KFILTER_BYFILTER {
		if uint64(m.Filter) >= uint64(len(filterNames)) {
			return netbsd.ENOENT
		}
		return l.CopyOutString(filterNames[m.Filter], m.Name, uint64(m.Len))
	}
	name, err := l.CopyInString(m.Name, maxFilterName)
	if err != nil {
		return err
	}
	i := slices.Index(filterNames, name)
	if i < 0 {
		return netbsd.ENOENT
	}
	m.Filter = uint32(i)
	copy(data, abi.AsBytes(&m))
	return nil
}
