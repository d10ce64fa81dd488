package netcfg

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A Variable is a node of the tree of sysctl(7), as the kernel describes it.
type Variable struct {
	Name     string // the last part of it
	Number   int32
	Type     uint32 // CTLTYPE_*
	Writable bool   // by the superuser
	Size     int    // of the value in bytes, 0 when that varies
	Hex      bool   // an integer that is best read in hexadecimal
	Unsigned bool   // an integer that is not negative
}

// Variables lists what is below the node with the name, such as "net.inet.ip";
// that of the root is empty.
func (c *Client) Variables(ctx context.Context, name string) ([]Variable, error) {
	mib, err := c.number(ctx, name)
	if err != nil {
		return nil, err
	}
	list, err := c.children(ctx, mib)
	return list, wrap("list variables of", name, err)
}

// Int returns an integer variable, of 32 or 64 bits or a truth value.
func (c *Client) Int(ctx context.Context, name string) (int64, error) {
	b, err := c.Bytes(ctx, name)
	if err != nil {
		return 0, err
	}
	switch len(b) {
	case 1:
		return int64(b[0]), nil
	case 4:
		return int64(int32(binary.NativeEndian.Uint32(b))), nil
	case 8:
		return int64(binary.NativeEndian.Uint64(b)), nil
	}
	return 0, wrap("read integer", name, netbsd.EINVAL)
}

// SetInt sets an integer variable of 32 bits.
func (c *Client) SetInt(ctx context.Context, name string, v int32) error {
	return c.SetBytes(ctx, name, binary.NativeEndian.AppendUint32(nil, uint32(v)))
}

// String returns a variable that is a text.
func (c *Client) String(ctx context.Context, name string) (string, error) {
	b, err := c.Bytes(ctx, name)
	return string(b[:abi.StringLen(b)]), err
}

// SetString sets a variable that is a text.
func (c *Client) SetString(ctx context.Context, name, v string) error {
	return c.SetBytes(ctx, name, append([]byte(v), 0))
}

// Bytes returns the value of a variable as it is.
func (c *Client) Bytes(ctx context.Context, name string) ([]byte, error) {
	mib, err := c.number(ctx, name)
	if err != nil {
		return nil, err
	}
	b, err := c.value(ctx, mib)
	return b, wrap("read variable", name, err)
}

// SetBytes sets the value of a variable to the bytes.
func (c *Client) SetBytes(ctx context.Context, name string, v []byte) error {
	mib, err := c.number(ctx, name)
	if err != nil {
		return err
	}
	defer c.lock()()
	return wrap("set variable", name, c.sysctl(ctx, mib, 0, 0, v))
}

// number finds the variable with the name, as sysctlgetmibinfo(3) does: by
// asking each node for its children.
func (c *Client) number(ctx context.Context, name string) ([]int32, error) {
	var mib []int32
	if name == "" {
		return mib, nil
	}
parts:
	for part := range strings.SplitSeq(name, ".") {
		list, err := c.children(ctx, mib)
		if err != nil {
			return nil, wrap("find variable", name, err)
		}
		for _, v := range list {
			if v.Name == part {
				mib = append(mib, v.Number)
				continue parts
			}
		}
		return nil, wrap("find variable", name, netbsd.ENOENT)
	}
	return mib, nil
}

func (c *Client) children(ctx context.Context, mib []int32) ([]Variable, error) {
	request := netbsd.Sysctlnode{Flags: netbsd.SYSCTL_VERSION}
	b, err := c.valueWith(ctx, append(mib[:len(mib):len(mib)], netbsd.CTL_QUERY), abi.AsBytes(&request))
	if err != nil {
		return nil, err
	}
	list := make([]Variable, len(b)/netbsd.SizeofSysctlnode)
	for i := range list {
		var n netbsd.Sysctlnode
		copy(abi.AsBytes(&n), b[i*netbsd.SizeofSysctlnode:])
		list[i] = Variable{
			Name:     string(n.Name[:abi.StringLen(n.Name[:])]),
			Number:   n.Num,
			Type:     n.Flags & netbsd.SYSCTL_TYPEMASK,
			Writable: n.Flags&netbsd.CTLFLAG_READWRITE != 0,
			Size:     int(binary.NativeEndian.Uint64(abi.AsBytes(&n.Size))),
			Hex:      n.Flags&netbsd.CTLFLAG_HEX != 0,
			Unsigned: n.Flags&netbsd.CTLFLAG_UNSIGNED != 0,
		}
	}
	return list, nil
}

// value returns the value of the variable with the numbers.
func (c *Client) value(ctx context.Context, mib []int32) ([]byte, error) {
	return c.valueWith(ctx, mib, nil)
}

// valueWith asks for the size first, and asks again when the value has grown
// meanwhile.
func (c *Client) valueWith(ctx context.Context, mib []int32, request []byte) ([]byte, error) {
	for {
		b, err := c.valueOnce(ctx, mib, request)
		if !errors.Is(err, netbsd.ENOMEM) {
			return b, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func (c *Client) valueOnce(ctx context.Context, mib []int32, request []byte) ([]byte, error) {
	defer c.lock()()
	size := c.mem.room(8) // a size_t
	if err := c.sysctl(ctx, mib, 0, size, request); err != nil {
		return nil, err
	}
	n := c.size(size)
	if n > maxValue {
		return nil, netbsd.EMSGSIZE
	}
	old := c.mem.room(int(n))
	if err := c.sysctl(ctx, mib, old, size, request); err != nil {
		return nil, err
	}
	return append([]byte(nil), c.mem.at(old, int(min(n, c.size(size))))...), nil
}

// maxValue is more bytes than any variable has.
const maxValue = 64 << 20

// size returns the size_t at a.
func (c *Client) size(a abi.Addr) uint {
	var n uint
	copy(abi.AsBytes(&n), c.mem.at(a, 8))
	return n
}

// sysctl makes the call. The caller holds the lock.
func (c *Client) sysctl(ctx context.Context, mib []int32, old, size abi.Addr, v []byte) error {
	var name []byte
	for _, n := range mib {
		name = binary.NativeEndian.AppendUint32(name, uint32(n))
	}
	var value abi.Addr
	if v != nil {
		value = c.mem.put(v)
	}
	return syscalls.Sysctl(ctx, c, c.mem.put(name), uint32(len(mib)), old, size, value, uint(len(v)))
}
