package iperf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Serve is iperf3 -s on a listener: one test after another, until it is closed or
// ctx is done. Tests that fail are told to failed, if that is not nil.
func Serve(ctx context.Context, l net.Listener, failed func(error)) error {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		if err := serveTest(ctx, l, c); err != nil && failed != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}

func serveTest(ctx context.Context, l net.Listener, conn net.Conn) error {
	c := control{conn}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience)) // until it is known how long the test takes
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	var cookie [cookieSize]byte
	if _, err := io.ReadFull(c, cookie[:]); err != nil {
		return err
	}
	if err := c.say(paramExchange); err != nil {
		return err
	}
	var p params
	if err := c.receive(&p); err != nil {
		return err
	}
	if !p.TCP || p.Both || p.Time < 0 || p.Time > maxTime || p.Parallel < 1 || p.Parallel > maxStreams || p.Len < 1 || p.Len > maxBlock {
		return fmt.Errorf("iperf: a test of another kind: %+v", p)
	}
	_ = c.SetDeadline(time.Now().Add(time.Duration(p.Time)*time.Second + patience))
	if err := c.say(createStreams); err != nil {
		return err
	}
	var ss streams
	defer ss.close()
	for range p.Parallel {
		s, err := l.Accept()
		if err != nil {
			return err
		}
		ss.list = append(ss.list, &stream{Conn: s})
		var got [cookieSize]byte
		if _, err := io.ReadFull(s, got[:]); err != nil {
			return err
		}
		if got != cookie {
			return errors.New("iperf: a connection of another test")
		}
	}
	return c.serve(&ss, p)
}

// serve runs a test whose streams are there.
func (c control) serve(ss *streams, p params) error {
	for _, s := range []state{testStart, testRunning} {
		if err := c.say(s); err != nil {
			return err
		}
	}
	num := p.Num
	if p.Num = 0; p.Reverse {
		p.Num = num
	}
	ss.begin(p.Reverse, p)
	if _, err := c.hear(testEnd); err != nil {
		return err
	}
	took := ss.stop()
	ss.close() // the client may wait for the rest of a block
	if err := c.say(exchangeResults); err != nil {
		return err
	}
	var theirs results
	if err := c.receive(&theirs); err != nil {
		return err
	}
	if err := c.send(counted(ss.list, took)); err != nil {
		return err
	}
	if err := c.say(displayResults); err != nil {
		return err
	}
	_, err := c.hear(iperfDone)
	return err
}
