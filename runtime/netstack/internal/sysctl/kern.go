package sysctl

import (
	"encoding/binary"
	"io"
	"runtime"
	"time"
	"unsafe"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// What a machine without disks and with little memory would say.
const (
	hz          = 100
	physicalMem = 64 << 20
	nmbclusters = 4096
)

func kernNodes(cfg Config) []Node {
	osrelease := cfg.Release.Version
	version := "NetBSD " + osrelease + " (embedded)\n"
	var more []Node // than the rump kernel of 7.99.34 has
	if cfg.Release.Revision != kernel.NetBSD79934.Revision {
		more = baseNodes(cfg)
	}
	return append(append(more, []Node{
		{Number: netbsd.KERN_OSTYPE, Name: "ostype", Flags: permanent, Value: Text("NetBSD")},
		{Number: netbsd.KERN_OSRELEASE, Name: "osrelease", Flags: permanent, Value: Text(osrelease)},
		constant(netbsd.KERN_OSREV, "osrevision", cfg.Release.Revision),
		{Number: netbsd.KERN_VERSION, Name: "version", Flags: permanent, Value: Text(version)},
		name(netbsd.KERN_HOSTNAME, "hostname", cfg.Hostname),
		name(netbsd.KERN_DOMAINNAME, "domainname", ""),
		constant(netbsd.KERN_RAWPARTITION, "rawpartition", 3),
		dir(netbsd.KERN_PIPE, "pipe",
			integer(1, "maxkvasz", 8<<20),
			integer(2, "maxloankvasz", 16<<20),
			integer(3, "maxbigpipes", 32),
			integer(4, "nbigpipes", 0),
			integer(5, "kvasize", 0)),
	}...), temporary(
		Node{Number: netbsd.KERN_CLOCKRATE, Name: "clockrate", Func: true, Size: netbsd.SizeofClockinfo,
			Value: structOf(netbsd.Clockinfo{Hz: hz, Tick: 1e6 / hz, Tickadj: 40, Stathz: 1, Profhz: 1})},
		Node{Number: netbsd.KERN_PROC, Name: "proc", Type: netbsd.CTLTYPE_NODE, Handler: unavailable(2)},
		Node{Number: netbsd.KERN_PROC2, Name: "proc2", Type: netbsd.CTLTYPE_NODE, Handler: unavailable(4)},
		Node{Number: netbsd.KERN_PROC_ARGS, Name: "proc_args", Type: netbsd.CTLTYPE_NODE, Handler: unavailable(2)},
		Node{Number: netbsd.KERN_FILE2, Name: "file2", Type: netbsd.CTLTYPE_STRUCT, Handler: unavailable(4)},
		Node{Number: netbsd.KERN_HARDCLOCK_TICKS, Name: "hardclock_ticks", Value: ticks(cfg.Clock)},
		Node{Number: netbsd.KERN_MBUF, Name: "mbuf", Children: mbufNodes()},
		checked(netbsd.KERN_SBMAX, "sbmax", 256<<10, atLeast(16<<10)),
		checked(netbsd.KERN_SOMAXKVA, "somaxkva", 16<<20, atLeast(16<<20)),
		Node{Number: netbsd.KERN_URND, Name: "urandom", Func: true, Value: randomInt(cfg.Random)},
		Node{Number: netbsd.KERN_ARND, Name: "arandom", Type: netbsd.CTLTYPE_INT, Size: 4, Handler: arandom(cfg.Random)},
	)...)
}

// baseNodes are variables of kern that a whole kernel has.
func baseNodes(cfg Config) []Node {
	now := cfg.Clock.Now()
	return []Node{
		checked(netbsd.KERN_MAXPROC, "maxproc", kern.DefaultMaxProc, within(1, kern.DefaultMaxProc)),
		checked(netbsd.KERN_MAXFILES, "maxfiles", kern.DefaultMaxFiles, within(1, kern.DefaultMaxFiles)),
		constant(netbsd.KERN_ARGMAX, "argmax", netbsd.ARG_MAX),
		{Number: netbsd.KERN_HOSTID, Name: "hostid", Flags: permanent | readWrite | netbsd.CTLFLAG_HEX, Func: true, Value: NewInt(0, nil)},
		constant(netbsd.KERN_POSIX1, "posix1version", 200112),
		constant(netbsd.KERN_NGROUPS, "ngroups", netbsd.NGROUPS_MAX),
		constant(netbsd.KERN_JOB_CONTROL, "job_control", 1),
		constant(netbsd.KERN_SAVED_IDS, "saved_ids", 1),
		constant(netbsd.KERN_IOV_MAX, "iov_max", netbsd.IOV_MAX),
		constant(netbsd.KERN_LOGIN_NAME_MAX, "login_name_max", netbsd.LOGIN_NAME_MAX),
		{
			Number: netbsd.KERN_BOOTTIME, Name: "boottime", Flags: permanent, Func: true, Size: netbsd.SizeofTimeval,
			Value: structOf(netbsd.Timeval{Sec: now.Unix(), Usec: int32(now.Nanosecond() / 1000)}),
		},
	}
}

func within(least, most int32) func(int32) error {
	return func(v int32) error {
		if v < least || v > most {
			return netbsd.EINVAL
		}
		return nil
	}
}

func name(number int32, node, v string) Node {
	const room = 256 // MAXHOSTNAMELEN
	return Node{Number: number, Name: node, Flags: permanent | readWrite, Func: true, Size: room, Value: NewString(v, room, nil)}
}

func mbufNodes() []Node {
	clusters := NewInt(nmbclusters, nil)
	clusters.Check = func(v int32) error {
		if v < clusters.Load() || v > 1<<20 {
			return netbsd.EINVAL
		}
		return nil
	}
	return temporary(
		constant(1, "msize", 512),
		constant(2, "mclbytes", 2048),
		Node{Number: 3, Name: "nmbclusters", Flags: readWrite, Func: true, Value: clusters},
		checked(4, "mblowat", 512, atLeast(0)),
		checked(5, "mcllowat", 256, atLeast(0)),
		Node{Number: 6, Name: "stats", Func: true, Value: Struct(func() []byte {
			return make([]byte, 7*unsafe.Sizeof(uintptr(0))+2*256) // struct mbstat
		})},
	)
}

// unavailable stands for a list of what is in the kernel's memory, such as
// processes, whose name goes on with so many numbers. To those who ask for the
// list it is not supported.
func unavailable(numbers int) Handler {
	return func(r *Request) error {
		switch {
		case len(r.Name) == 1 && r.Name[0] == netbsd.CTL_QUERY:
			return r.Query()
		case len(r.Name) != numbers:
			return netbsd.EINVAL
		}
		return netbsd.EOPNOTSUPP
	}
}

// ticks counts the clock interrupts since boot.
func ticks(clock hypercall.Clock) IntFunc {
	boot := clock.Monotonic()
	return func() int32 { return int32((clock.Monotonic() - boot) / (time.Second / hz)) }
}

func randomInt(random io.Reader) IntFunc {
	return func() int32 {
		var b [4]byte
		_, _ = random.Read(b[:]) // never fails
		return int32(binary.NativeEndian.Uint32(b[:]))
	}
}

// arandom fills the caller's buffer, unless it is larger than 256 bytes.
func arandom(random io.Reader) Handler {
	return func(r *Request) error {
		switch {
		case r.OldLen == 0:
			return nil
		case r.OldLen > 256:
			return netbsd.E2BIG
		}
		b := make([]byte, r.OldLen)
		_, _ = random.Read(b)
		return r.lookup(Struct(func() []byte { return b }))
	}
}

func hwNodes() []Node {
	machine := machines[runtime.GOARCH]
	cpus := func() int32 { return int32(runtime.NumCPU()) }
	order := int32(1234)
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		order = 4321
	}
	return []Node{
		{Number: netbsd.HW_MACHINE, Name: "machine", Flags: permanent, Value: Text(machine.name)},
		{Number: netbsd.HW_MODEL, Name: "model", Flags: permanent, Value: Text("virtual (embedded)")},
		state(netbsd.HW_NCPU, "ncpu", cpus),
		constant(netbsd.HW_BYTEORDER, "byteorder", order),
		constant(netbsd.HW_PHYSMEM, "physmem", physicalMem),
		constant(netbsd.HW_PAGESIZE, "pagesize", 4096),
		{Number: netbsd.HW_DISKNAMES, Name: "disknames", Flags: permanent, Type: netbsd.CTLTYPE_STRING, Handler: nothing(0)},
		{Number: netbsd.HW_IOSTATS, Name: "iostats", Flags: permanent, Type: netbsd.CTLTYPE_STRUCT, Handler: nothing(netbsd.CTL_MAXNAME)},
		{Number: netbsd.HW_MACHINE_ARCH, Name: "machine_arch", Flags: permanent, Value: Text(machine.arch)},
		constant(netbsd.HW_ALIGNBYTES, "alignbytes", machine.align-1),
		{Number: netbsd.HW_PHYSMEM64, Name: "physmem64", Flags: permanent | netbsd.CTLFLAG_IMMEDIATE, Value: Quad(physicalMem)},
		{Number: netbsd.HW_IOSTATNAMES, Name: "iostatnames", Flags: permanent, Type: netbsd.CTLTYPE_STRING, Handler: nothing(0)},
		state(netbsd.HW_NCPUONLINE, "ncpuonline", cpus),
		dir(Any, "firmware"),
	}
}

// machines are NetBSD's names for what Go calls GOARCH, and the alignment that
// suits all types there (ALIGNBYTES + 1).
var machines = map[string]struct {
	name, arch string
	align      int32
}{
	"amd64": {"amd64", "x86_64", 8},
	"386":   {"i386", "i386", 4},
	"arm64": {"evbarm", "aarch64", 16},
	"arm":   {"evbarm", "earmv7hf", 8},
}

// nothing is the answer of a list that is always empty, for names that go on
// with at most so many numbers.
func nothing(numbers int) Handler {
	return func(r *Request) error {
		switch {
		case r.New != 0:
			return netbsd.EPERM
		case len(r.Name) > numbers:
			return netbsd.EINVAL
		}
		return r.Reply(nil)
	}
}
