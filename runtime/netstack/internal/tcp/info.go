package tcp

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/netbsd"
)

// windowScale is what this kernel offers: the shift that makes kern.sbmax fit
// into 16 bits.
const windowScale = 3

// info fills in a struct tcp_info (tcp_fill_info), as far as gVisor lets its
// state be seen.
func (t *tcpcb) info() (ti netbsd.TCPInfo) {
	state := t.state()
	ti.State = uint8(state)
	mss := t.maxSeg()
	ti.SndMss, ti.RcvMss = uint32(mss), uint32(mss)
	t.so.Mu.Lock()
	ti.RcvSpace = uint32(t.so.Rcv.Hiwat)
	t.so.Mu.Unlock()
	if state < netbsd.TCPS_ESTABLISHED {
		return ti
	}
	ti.Options = netbsd.TCPI_OPT_TIMESTAMPS | netbsd.TCPI_OPT_SACK | netbsd.TCPI_OPT_WSCALE
	ti.SetSndWscale(windowScale)
	ti.SetRcvWscale(windowScale)
	var gv tcpip.TCPInfoOption
	if err := t.ep.Load().GetSockOpt(&gv); err != nil {
		return ti
	}
	ti.RTT = microseconds(gv.RTT)
	ti.Rttvar = microseconds(gv.RTTVar)
	ti.Rto = microseconds(gv.RTO)
	ti.SndCwnd = gv.SndCwnd // in segments, as in NetBSD
	ti.SndSsthresh = gv.SndSsthresh
	return ti
}

func microseconds(d time.Duration) uint32 { return uint32(d / time.Microsecond) }
