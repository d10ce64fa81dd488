package sysctl

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A machine is a tree, and a thread that asks it.
type machine struct {
	*Tree
	*testing.T
	lwp *kern.Lwp
	mem abi.Bytes
}

// Where the arguments of a call are in the machine's memory.
const (
	base   = 0x10000
	nameAt = base
	lenAt  = base + 0x100
	oldAt  = base + 0x1000
	newAt  = base + 0x8000
	size   = 0x10000
)

func boot(t *testing.T) *machine {
	t.Helper()
	ifs := netif.New(stack.New(stack.Options{}))
	procs := new(kern.Procs)
	tree, err := New(Config{Release: kernel.NetBSD10, Hostname: "here", Interfaces: ifs, Processes: procs, Clock: system.Clock(), Random: system.Host().Random})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{Tree: tree, T: t, mem: abi.Bytes{Base: base, Data: make([]byte, size)}}
	m.lwp = kern.NewLwp(kerntest.Process(t, procs), &m.mem)
	return m
}

// call makes a request with room bytes for the answer.
func (m *machine) call(name []int32, room int, value []byte) ([]byte, error) {
	m.Helper()
	clear(m.mem.Data)
	for i, n := range name {
		binary.NativeEndian.PutUint32(m.mem.Data[4*i:], uint32(n))
	}
	n := uint(room)
	copy(m.mem.Data[lenAt-base:], abi.AsBytes(&n))
	args := syscalls.Args{nameAt, uintptr(len(name)), oldAt, lenAt}
	if value != nil {
		copy(m.mem.Data[newAt-base:], value)
		args[4], args[5] = newAt, uintptr(len(value))
	}
	_, _, err := m.sysctl(m.lwp, args)
	copy(abi.AsBytes(&n), m.mem.Data[lenAt-base:])
	return m.mem.Data[oldAt-base:][:min(n, uint(room))], err
}

func (m *machine) want(err error, errno netbsd.Errno) {
	m.Helper()
	var got netbsd.Errno
	if err != nil && !errors.As(err, &got) || got != errno {
		m.Errorf("error is %v, not %v", err, errno)
	}
}

func words(v ...int32) []byte {
	var b []byte
	for _, w := range v {
		b = binary.NativeEndian.AppendUint32(b, uint32(w))
	}
	return b
}

func TestRanges(t *testing.T) {
	m := boot(t)
	for _, c := range []struct {
		name string
		path []int32
		v    int32
		err  netbsd.Errno
	}{
		{"the lowest low port", []int32{4, 2, 0, 16}, 600, 0},
		{"below it", []int32{4, 2, 0, 16}, 599, netbsd.EINVAL},
		{"lowportmin up to lowportmax", []int32{4, 2, 0, 16}, 1023, netbsd.EINVAL},
		{"lowportmax down to lowportmin", []int32{4, 24, 41, 31}, 600, netbsd.EINVAL},
		{"anonportmax to anonportmin", []int32{4, 24, 41, 29}, 49152, netbsd.EINVAL},
		{"returndatabytes", []int32{4, 2, 1, 3}, 512, 0},
		{"more of them", []int32{4, 2, 1, 3}, 513, netbsd.EINVAL},
		{"init_win", []int32{4, 2, 6, 8}, 11, netbsd.EINVAL},
		{"a negative init_win", []int32{4, 2, 6, 8}, -1, netbsd.EINVAL},
		{"a timeout", []int32{4, 2, 0, 12}, -1, netbsd.EINVAL},
		{"sbmax", []int32{1, 58}, 16 << 10, 0},
		{"fewer clusters", []int32{1, 39, 3}, 1, netbsd.EINVAL},
		{"a queue without room", []int32{4, 2, 0, 21, 2}, 0, netbsd.EINVAL},
	} {
		_, err := m.call(c.path, 4, words(c.v))
		var got netbsd.Errno
		if errors.As(err, &got); got != c.err {
			t.Errorf("%s: %v, not %v", c.name, err, c.err)
		}
	}
}

// TestFunctions checks that a name below a variable that NetBSD has behind a
// function is another error than one below other variables.
func TestFunctions(t *testing.T) {
	m := boot(t)
	_, err := m.call([]int32{4, 2, 0, 10, 1}, 4, nil)
	m.want(err, netbsd.EINVAL)
	_, err = m.call([]int32{4, 2, 0, 3, 1}, 4, nil)
	m.want(err, netbsd.ENOTDIR)
}

func TestSharedVariables(t *testing.T) {
	m := boot(t)
	if _, err := m.call([]int32{4, 24, 6, 4}, 0, words(1220)); !errors.Is(err, netbsd.ENOMEM) {
		t.Fatal(err)
	}
	got, err := m.call([]int32{4, 2, 6, 4}, 4, nil)
	m.want(err, 0)
	if !bytes.Equal(got, words(1220)) {
		t.Errorf("net.inet.tcp.mssdflt is %x, not what net.inet6.tcp6.mssdflt was set to", got)
	}
}

func (m *machine) node(flags uint32, number int32, name string) []byte {
	n := netbsd.Sysctlnode{Flags: netbsd.SYSCTL_VERSION | flags, Num: number}
	copy(n.Name[:], name)
	return bytes.Clone(abi.AsBytes(&n))
}

func TestCreate(t *testing.T) {
	m := boot(t)
	const rw = netbsd.CTLFLAG_READWRITE
	vendor := func(number ...int32) []int32 { return append([]int32{netbsd.CTL_VENDOR}, number...) }
	integer := m.node(netbsd.CTLTYPE_INT|netbsd.CTLFLAG_IMMEDIATE|rw, 7, "seven")
	copy(integer[48:], words(7))

	_, err := m.call([]int32{netbsd.CTL_NET, netbsd.CTL_CREATE}, 96, integer)
	m.want(err, netbsd.EPERM)
	made, err := m.call(vendor(netbsd.CTL_CREATE), 96, integer)
	m.want(err, 0)
	if !bytes.Equal(made[4:16], integer[4:16]) {
		t.Errorf("the answer is %x", made)
	}
	_, err = m.call(vendor(netbsd.CTL_CREATE), 96, m.node(netbsd.CTLTYPE_NODE, 9, "seven"))
	m.want(err, netbsd.EEXIST)
	got, err := m.call(vendor(7), 4, words(8))
	m.want(err, 0)
	if !bytes.Equal(got, words(7)) {
		t.Errorf("the value is %x", got)
	}
	got, _ = m.call(vendor(7), 4, nil)
	if !bytes.Equal(got, words(8)) {
		t.Errorf("the value is %x after it was set", got)
	}

	for _, c := range []struct {
		name string
		node []byte
		err  netbsd.Errno
	}{
		{"a name that begins with a digit", m.node(netbsd.CTLTYPE_NODE, 8, "8"), netbsd.EINVAL},
		{"a name with a dot", m.node(netbsd.CTLTYPE_NODE, 8, "a.b"), netbsd.EINVAL},
		{"no name", m.node(netbsd.CTLTYPE_NODE, 8, ""), netbsd.EINVAL},
		{"a name without end", m.node(netbsd.CTLTYPE_NODE, 8, "abcdefghijklmnopqrstuvwxyz-_0123"), netbsd.EINVAL},
		{"a permanent node", m.node(netbsd.CTLTYPE_NODE|netbsd.CTLFLAG_PERMANENT, 8, "x"), netbsd.EPERM},
		{"a struct of no size", m.node(netbsd.CTLTYPE_STRUCT|netbsd.CTLFLAG_OWNDATA, 8, "x"), netbsd.EINVAL},
		{"no data", m.node(netbsd.CTLTYPE_INT, 8, "x"), netbsd.EINVAL},
		{"no type", m.node(0, 8, "x"), netbsd.EINVAL},
	} {
		_, err := m.call(vendor(netbsd.CTL_CREATE), 96, c.node)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, not %v", c.name, err, c.err)
		}
	}

	_, err = m.call([]int32{netbsd.CTL_DESTROY}, 96, m.node(0, netbsd.CTL_NET, "net"))
	m.want(err, netbsd.EPERM)
	_, err = m.call(vendor(netbsd.CTL_DESTROY), 96, m.node(0, 7, "eight"))
	m.want(err, netbsd.ENOENT)
	_, err = m.call(vendor(netbsd.CTL_DESTROY), 96, m.node(0, 7, ""))
	m.want(err, 0)
	_, err = m.call(vendor(7), 4, nil)
	m.want(err, netbsd.ENOENT)
}

func TestCreateHasLimits(t *testing.T) {
	m := boot(t)
	create := []int32{netbsd.CTL_VENDOR, netbsd.CTL_CREATE}
	large := m.node(netbsd.CTLTYPE_STRUCT|netbsd.CTLFLAG_OWNDATA, netbsd.CTL_CREATE, "large")
	binary.NativeEndian.PutUint64(large[64:], 1<<40)
	_, err := m.call(create, 96, large)
	m.want(err, netbsd.ENOMEM)
	for i := range maxCreated + 1 {
		name := []byte{'x', 'a' + byte(i/676), 'a' + byte(i/26%26), 'a' + byte(i%26)}
		_, err = m.call(create, 96, m.node(netbsd.CTLTYPE_NODE, netbsd.CTL_CREATE, string(name)))
		if i < maxCreated && err != nil {
			t.Fatalf("node %d: %v", i, err)
		}
	}
	m.want(err, netbsd.ENOMEM)
}

func TestDescribe(t *testing.T) {
	m := boot(t)
	create := []int32{netbsd.CTL_VENDOR, netbsd.CTL_CREATE}
	if _, err := m.call(create, 96, m.node(netbsd.CTLTYPE_NODE, 3, "three")); err != nil {
		t.Fatal(err)
	}
	const textAt = 96
	request := append(m.node(0, 3, ""), "a third\x00"...)
	at := uint64(newAt + textAt)
	copy(request[88:], abi.AsBytes(&at))
	describe := []int32{netbsd.CTL_VENDOR, netbsd.CTL_DESCRIBE}
	want := append(words(3, 0, 8), "a third\x00"...)
	for _, errno := range []netbsd.Errno{0, netbsd.EPERM} { // once and no more
		got, err := m.describeWith(describe, request)
		m.want(err, errno)
		if errno == 0 && (len(got) != 20 || !bytes.Equal(got[8:], want[8:])) {
			t.Errorf("described as %x, not %x", got, want)
		}
	}
}

// describeWith makes a request whose value is 96 bytes, with more behind.
func (m *machine) describeWith(name []int32, request []byte) ([]byte, error) {
	got, err := m.call(name, 100, request)
	if !errors.Is(err, netbsd.EINVAL) {
		m.Fatalf("a value of %d bytes: %v", len(request), err)
	}
	n := uint(100)
	copy(m.mem.Data[lenAt-base:], abi.AsBytes(&n))
	_, _, err = m.sysctl(m.lwp, syscalls.Args{nameAt, uintptr(len(name)), oldAt, lenAt, newAt, netbsd.SizeofSysctlnode})
	copy(abi.AsBytes(&n), m.mem.Data[lenAt-base:])
	if err == nil {
		got = m.mem.Data[oldAt-base:][:n]
	}
	return got, err
}

func TestUnprivileged(t *testing.T) {
	m := boot(t)
	m.lwp.Proc.SetCred(&kern.Cred{UID: 1, EUID: 1})
	_, err := m.call([]int32{netbsd.CTL_VENDOR, netbsd.CTL_CREATE}, 96, m.node(netbsd.CTLTYPE_NODE, 3, "three"))
	m.want(err, netbsd.EPERM)
	_, err = m.call([]int32{netbsd.CTL_KERN, netbsd.KERN_HOSTNAME}, 96, []byte("mine"))
	m.want(err, netbsd.EPERM)
	got, err := m.call([]int32{netbsd.CTL_KERN, netbsd.KERN_HOSTNAME}, 96, nil)
	m.want(err, 0)
	if string(got) != "here\x00" {
		t.Errorf("kern.hostname is %q", got)
	}
}

// TestGarbage makes calls that nobody would make on purpose: each is to return.
func TestGarbage(t *testing.T) {
	m := boot(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	numbers := []int32{0, 1, 2, 4, 6, 11, 17, 24, 34, 41, 58, -1, -2, -3, -4, -5, -6, -7, 1024, 1030, 1 << 30, -1 << 31}
	addrs := []uintptr{0, 1, base - 1, nameAt, oldAt, base + size - 1, ^uintptr(0), ^uintptr(0) - 95}
	for range 20000 {
		for i := range m.mem.Data[:128] {
			m.mem.Data[i] = byte(rnd.Uint32())
		}
		for i := range 13 {
			copy(m.mem.Data[4*i:], words(numbers[rnd.IntN(len(numbers))]))
		}
		copy(m.mem.Data[newAt-base:], m.node(rnd.Uint32()&0xfffff, numbers[rnd.IntN(len(numbers))], "ab"))
		args := syscalls.Args{nameAt, uintptr(rnd.IntN(14)), addrs[rnd.IntN(len(addrs))], lenAt, newAt, uintptr(rnd.IntN(2) * 96)}
		if rnd.IntN(4) == 0 {
			args[rnd.IntN(6)] = addrs[rnd.IntN(len(addrs))]
		}
		_, _, _ = m.sysctl(m.lwp, args)
	}
	if _, err := m.call([]int32{1, 2}, 64, nil); err != nil {
		t.Error(err)
	}
}

// TestHostID sets kern.hostid, which gethostid(3) asks for.
func TestHostID(t *testing.T) {
	t.Parallel()
	m := boot(t)
	name := []int32{netbsd.CTL_KERN, netbsd.KERN_HOSTID}
	for _, value := range [][]byte{{1, 2, 3, 0x84}, {0, 0, 0, 0}} {
		if _, err := m.call(name, 4, value); err != nil {
			t.Fatal(err)
		}
		if got, err := m.call(name, 4, nil); err != nil || !bytes.Equal(got, value) {
			t.Errorf("% x, %v; want % x", got, err, value)
		}
	}
}
