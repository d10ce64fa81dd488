package ping

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/netbsd"
)

const (
	headerLen = 8
	lastWait  = 2 * time.Second // for what is still under way at the end
)

// ping sends requests and shows replies, until there were enough or the context
// is done.
func (p *pinger) ping(ctx context.Context) error {
	if p.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.deadline)
		defer cancel()
	}
	if err := p.begin(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil && (p.count == 0 || len(p.sent) < p.count) {
		p.request(ctx)
		wait := p.interval
		if len(p.sent) == p.count {
			wait = p.patience()
		}
		if err := p.collect(ctx, time.Now().Add(wait)); err != nil {
			return err
		}
		if p.set['o'] && len(p.seen) > 0 {
			break
		}
	}
	return p.finish()
}

// patience is how long to wait for the last replies.
func (p *pinger) patience() time.Duration {
	longest := lastWait
	for _, r := range p.replies {
		longest = max(longest, 2*r.Time)
	}
	return longest
}

func (p *pinger) begin(ctx context.Context) error {
	if p.json {
		return nil
	}
	if p.family == netbsd.AF_INET {
		_, err := fmt.Fprintf(p.out, "PING %s (%s): %d data bytes\n", p.host, p.to, p.size)
		return err
	}
	src := p.source
	if !src.IsValid() {
		var err error
		if src, err = p.s.source(ctx, p.to); err != nil {
			return fmt.Errorf("UDP connect: %w", err)
		}
	}
	const ip6Len = 40
	_, err := fmt.Fprintf(p.out, "PING6(%d=%d+%d+%d bytes) %s --> %s\n", ip6Len+headerLen+p.size, ip6Len, headerLen, p.size, p.format(src), p.format(p.to))
	return err
}

func (p *pinger) format(a netip.Addr) string { return sockaddr.Format(a, p.links.Name) }

// request sends the next request. That it could not be sent is said, and no
// reason to stop.
func (p *pinger) request(ctx context.Context) {
	seq := uint16(len(p.sent))
	b := make([]byte, headerLen+p.size)
	b[0] = netbsd.ICMP_ECHO
	if p.family == netbsd.AF_INET6 {
		b[0] = netbsd.ICMP6_ECHO_REQUEST
	}
	binary.BigEndian.PutUint16(b[4:], p.id)
	binary.BigEndian.PutUint16(b[6:], seq)
	for i := range b[headerLen:] {
		b[headerLen+i] = byte(i)
		if len(p.pattern) > 0 {
			b[headerLen+i] = p.pattern[i%len(p.pattern)]
		}
	}
	if p.family == netbsd.AF_INET { // that of ICMPv6 the kernel fills in
		binary.BigEndian.PutUint16(b[2:], checksum(b))
	}
	delete(p.seen, seq)
	p.sent = append(p.sent, time.Now())
	if err := p.s.send(ctx, p.to, b); err != nil && ctx.Err() == nil {
		_, _ = fmt.Fprintf(p.errs, "sendto: %v\n", err)
	}
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 != 0 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > math.MaxUint16 {
		sum = sum>>16 + sum&math.MaxUint16
	}
	return ^uint16(sum)
}

// collect takes in what comes until a time, or until nothing more is to come.
func (p *pinger) collect(ctx context.Context, until time.Time) error {
	wait, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for wait.Err() == nil {
		b, from, hops, err := p.s.receive(wait)
		switch {
		case errors.Is(err, netbsd.EINTR):
			continue
		case err != nil && wait.Err() == nil:
			return fmt.Errorf("recvmsg: %w", err)
		case err != nil:
			return nil //nolint:nilerr // the call ended with the wait
		}
		if err := p.received(b, from, hops); err != nil {
			return err
		}
		if p.set['o'] && len(p.seen) > 0 || p.count > 0 && len(p.sent) == p.count && len(p.seen) == p.count {
			return nil
		}
	}
	return nil
}

// received looks at a packet, which may be about something else.
func (p *pinger) received(b []byte, from netip.Addr, hops int) error {
	echo := uint8(netbsd.ICMP6_ECHO_REPLY)
	if p.family == netbsd.AF_INET {
		echo = netbsd.ICMP_ECHOREPLY
		if len(b) < 20 || int(b[0]&0xf)*4 > len(b) {
			return nil
		}
		hops = int(b[8])
		b = b[int(b[0]&0xf)*4:]
	}
	if len(b) < headerLen {
		return nil
	}
	if b[0] != echo {
		return p.problem(b, from)
	}
	seq := binary.BigEndian.Uint16(b[6:])
	if binary.BigEndian.Uint16(b[4:]) != p.id || int(seq) >= len(p.sent) {
		return nil
	}
	r := reply{Seq: seq, Bytes: len(b), From: p.format(from), Hops: hops, Time: time.Since(p.sent[seq]), Duplicate: p.seen[seq]}
	r.Ms = milliseconds(r.Time)
	if p.seen[seq] = true; r.Duplicate {
		p.dups++
	}
	p.replies = append(p.replies, r)
	if p.json || p.set['q'] {
		return nil
	}
	return p.show(&r)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (p *pinger) show(r *reply) error {
	dup := ""
	if r.Duplicate {
		dup = " DUP!"
		if p.family == netbsd.AF_INET6 {
			dup = "(DUP!)"
		}
	}
	var err error
	if p.family == netbsd.AF_INET {
		_, err = fmt.Fprintf(p.out, "%d bytes from %s: icmp_seq=%d%s ttl=%d time=%.6f ms\n", r.Bytes, r.From, r.Seq, dup, r.Hops, r.Ms)
	} else {
		_, err = fmt.Fprintf(p.out, "%d bytes from %s, icmp_seq=%d hlim=%d time=%.3f ms%s\n", r.Bytes, r.From, r.Seq, r.Hops, r.Ms, dup)
	}
	return err
}

// A summary is what --json says of it all.
type summary struct {
	Host        string  `json:"host"`
	Address     string  `json:"address"`
	Transmitted int     `json:"transmitted"`
	Received    int     `json:"received"`
	Duplicates  int     `json:"duplicates,omitempty"`
	Loss        float64 `json:"lossPercent"`
	Rtt         *rtt    `json:"rtt,omitempty"`
	Replies     []reply `json:"replies"`
}

// An rtt is how long replies took, in milliseconds.
type rtt struct {
	Min    float64 `json:"min"`
	Avg    float64 `json:"avg"`
	Max    float64 `json:"max"`
	Stddev float64 `json:"stddev"`
}

// finish writes the summary. Without a reply, the exit status is 1.
func (p *pinger) finish() error {
	s := summary{Host: p.host, Address: p.format(p.to), Transmitted: len(p.sent), Received: len(p.replies) - p.dups, Duplicates: p.dups, Replies: append([]reply{}, p.replies...)}
	if s.Transmitted > 0 {
		s.Loss = 100 * float64(s.Transmitted-s.Received) / float64(s.Transmitted)
	}
	s.Rtt = p.times()
	err := p.write(&s)
	if err == nil && s.Received == 0 {
		err = command.Status(1)
	}
	return err
}

func (p *pinger) times() *rtt {
	if len(p.replies) == 0 {
		return nil
	}
	t := &rtt{Min: math.Inf(1)}
	var sum, squares float64
	for _, r := range p.replies {
		t.Min, t.Max = min(t.Min, r.Ms), max(t.Max, r.Ms)
		sum += r.Ms
		squares += r.Ms * r.Ms
	}
	n := float64(len(p.replies))
	t.Avg = sum / n
	t.Stddev = math.Sqrt(max(0, squares/n-t.Avg*t.Avg))
	return t
}

func (p *pinger) write(s *summary) error {
	if p.json {
		return command.WriteJSON(p.out, s)
	}
	heading, line := "\n----%s PING Statistics----\n", "round-trip min/avg/max/stddev = %.6f/%.6f/%.6f/%.6f ms\n"
	if p.family == netbsd.AF_INET6 {
		heading, line = "\n--- %s ping6 statistics ---\n", "round-trip min/avg/max/std-dev = %.3f/%.3f/%.3f/%.3f ms\n"
	}
	text := fmt.Sprintf(heading, p.host) + fmt.Sprintf("%d packets transmitted, %d packets received, ", s.Transmitted, s.Received)
	if s.Duplicates > 0 {
		text += fmt.Sprintf("+%d duplicates, ", s.Duplicates)
	}
	text += fmt.Sprintf("%.1f%% packet loss\n", s.Loss)
	if s.Rtt != nil {
		text += fmt.Sprintf(line, s.Rtt.Min, s.Rtt.Avg, s.Rtt.Max, s.Rtt.Stddev)
	}
	_, err := fmt.Fprint(p.out, text)
	return err
}
