package tolinux

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

// ntpTime translates the time of an ntptimeval. What is below a microsecond is
// lost.
func ntpTime(dst *linux.Timeval, src *netbsd.Ntptimeval) error {
	nsec := int64(src.Time.Nsec)
	if nsec < 0 || nsec >= 1e9 {
		return abi.OutOfRange("ntptimeval", "time.tv_nsec", nsec)
	}
	var to linux.Timeval
	if !fit(&to.Sec, src.Time.Sec) {
		return abi.OutOfRange("ntptimeval", "time.tv_sec", src.Time.Sec)
	}
	fit(&to.Usec, nsec/1000)
	*dst = to
	return nil
}
