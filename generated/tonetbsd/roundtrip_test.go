package tonetbsd_test

import (
	"math/rand/v2"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
)

// A domain is the two functions of one domain, over numbers of one type so that
// all fit in one table.
type domain struct {
	name  string
	flags bool
	toN   func(lx int64) (int64, bool)
	toL   func(nb int64) (int64, bool)
}

func makeDomain[N, L abi.Integer](name string, flags bool, toN func(L) (N, bool), toL func(N) (L, bool)) domain {
	return domain{
		name: name, flags: flags,
		toN: func(v int64) (int64, bool) { n, ok := toN(L(v)); return int64(n), ok && int64(L(v)) == v },
		toL: func(v int64) (int64, bool) { l, ok := toL(N(v)); return int64(l), ok && int64(N(v)) == v },
	}
}

func domains() []domain {
	return []domain{
		makeDomain("AccessAtFlags", true, tonetbsd.AccessAtFlags, tolinux.AccessAtFlags),
		makeDomain("AccessMode", true, tonetbsd.AccessMode, tolinux.AccessMode),
		makeDomain("AddressFamily", false, tonetbsd.AddressFamily, tolinux.AddressFamily),
		makeDomain("AddrinfoError", false, tonetbsd.AddrinfoError, tolinux.AddrinfoError),
		makeDomain("AddrinfoFlags", true, tonetbsd.AddrinfoFlags, tolinux.AddrinfoFlags),
		makeDomain("Advice", false, tonetbsd.Advice, tolinux.Advice),
		makeDomain("ArithmeticCode", false, tonetbsd.ArithmeticCode, tolinux.ArithmeticCode),
		makeDomain("AtFlags", true, tonetbsd.AtFlags, tolinux.AtFlags),
		makeDomain("BusErrorCode", false, tonetbsd.BusErrorCode, tolinux.BusErrorCode),
		makeDomain("ChildCode", false, tonetbsd.ChildCode, tolinux.ChildCode),
		makeDomain("ClockID", false, tonetbsd.ClockID, tolinux.ClockID),
		makeDomain("ClockModes", true, tonetbsd.ClockModes, tolinux.ClockModes),
		makeDomain("ClockState", false, tonetbsd.ClockState, tolinux.ClockState),
		makeDomain("ClockStatus", true, tonetbsd.ClockStatus, tolinux.ClockStatus),
		makeDomain("ControlCharacter", false, tonetbsd.ControlCharacter, tolinux.ControlCharacter),
		makeDomain("ControlCharacterValue", false, tonetbsd.ControlCharacterValue, tolinux.ControlCharacterValue),
		makeDomain("ControlFlags", true, tonetbsd.ControlFlags, tolinux.ControlFlags),
		makeDomain("DirentType", false, tonetbsd.DirentType, tolinux.DirentType),
		makeDomain("Errno", false, tonetbsd.Errno, tolinux.Errno),
		makeDomain("FcntlCommand", false, tonetbsd.FcntlCommand, tolinux.FcntlCommand),
		makeDomain("FlockOperation", true, tonetbsd.FlockOperation, tolinux.FlockOperation),
		makeDomain("ICMPv6Option", false, tonetbsd.ICMPv6Option, tolinux.ICMPv6Option),
		makeDomain("IDType", false, tonetbsd.IDType, tolinux.IDType),
		makeDomain("IPCCommand", false, tonetbsd.IPCCommand, tolinux.IPCCommand),
		makeDomain("IPCFlags", true, tonetbsd.IPCFlags, tolinux.IPCFlags),
		makeDomain("IPOption", false, tonetbsd.IPOption, tolinux.IPOption),
		makeDomain("IPv6Option", false, tonetbsd.IPv6Option, tolinux.IPv6Option),
		makeDomain("ITimer", false, tonetbsd.ITimer, tolinux.ITimer),
		makeDomain("IllegalInstructionCode", false, tonetbsd.IllegalInstructionCode, tolinux.IllegalInstructionCode),
		makeDomain("InputFlags", true, tonetbsd.InputFlags, tolinux.InputFlags),
		makeDomain("InterfaceFlags", true, tonetbsd.InterfaceFlags, tolinux.InterfaceFlags),
		makeDomain("LimitValue", false, tonetbsd.LimitValue, tolinux.LimitValue),
		makeDomain("LinkType", false, tonetbsd.LinkType, tolinux.LinkType),
		makeDomain("LocalFlags", true, tonetbsd.LocalFlags, tolinux.LocalFlags),
		makeDomain("LockType", false, tonetbsd.LockType, tolinux.LockType),
		makeDomain("MessageFlags", true, tonetbsd.MessageFlags, tolinux.MessageFlags),
		makeDomain("MlockallFlags", true, tonetbsd.MlockallFlags, tolinux.MlockallFlags),
		makeDomain("MmapFlags", true, tonetbsd.MmapFlags, tolinux.MmapFlags),
		makeDomain("MmapProtection", true, tonetbsd.MmapProtection, tolinux.MmapProtection),
		makeDomain("ModemLines", true, tonetbsd.ModemLines, tolinux.ModemLines),
		makeDomain("MountFlags", true, tonetbsd.MountFlags, tolinux.MountFlags),
		makeDomain("MsyncFlags", true, tonetbsd.MsyncFlags, tolinux.MsyncFlags),
		makeDomain("NameinfoFlags", true, tonetbsd.NameinfoFlags, tolinux.NameinfoFlags),
		makeDomain("OpenFlags", true, tonetbsd.OpenFlags, tolinux.OpenFlags),
		makeDomain("OutputFlags", true, tonetbsd.OutputFlags, tolinux.OutputFlags),
		makeDomain("PacketModes", true, tonetbsd.PacketModes, tolinux.PacketModes),
		makeDomain("TerminalAction", false, tonetbsd.TerminalAction, tolinux.TerminalAction),
		makeDomain("PollCode", false, tonetbsd.PollCode, tolinux.PollCode),
		makeDomain("PollEvents", true, tonetbsd.PollEvents, tolinux.PollEvents),
		makeDomain("Protocol", false, tonetbsd.Protocol, tolinux.Protocol),
		makeDomain("ProtocolFamily", false, tonetbsd.ProtocolFamily, tolinux.ProtocolFamily),
		makeDomain("ResourceLimit", false, tonetbsd.ResourceLimit, tolinux.ResourceLimit),
		makeDomain("RouteFlags", true, tonetbsd.RouteFlags, tolinux.RouteFlags),
		makeDomain("RusageWho", false, tonetbsd.RusageWho, tolinux.RusageWho),
		makeDomain("SegmentationCode", false, tonetbsd.SegmentationCode, tolinux.SegmentationCode),
		makeDomain("SemaphoreFlags", true, tonetbsd.SemaphoreFlags, tolinux.SemaphoreFlags),
		makeDomain("ShmatFlags", true, tonetbsd.ShmatFlags, tolinux.ShmatFlags),
		makeDomain("ShutdownHow", false, tonetbsd.ShutdownHow, tolinux.ShutdownHow),
		makeDomain("SigactionFlags", true, tonetbsd.SigactionFlags, tolinux.SigactionFlags),
		makeDomain("SigaltstackFlags", true, tonetbsd.SigaltstackFlags, tolinux.SigaltstackFlags),
		makeDomain("Signal", false, tonetbsd.Signal, tolinux.Signal),
		makeDomain("SigprocmaskHow", false, tonetbsd.SigprocmaskHow, tolinux.SigprocmaskHow),
		makeDomain("SocketLevelOption", false, tonetbsd.SocketLevelOption, tolinux.SocketLevelOption),
		makeDomain("SocketType", true, tonetbsd.SocketType, tolinux.SocketType),
		makeDomain("SystemCall", false, tonetbsd.SystemCall, tolinux.SystemCall),
		makeDomain("TCPInfoOptions", true, tonetbsd.TCPInfoOptions, tolinux.TCPInfoOptions),
		makeDomain("TCPOption", false, tonetbsd.TCPOption, tolinux.TCPOption),
		makeDomain("TCPState", false, tonetbsd.TCPState, tolinux.TCPState),
		makeDomain("TimerFlags", true, tonetbsd.TimerFlags, tolinux.TimerFlags),
		makeDomain("TrapCode", false, tonetbsd.TrapCode, tolinux.TrapCode),
		makeDomain("UDPEncapsulation", false, tonetbsd.UDPEncapsulation, tolinux.UDPEncapsulation),
		makeDomain("UDPOption", false, tonetbsd.UDPOption, tolinux.UDPOption),
		makeDomain("UnlinkAtFlags", true, tonetbsd.UnlinkAtFlags, tolinux.UnlinkAtFlags),
		makeDomain("UserSignalCode", false, tonetbsd.UserSignalCode, tolinux.UserSignalCode),
		makeDomain("WaitOptions", true, tonetbsd.WaitOptions, tolinux.WaitOptions),
		makeDomain("Whence", false, tonetbsd.Whence, tolinux.Whence),
	}
}

// candidates are numbers that a domain may have: small ones of both signs, single
// bits, and, for flags, combinations of bits.
func candidates(r *rand.Rand, flags bool) []int64 {
	var list []int64
	for v := int64(-300); v < 70000; v++ {
		list = append(list, v)
	}
	for bit := range 64 {
		list = append(list, 1<<bit, 1<<bit-1, -1<<bit)
	}
	if flags {
		for range 20000 {
			list = append(list, int64(r.Uint64()&r.Uint64()&r.Uint64()&r.Uint64()), int64(r.Uint32()&r.Uint32()&r.Uint32()&r.Uint32()))
		}
	}
	return list
}

// TestDomains translates numbers there and back. What has a counterpart has one
// that leads back to itself, whatever went before: two names of one number may
// become one.
func TestDomains(t *testing.T) {
	for _, d := range domains() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			good := 0
			for _, v := range candidates(r, d.flags) {
				if n, ok := d.toN(v); ok {
					good++
					d.stable(t, "to NetBSD", v, n, d.toL, d.toN)
				}
				if l, ok := d.toL(v); ok {
					good++
					d.stable(t, "to Linux", v, l, d.toN, d.toL)
				}
			}
			if good == 0 {
				t.Error("no number has a counterpart")
			}
		})
	}
}

func (d *domain) stable(t *testing.T, what string, v, first int64, back, forth func(int64) (int64, bool)) {
	t.Helper()
	other, ok := back(first)
	if !ok {
		t.Errorf("%s: %#x became %#x, which does not lead back", what, v, first)
		return
	}
	if second, ok := forth(other); !ok || second != first {
		t.Errorf("%s: %#x became %#x, then %#x by way of %#x", what, v, first, second, other)
	}
}
