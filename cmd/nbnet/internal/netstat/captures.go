package netstat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

// A peer is a descriptor of bpf(4), as --json shows it.
type peer struct {
	PID       int32  `json:"pid"`
	Command   string `json:"command,omitempty"`
	Interface string `json:"interface,omitempty"`
	Received  uint64 `json:"received"`
	Dropped   uint64 `json:"dropped"`
	Captured  uint64 `json:"captured"`
	Flags     string `json:"flags"` // a place for each, - where it is not
	Buffer    int32  `json:"bufferSize"`
}

// hintBPF says what a kernel lacks that has no net.bpf.
func hintBPF(err error) error {
	if errors.Is(err, netbsd.ENOENT) {
		return command.Hint(err, "the kernel does not count captures: a rump_server needs -lrumpdev -lrumpdev_bpf")
	}
	return err
}

// captures does -B.
func (e *env) captures(ctx context.Context) error {
	if e.set['s'] > 0 {
		return e.captureCounters(ctx)
	}
	mib, err := e.Number(ctx, "net.bpf.peers")
	if err != nil {
		return hintBPF(err)
	}
	b, err := e.Value(ctx, append(mib, netbsd.SizeofBPFDExt, math.MaxInt32)...)
	if err != nil {
		return fmt.Errorf("net.bpf.peers: %w", err)
	}
	list := []peer{}
	for ; len(b) >= netbsd.SizeofBPFDExt; b = b[netbsd.SizeofBPFDExt:] {
		var x netbsd.BPFDExt
		copy(abi.AsBytes(&x), b)
		p := peer{
			PID: x.PID, Interface: string(x.Ifname[:abi.StringLen(x.Ifname[:])]),
			Received: x.Rcount, Dropped: x.Dcount, Captured: x.Ccount, Flags: peerFlags(&x), Buffer: x.Bufsize,
		}
		if e.ifname == "" || e.ifname == p.Interface {
			p.Command = e.command(ctx, x.PID)
			list = append(list, p)
		}
	}
	if e.json {
		return command.WriteJSON(e.out, list)
	}
	text := new(bytes.Buffer)
	text.WriteString("Active BPF peers\nPID\tInt\tRecv     Drop     Capt     Flags  Bufsize  Comm\n")
	for _, p := range list {
		fmt.Fprintf(text, "%-7d %-7s %-8d %-8d %-8d %s  %-8d %s\n",
			p.PID, orDash(p.Interface), p.Received, p.Dropped, p.Captured, p.Flags, p.Buffer, orDash(p.Command))
	}
	_, err = e.out.Write(text.Bytes())
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// peerFlags has what a poll(2) waits for, and whether the descriptor is
// promiscuous, reads at once, sees what is sent, and is given whole headers.
func peerFlags(x *netbsd.BPFDExt) string {
	state := byte('-')
	if states := "IWT"; int(x.State) < len(states) {
		state = states[x.State]
	}
	flags := []byte{state, 'P', 'R', 'S', 'H'}
	// In the place of the direction, older kernels have whether the descriptor
	// sees what is sent, which is the same but for the number of the third.
	for i, on := range []bool{true, x.Promisc != 0, x.Immediate != 0, x.Direction != netbsd.BPF_D_IN, x.Hdrcmplt != 0} {
		if !on {
			flags[i] = '-'
		}
	}
	return string(flags)
}

// command returns the name of what a process runs, "" when the kernel does not
// tell.
func (e *env) command(ctx context.Context, pid int32) string {
	b, err := e.Value(ctx, netbsd.CTL_KERN, netbsd.KERN_PROC2, netbsd.KERN_PROC_PID, pid, netbsd.SizeofKinfoProc2, 1)
	if err != nil || len(b) < netbsd.SizeofKinfoProc2 {
		return ""
	}
	var p netbsd.KinfoProc2
	copy(abi.AsBytes(&p), b)
	return string(p.Comm[:abi.StringLen(p.Comm[:])])
}

// captureCounters does -B -s.
func (e *env) captureCounters(ctx context.Context) error {
	b, err := e.Bytes(ctx, "net.bpf.stats")
	if err != nil {
		return hintBPF(err)
	}
	var s netbsd.BPFStat
	copy(abi.AsBytes(&s), b)
	if e.json {
		return command.WriteJSON(e.out, map[string]uint64{"received": s.Recv, "captured": s.Capt, "dropped": s.Drop})
	}
	_, err = fmt.Fprintf(e.out, "bpf:\n\t%d total packets received\n\t%d total packets captured\n\t%d total packets dropped\n",
		s.Recv, s.Capt, s.Drop)
	return err
}
