package tcp

import "sync/atomic"

// Params are the variables of net.inet.tcp, and net.inet6.tcp6, that sockets
// look at. They may change at any time.
type Params struct {
	SendSpace   atomic.Int32 // sendspace: SO_SNDBUF of new sockets
	RecvSpace   atomic.Int32 // recvspace: SO_RCVBUF of new sockets
	SendBufAuto atomic.Int32 // sendbuf_auto: buffers grow whose size nobody set
	SendBufMax  atomic.Int32 // sendbuf_max: to how much
	RecvBufAuto atomic.Int32 // recvbuf_auto
	RecvBufMax  atomic.Int32 // recvbuf_max
	MSSDefault  atomic.Int32 // mssdflt: TCP_MAXSEG before a connection

	KeepIdle, KeepIntvl, KeepCnt, KeepInit atomic.Int32 // seconds, and a count
}

// The values after boot (tcp_usrreq.c, tcp_var.h, tcp_timer.h).
func (p *Params) init() {
	p.SendSpace.Store(32 * 1024)
	p.RecvSpace.Store(32 * 1024)
	p.SendBufAuto.Store(1)
	p.SendBufMax.Store(256 * 1024)
	p.RecvBufAuto.Store(1)
	p.RecvBufMax.Store(256 * 1024)
	p.MSSDefault.Store(536)
	p.KeepIdle.Store(2 * 60 * 60)
	p.KeepIntvl.Store(75)
	p.KeepCnt.Store(8)
	p.KeepInit.Store(75)
}
