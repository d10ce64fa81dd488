package iperf

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A stream is one connection that carries data.
type stream struct {
	net.Conn
	bytes atomic.Int64
}

// read counts what arrives until the connection ends.
func (s *stream) read() {
	buf := make([]byte, defaultBlock)
	for {
		n, err := s.Read(buf)
		s.bytes.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// write sends blocks until the connection ends, or there were as many bytes as
// limit says, if that is not 0.
func (s *stream) write(block int, limit int64) {
	buf := make([]byte, block)
	for i := range buf {
		buf[i] = byte(i)
	}
	for limit == 0 || s.bytes.Load() < limit {
		if limit != 0 {
			buf = buf[:min(int64(len(buf)), limit-s.bytes.Load())]
		}
		n, err := s.Write(buf)
		s.bytes.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// streams are those of a test, at work.
type streams struct {
	list    []*stream
	working sync.WaitGroup
	begun   time.Time
}

// begin makes all of them send, or receive.
func (ss *streams) begin(send bool, p params) {
	ss.begun = time.Now()
	for _, s := range ss.list {
		ss.working.Go(func() {
			if send {
				s.write(p.Len, p.Num/int64(len(ss.list)))
			} else {
				s.read()
			}
		})
	}
}

// stop ends writes and reads that are in progress.
func (ss *streams) stop() time.Duration {
	took := time.Since(ss.begun)
	for _, s := range ss.list {
		_ = s.SetDeadline(time.Now())
	}
	ss.working.Wait()
	return took
}

func (ss *streams) close() {
	for _, s := range ss.list {
		_ = s.Close()
	}
	ss.working.Wait()
}
