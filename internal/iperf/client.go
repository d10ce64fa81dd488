package iperf

import (
	"context"
	"crypto/rand"
	"net"
	"time"
)

// A Test is what a client runs.
type Test struct {
	Duration time.Duration // 0: one second
	Streams  int           // 0: one
	Reverse  bool          // the server sends
}

// A Result is what the receiver has counted.
type Result struct {
	Bytes int64
	Took  time.Duration
}

// BitsPerSecond returns how fast that was.
func (r Result) BitsPerSecond() float64 { return float64(r.Bytes) * 8 / r.Took.Seconds() }

// Run is iperf3 -c: it runs a test with the server that dial connects to.
func Run(ctx context.Context, dial func(context.Context) (net.Conn, error), t Test) (r Result, err error) {
	p := params{TCP: true, Time: int(t.Duration.Seconds()), Parallel: max(1, t.Streams), Reverse: t.Reverse, Len: defaultBlock, Version: "3.12"}
	if t.Duration == 0 {
		t.Duration = time.Second
	}
	p.Time = max(p.Time, 1)
	cookie := append([]byte(rand.Text() + rand.Text())[:cookieSize-1], 0)
	connect := func() (net.Conn, error) {
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		if _, err := c.Write(cookie); err != nil {
			_ = c.Close()
			return nil, err
		}
		return c, nil
	}
	conn, err := connect()
	if err != nil {
		return r, err
	}
	c := control{conn}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(t.Duration + patience))
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := c.hear(paramExchange); err != nil {
		return r, err
	}
	if err := c.send(p); err != nil {
		return r, err
	}
	if _, err := c.hear(createStreams); err != nil {
		return r, err
	}
	var ss streams
	defer ss.close()
	for range p.Parallel {
		s, err := connect()
		if err != nil {
			return r, err
		}
		ss.list = append(ss.list, &stream{Conn: s})
	}
	return c.run(ctx, &ss, p, t.Duration)
}

// run runs a test whose streams are there.
func (c control) run(ctx context.Context, ss *streams, p params, d time.Duration) (r Result, err error) {
	for _, s := range []state{testStart, testRunning} {
		if _, err := c.hear(s); err != nil {
			return r, err
		}
	}
	ss.begin(!p.Reverse, p)
	select {
	case <-ctx.Done():
		return r, ctx.Err()
	case <-time.After(d):
	}
	if err := c.say(testEnd); err != nil {
		return r, err
	}
	if _, err := c.hear(exchangeResults); err != nil {
		return r, err
	}
	r.Took = ss.stop()
	ours := counted(ss.list, r.Took)
	if err := c.send(ours); err != nil {
		return r, err
	}
	var theirs results
	if err := c.receive(&theirs); err != nil {
		return r, err
	}
	if r.Bytes = theirs.bytes(); p.Reverse {
		r.Bytes = ours.bytes()
	}
	if _, err := c.hear(displayResults); err != nil {
		return r, err
	}
	return r, c.say(iperfDone)
}
