package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// fit stores v in *dst when it is a number of that type, and reports whether it is.
func fit[D, S abi.Integer](dst *D, v S) bool {
	if S(D(v)) != v || (v < 0) != (D(v) < 0) {
		return false
	}
	*dst = D(v)
	return true
}

// ntpTime translates the time of an ntptimeval: its tv_usec has the nanoseconds
// when the clock's status says so, which a converter of this record alone does
// not see, so it is taken for microseconds.
func ntpTime(dst *netbsd.Timespec, src *linux.Ntptimeval) error {
	usec := int64(src.Time.Usec)
	if usec < 0 || usec >= 1e6 {
		return abi.OutOfRange("ntptimeval", "time.tv_usec", usec)
	}
	*dst = netbsd.Timespec{}
	dst.Sec = int64(src.Time.Sec)
	fit(&dst.Nsec, usec*1000)
	return nil
}

// timestampNanoseconds translates the timespec of an SCM_TIMESTAMPNS to a
// timeval. What is below a microsecond is lost.
func timestampNanoseconds(dst, src []byte) (int, error) {
	var from linux.Timespec
	if len(src) != linux.SizeofTimespec {
		return 0, abi.BadLength("timespec", "", len(src))
	}
	if len(dst) < netbsd.SizeofTimeval {
		return 0, abi.NoSpace("timeval", "", netbsd.SizeofTimeval)
	}
	copy(abi.AsBytes(&from), src)
	nsec := int64(from.Nsec)
	if nsec < 0 || nsec >= 1e9 {
		return 0, abi.OutOfRange("timespec", "tv_nsec", nsec)
	}
	to := netbsd.Timeval{Sec: int64(from.Sec), Usec: int32(nsec / 1000)}
	return copy(dst, abi.AsBytes(&to)), nil
}
