package netlink

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
)

// options are those of level SOL_NETLINK that are switches.
type options struct {
	pktinfo        bool // NETLINK_PKTINFO
	broadcastError bool // NETLINK_BROADCAST_ERROR
	noENOBUFS      bool // NETLINK_NO_ENOBUFS
	allNSID        bool // NETLINK_LISTEN_ALL_NSID
	capAck         bool // NETLINK_CAP_ACK
	extAck         bool // NETLINK_EXT_ACK
	strict         bool // NETLINK_GET_STRICT_CHK
}

// flag returns the switch with the number of an option, nil when there is none.
func (o *options) flag(name int32) *bool {
	switch name {
	case linux.NETLINK_PKTINFO:
		return &o.pktinfo
	case linux.NETLINK_BROADCAST_ERROR:
		return &o.broadcastError
	case linux.NETLINK_NO_ENOBUFS:
		return &o.noENOBUFS
	case linux.NETLINK_LISTEN_ALL_NSID:
		return &o.allNSID
	case linux.NETLINK_CAP_ACK:
		return &o.capAck
	case linux.NETLINK_EXT_ACK:
		return &o.extAck
	case linux.NETLINK_GET_STRICT_CHK:
		return &o.strict
	}
	return nil
}

// SetOption sets an option of level SOL_NETLINK, or one of those of SOL_SOCKET that
// netlink sockets have a use for. ENOPROTOOPT: there is no such option.
func (c *Conn) SetOption(level, name int32, value []byte) error {
	var v int32 // Linux takes a value that is too short for 0
	if len(value) >= 4 {
		v = int32(binary.NativeEndian.Uint32(value))
	} else if level == linux.SOL_SOCKET {
		return linux.EINVAL
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch level {
	case linux.SOL_NETLINK:
		if p := c.flags.flag(name); p != nil {
			*p = v != 0
			return nil
		}
		switch name {
		case linux.NETLINK_ADD_MEMBERSHIP, linux.NETLINK_DROP_MEMBERSHIP:
			return c.join(v, name == linux.NETLINK_ADD_MEMBERSHIP)
		}
	case linux.SOL_SOCKET:
		size := uint32(max(v, 0))
		switch name {
		case linux.SO_RCVBUF, linux.SO_RCVBUFFORCE:
			c.rcvbuf = max(2*min(size, maxBuffer), minBuffer)
			return nil
		case linux.SO_SNDBUF, linux.SO_SNDBUFFORCE:
			c.sndbuf = max(2*min(size, maxBuffer), 2*minBuffer)
			return nil
		case linux.SO_PASSCRED, linux.SO_REUSEADDR, linux.SO_PRIORITY, linux.SO_TIMESTAMP, linux.SO_DEBUG:
			return nil // nothing comes of them here
		}
	}
	return linux.ENOPROTOOPT
}

// minBuffer is the smallest buffer for receiving, SOCK_MIN_RCVBUF.
const minBuffer = 2304

// join makes the socket a member of a group, or not one any more. The caller holds
// c.mu.
func (c *Conn) join(group int32, member bool) error {
	if group < 1 || uint32(group) > c.maxGroup {
		return linux.EINVAL
	}
	word, bit := (group-1)/32, uint32(1)<<((group-1)%32)
	if member {
		c.groups[word] |= bit
	} else {
		c.groups[word] &^= bit
	}
	return nil
}

// Option returns the value of an option, which has as many bytes as Linux would
// return into a buffer that is large enough.
func (c *Conn) Option(level, name int32) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	number := func(v uint32) ([]byte, error) { return binary.NativeEndian.AppendUint32(nil, v), nil }
	switch level {
	case linux.SOL_NETLINK:
		if p := c.flags.flag(name); p != nil && name != linux.NETLINK_LISTEN_ALL_NSID {
			if *p {
				return number(1)
			}
			return number(0)
		}
		if name == linux.NETLINK_LIST_MEMBERSHIPS {
			var b []byte
			for _, w := range c.groups[:(c.maxGroup+31)/32] {
				b = binary.NativeEndian.AppendUint32(b, w)
			}
			return b, nil
		}
	case linux.SOL_SOCKET:
		switch name {
		case linux.SO_RCVBUF:
			return number(c.rcvbuf)
		case linux.SO_SNDBUF:
			return number(c.sndbuf)
		case linux.SO_DOMAIN:
			return number(linux.AF_NETLINK)
		case linux.SO_PROTOCOL:
			return number(uint32(c.protocol))
		case linux.SO_ERROR:
			if c.lost {
				c.lost = false
				return number(uint32(linux.ENOBUFS))
			}
			return number(0)
		case linux.SO_PASSCRED, linux.SO_REUSEADDR, linux.SO_PRIORITY, linux.SO_TIMESTAMP, linux.SO_DEBUG, linux.SO_ACCEPTCONN:
			return number(0)
		}
	}
	return nil, linux.ENOPROTOOPT
}

// PacketInfo tells whether NETLINK_PKTINFO is set: messages have then a control
// message of SOL_NETLINK and that type, with the group they were sent to.
func (c *Conn) PacketInfo() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flags.pktinfo
}

// acknowledgement returns the NLMSG_ERROR that says how the request raw ended.
func (c *Conn) acknowledgement(raw []byte, h linux.Nlmsghdr, err error) []byte {
	c.mu.Lock()
	port, flags := c.id, c.flags
	c.mu.Unlock()
	errno, text := explain(err)
	ack := linux.Nlmsghdr{Type: linux.NLMSG_ERROR, Seq: h.Seq, PID: port}
	whole := errno != 0 && !flags.capAck
	if !whole {
		ack.Flags |= linux.NLM_F_CAPPED
	}
	if text != "" && flags.extAck {
		ack.Flags |= linux.NLM_F_ACK_TLVS
	}
	var b rtnetlink.Builder
	b.Begin(ack)
	rtnetlink.Struct(&b, &linux.Nlmsgerr{Error: -int32(errno), Msg: h})
	if whole {
		b.Bytes = append(b.Bytes, raw[linux.SizeofNlmsghdr:]...)
		b.Bytes = append(b.Bytes, make([]byte, -len(b.Bytes)&(linux.NLMSG_ALIGNTO-1))...)
	}
	if ack.Flags&linux.NLM_F_ACK_TLVS != 0 {
		b.Attribute(uint16(linux.NLMSGERR_ATTR_MSG), append([]byte(text), 0))
	}
	b.End()
	return b.Bytes
}

// done returns the NLMSG_DONE that ends the answer to r.
func (r *request) done() []byte { return rtnetlink.AppendDone(nil, r.Header) }

// sized returns the struct T at the front of data: what programs leave out is
// zero, as some send no more than the family.
func sized[T any](data []byte) (v T) {
	copy(abi.AsBytes(&v), data)
	return v
}
