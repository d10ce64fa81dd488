package netcfg

import (
	"context"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// The methods here are for what the data of package routing has no word for.
// Their errors are those of the calls, without a word about what was tried.

// Version tells the form of the kernel's routing messages.
func (c *Client) Version() *rtsock.Version { return c.routing }

// Ioctl makes an ioctl on a new datagram socket of a family (AF_*). arg is the
// struct that belongs to the request, which must not have pointers in it;
// afterwards it is what the kernel answered.
func (c *Client) Ioctl(ctx context.Context, family int32, request uint64, arg []byte) error {
	defer c.lock()()
	return c.ioctl(ctx, family, request, arg)
}

// Value returns the variable with the numbers, and what follows them.
func (c *Client) Value(ctx context.Context, mib ...int32) ([]byte, error) { return c.value(ctx, mib) }

// Messages returns a dump as the messages that it is made of. Those of a type
// that is not known are left out.
func (c *Client) Messages(ctx context.Context, s rtsock.Sysctl) ([]*rtsock.Message, error) {
	b, err := c.value(ctx, s.Name[:])
	if err != nil {
		return nil, err
	}
	var list []*rtsock.Message
	for len(b) > 0 {
		m, rest, err := rtsock.Parse(c.routing, b)
		if err == nil {
			list = append(list, m)
		} else if rest == nil {
			return nil, err
		}
		b = rest
	}
	return list, nil
}

// Request sends m, whose header is a [netbsd.RtMsghdr], and returns the kernel's
// answer. The header's sequence number and process are set here.
func (c *Client) Request(ctx context.Context, m *rtsock.Message) (*rtsock.Message, error) {
	defer c.lock()()
	var answer *rtsock.Message
	err := c.converse(ctx, m, func(a *rtsock.Message) error {
		answer = a
		for i, sa := range a.Addrs {
			a.Addrs[i] = append([]byte(nil), sa...)
		}
		return nil
	})
	return answer, err
}

// LinkString returns what the interface is connected to. The error is ENOENT
// when it is not connected, and ENOTTY when its driver has no such strings.
func (c *Client) LinkString(ctx context.Context, name string) (string, error) {
	defer c.lock()()
	if _, err := named(name); err != nil {
		return "", err
	}
	d := netbsd.Ifdrv{Cmd: netbsd.IFLINKSTR_QUERYLEN}
	copy(d.Name[:], name)
	if err := c.ioctl(ctx, netbsd.AF_INET, netbsd.SIOCGLINKSTR, abi.AsBytes(&d)); err != nil {
		return "", err
	}
	if d.Len > maxMessage {
		return "", netbsd.EMSGSIZE
	}
	n := int(d.Len)
	d.Cmd, d.Data = 0, c.mem.room(n)
	at := d.Data
	if err := c.ioctl(ctx, netbsd.AF_INET, netbsd.SIOCGLINKSTR, abi.AsBytes(&d)); err != nil {
		return "", err
	}
	b := c.mem.at(at, n)
	return string(b[:abi.StringLen(b)]), nil
}

// Cloners returns the names of the drivers that interfaces can be created with.
func (c *Client) Cloners(ctx context.Context) ([]string, error) {
	defer c.lock()()
	var r netbsd.IfClonereq
	if err := c.ioctl(ctx, netbsd.AF_INET, netbsd.SIOCIFGCLONERS, abi.AsBytes(&r)); err != nil {
		return nil, err
	}
	const most = 1024
	n := min(max(int(r.Total), 0), most)
	at := c.mem.room(n * netbsd.IFNAMSIZ)
	r.Count, r.Buffer = int32(n), at
	if err := c.ioctl(ctx, netbsd.AF_INET, netbsd.SIOCIFGCLONERS, abi.AsBytes(&r)); err != nil {
		return nil, err
	}
	var names []string
	for i := range min(n, int(r.Total)) {
		b := c.mem.at(at+abi.Addr(i*netbsd.IFNAMSIZ), netbsd.IFNAMSIZ)
		names = append(names, string(b[:abi.StringLen(b)]))
	}
	return names, nil
}

// Number returns the numbers of the variable with the name.
func (c *Client) Number(ctx context.Context, name string) ([]int32, error) {
	return c.number(ctx, name)
}

// Children lists what is below the node with the numbers, all that there is
// without any.
func (c *Client) Children(ctx context.Context, mib ...int32) ([]Variable, error) {
	return c.children(ctx, mib)
}

// SetValue sets the variable with the numbers.
func (c *Client) SetValue(ctx context.Context, v []byte, mib ...int32) error {
	defer c.lock()()
	return c.sysctl(ctx, mib, 0, 0, v)
}

// Description returns what the kernel says about the variable with the numbers:
// nothing when it has none to tell.
func (c *Client) Description(ctx context.Context, mib ...int32) (string, error) {
	if len(mib) == 0 {
		return "", netbsd.EINVAL
	}
	parent, number := mib[:len(mib)-1:len(mib)-1], mib[len(mib)-1]
	request := netbsd.Sysctlnode{Flags: netbsd.SYSCTL_VERSION, Num: number}
	b, err := c.valueWith(ctx, append(parent, netbsd.CTL_DESCRIBE), abi.AsBytes(&request))
	if err != nil {
		return "", err
	}
	const header = 12 // descr_num, descr_ver, descr_len
	if len(b) < header {
		return "", nil
	}
	b = b[header:]
	return string(b[:abi.StringLen(b)]), nil
}
