package route

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/rtprint"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// A result is what --json says of a change.
type result struct {
	Command     string `json:"command"`
	Kind        string `json:"kind"` // "net" or "host"
	Destination string `json:"destination"`
	Gateway     string `json:"gateway,omitempty"`
}

var messageTypes = map[string]uint8{
	"add": netbsd.RTM_ADD, "change": netbsd.RTM_CHANGE, "delete": netbsd.RTM_DELETE, "get": netbsd.RTM_GET,
}

// change adds, changes, deletes or looks up a route.
func (e *env) change(ctx context.Context, words []string) error {
	r, err := e.parse(ctx, words)
	if err != nil {
		return err
	}
	r.header.Flags = r.flags | netbsd.RTF_UP
	if r.host {
		r.header.Flags |= netbsd.RTF_HOST
	}
	if !r.iface {
		r.header.Flags |= netbsd.RTF_GATEWAY
	}
	if r.name == "get" && r.m.Addrs[netbsd.RTAX_IFP] == nil {
		r.m.Addrs[netbsd.RTAX_IFP] = sockaddr.MakeLink(sockaddr.Link{})
	}
	r.m.Type, r.m.Header = messageTypes[r.name], &r.header
	answer, err := e.Request(ctx, &r.m)
	if r.name == "get" {
		if err != nil {
			return fmt.Errorf("writing to routing socket: %w", because(err))
		}
		return e.got(r, answer)
	}
	return r.report(err)
}

// report says what was done, or not.
func (r *request) report(failure error) error {
	done := result{Command: r.name, Kind: "net", Destination: r.dst, Gateway: r.gateway}
	if r.host {
		done.Kind = "host"
	}
	reason := because(failure)
	switch {
	case r.json && failure == nil:
		return command.WriteJSON(r.out, done)
	case !r.json && !r.set['q']:
		line := done.Command + " " + done.Kind + " " + done.Destination
		if done.Gateway != "" {
			line += ": gateway " + done.Gateway
		}
		if failure != nil {
			line += ": " + reason.Error()
		}
		if _, err := fmt.Fprintln(r.out, line); err != nil {
			return err
		}
	}
	if failure == nil {
		return nil
	}
	err := fmt.Errorf("writing to routing socket: %w", reason)
	switch {
	case errors.Is(failure, netbsd.EEXIST):
		return command.Hint(err, "say change instead of add, or delete the one there is")
	case errors.Is(failure, netbsd.ESRCH):
		return command.Hint(err, "show lists the routes there are")
	case errors.Is(failure, netbsd.ENETUNREACH):
		return command.Hint(err, "a gateway must be on the network of an interface that is up")
	}
	return err
}

// because says why a request failed, in the words of the routing table.
func because(err error) error {
	for errno, text := range map[netbsd.Errno]string{
		netbsd.ESRCH: "not in table", netbsd.EBUSY: "entry in use", netbsd.ENOBUFS: "routing table overflow",
	} {
		if errors.Is(err, errno) {
			return &reworded{text, err}
		}
	}
	return err
}

// A reworded error is another one in other words.
type reworded struct {
	text string
	err  error
}

func (r *reworded) Error() string { return r.text }
func (r *reworded) Unwrap() error { return r.err }

// An answer is what --json says of a route that was looked up.
type answer struct {
	To          string            `json:"routeTo"`
	Destination string            `json:"destination"`
	Mask        string            `json:"mask,omitempty"`
	Gateway     string            `json:"gateway,omitempty"`
	Local       string            `json:"localAddress,omitempty"`
	Interface   string            `json:"interface,omitempty"`
	Flags       []string          `json:"flags"`
	Metrics     map[string]uint64 `json:"metrics"`
}

// got shows the route that a destination has.
func (e *env) got(r *request, m *rtsock.Message) error {
	h, ok := m.Header.(*netbsd.RtMsghdr)
	if !ok {
		return command.Status(1)
	}
	if h.Errno != 0 {
		return fmt.Errorf("RTM_GET: %w (errno %d)", netbsd.Errno(h.Errno), h.Errno)
	}
	l := e.links
	a := answer{
		To:          l.Host(r.m.Addrs[netbsd.RTAX_DST]),
		Destination: l.Host(m.Addrs[netbsd.RTAX_DST]),
		Flags:       rtprint.FlagNames(h.Flags),
		Metrics:     map[string]uint64{"mtu": h.Rmx.MTU, "hopcount": h.Rmx.Hopcount, "recvpipe": h.Rmx.Recvpipe, "sendpipe": h.Rmx.Sendpipe, "ssthresh": h.Rmx.Ssthresh, "rtt": h.Rmx.RTT, "rttvar": h.Rmx.Rttvar},
	}
	if mask := m.Addrs[netbsd.RTAX_NETMASK]; mask != nil {
		a.Mask = e.mask(mask, sockaddr.Family(m.Addrs[netbsd.RTAX_DST]))
	}
	if h.Flags&netbsd.RTF_GATEWAY != 0 {
		a.Gateway = l.Host(m.Addrs[netbsd.RTAX_GATEWAY])
	}
	if ifa := m.Addrs[netbsd.RTAX_IFA]; ifa != nil {
		a.Local = l.Host(ifa)
	}
	if dl, ok := sockaddr.ParseLink(m.Addrs[netbsd.RTAX_IFP]); ok {
		a.Interface = dl.Name
	}
	switch {
	case e.json:
		return command.WriteJSON(e.out, a)
	case e.set['s'] && a.Gateway == "":
		return command.Status(1)
	case e.set['s']:
		_, err := fmt.Fprintln(e.out, a.Gateway)
		return err
	}
	b := new(bytes.Buffer)
	a.write(b, &h.Rmx)
	if e.set['v'] {
		e.details(b, m)
	}
	_, err := e.out.Write(b.Bytes())
	return err
}

// mask returns a mask, which has no family itself, as an address.
func (e *env) mask(mask []byte, family uint8) string {
	if len(mask) < 2 {
		return "default"
	}
	full := make([]byte, netbsd.SizeofSockaddrIn6)
	copy(full, mask)
	full[0], full[1] = byte(len(full)), family
	return e.links.Host(full)
}

func (a *answer) write(b *bytes.Buffer, x *netbsd.RtMetrics) {
	for _, line := range []struct{ name, value string }{
		{"   route to", a.To}, {"destination", a.Destination}, {"       mask", a.Mask}, {"    gateway", a.Gateway},
		{" local addr", a.Local}, {"  interface", a.Interface}, {"      flags", rtprint.Bracketed(a.Flags)},
	} {
		if line.value != "" {
			fmt.Fprintf(b, "%s: %s\n", line.name, line.value)
		}
	}
	fmt.Fprintln(b, " recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire")
	msec := func(v uint64) uint64 { return (v + 500) / 1000 }
	expire := x.Expire
	if expire != 0 {
		expire -= time.Now().Unix()
	}
	for _, v := range []struct {
		value any
		lock  uint64
	}{
		{x.Recvpipe, netbsd.RTV_RPIPE}, {x.Sendpipe, netbsd.RTV_SPIPE}, {x.Ssthresh, netbsd.RTV_SSTHRESH}, {msec(x.RTT), netbsd.RTV_RTT},
		{msec(x.Rttvar), netbsd.RTV_RTTVAR}, {x.Hopcount, netbsd.RTV_HOPCOUNT}, {x.MTU, netbsd.RTV_MTU},
	} {
		fmt.Fprintf(b, "%8d%s ", v.value, lockMark(x, v.lock))
	}
	fmt.Fprintf(b, "%8d%s\n", expire, lockMark(x, netbsd.RTV_EXPIRE))
}

func lockMark(x *netbsd.RtMetrics, bit uint64) string {
	if x.Locks&bit != 0 {
		return "L"
	}
	return " "
}
