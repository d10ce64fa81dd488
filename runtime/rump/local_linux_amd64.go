package rump

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
)

// A local is the kernel in this process.
type local struct {
	entry   entry
	layout  layout
	release *kernel.Release

	console int      // the end of a pipe that the kernel writes to
	alarm   int      // an eventfd, likewise
	alarms  *os.File // the same, to read
	readers sync.WaitGroup
	last    lastLines
	printed chan struct{} // closed when endOfText was read

	watch     watchers
	ethernets ethernets

	mu        sync.Mutex
	processes map[*process]struct{}
	closed    bool
	spare     *process // one that has not begun

	down   atomic.Bool   // the kernel has halted
	died   error         // what its calls return then; set before down
	halted chan struct{} // closed after down was set
}

var _ kernel.Kernel = (*local)(nil)

// newLocal makes what the kernel writes to.
func newLocal(cfg *Config) (*local, error) {
	k := &local{processes: map[*process]struct{}{}, printed: make(chan struct{}), halted: make(chan struct{})}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	k.console = ends[1]
	out := os.NewFile(uintptr(ends[0]), "console")
	var err error
	if k.alarm, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, errors.Join(err, out.Close(), unix.Close(k.console))
	}
	fd, err := unix.FcntlInt(uintptr(k.alarm), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(err, out.Close(), unix.Close(k.console), unix.Close(k.alarm))
	}
	k.alarms = os.NewFile(uintptr(fd), "alarm")
	k.readers.Go(func() { k.print(out, cfg.Console) })
	k.readers.Go(k.listen)
	// For process.stopQuick; without it that takes longer.
	_, _, _ = unix.Syscall(unix.SYS_MEMBARRIER, membarrierRegister, 0, 0)
	k.watch.start()
	return k, nil
}

// endOfText is a line that is written to the console once, to know when all that the
// kernel printed before has been read.
const endOfText = "\x03\n"

// noSymbols begins what librumpuser says of a library that has no symbols for
// others, as that of netinet has none. It is loaded all the same.
const noSymbols = "could not find strtab, symtab or their sizes in "

// print passes on what the kernel prints.
func (k *local) print(r *os.File, to hypercall.Console) {
	defer r.Close()
	for in := bufio.NewReader(r); ; {
		line, err := in.ReadString('\n')
		switch {
		case line == endOfText:
			close(k.printed)
		case line != "" && !strings.HasPrefix(line, noSymbols):
			k.last.add(line)
			if to != nil {
				_, _ = to.Write([]byte(line)) // there is nobody to tell
			}
		}
		if err != nil {
			return
		}
	}
}

// listen waits for alarms: signals, and the end.
func (k *local) listen() {
	var b [8]byte
	for {
		if _, err := k.alarms.Read(b[:]); err != nil {
			return
		}
		if binary.NativeEndian.Uint64(b[:]) == 0 {
			continue
		}
		if atomic.LoadUintptr(&host.dead) != 0 {
			_ = k.death()
			return
		}
		k.mu.Lock()
		for p := range k.processes {
			p.deliver()
		}
		k.mu.Unlock()
	}
}

// newProcess makes a process, a child of that which the parent lwp belongs to, or
// of process 1 when that is 0.
func (k *local) newProcess(parent, flags uintptr, opt kernel.ProcessOptions) (*process, error) {
	p := &process{k: k, opt: opt}
	if err := p.allocate(opt.Name); err != nil {
		return nil, err
	}
	r, alive := steps(parent,
		step{fn: k.entry.schedule},
		step{fn: k.entry.rfork, args: [4]uintptr{p.block, flags, p.block + nameAt}},
		step{fn: k.entry.curlwp},
		step{fn: k.entry.getpid},
		step{fn: k.entry.unschedule})
	if !alive {
		return nil, k.death()
	}
	if n := int32(r[1].result); n != 0 {
		p.free()
		return nil, netbsd.Errno(n)
	}
	p.pid = int(int32(r[3].result))
	p.control = &thread{p: p}
	p.control.lwp = r[2].result
	if p.proc = k.findProcess(p.pid); p.proc == 0 {
		return nil, fmt.Errorf("rump: the kernel has no process %d, which it just made", p.pid)
	}
	return p, nil
}

// findProcess returns the address of a struct proc.
func (k *local) findProcess(pid int) uintptr {
	r, _ := steps(0,
		step{fn: k.entry.schedule},
		step{fn: k.entry.mutexEnter, args: [4]uintptr{k.entry.procLock}},
		step{fn: k.entry.procFind, args: [4]uintptr{uintptr(pid)}},
		step{fn: k.entry.mutexExit, args: [4]uintptr{k.entry.procLock}},
		step{fn: k.entry.unschedule})
	return r[2].result
}

// What rfork is to do with descriptors, RUMP_RFFDG and RUMP_RFCFDG of rump/rump.h.
const (
	forkShare = 0
	forkCopy  = 1
	forkClean = 2
)

// NewProcess starts a process.
func (k *local) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	if err := k.up(); err != nil {
		return nil, err
	}
	if opt.Name == "" {
		opt.Name = "go"
	}
	p, err := k.begin(opt)
	if err != nil {
		return nil, err
	}
	if !opt.Console {
		for fd := range uintptr(3) { // the kernel opens them for the children of process 1
			if _, _, err := p.control.invoke(context.Background(), netbsd.SYS_close, syscalls.Args{fd}); err != nil && !errors.Is(err, netbsd.EBADF) {
				p.Exit()
				return nil, err
			}
		}
	}
	if err := k.add(p); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// begin returns a new process, or the one that the layout was found with.
func (k *local) begin(opt kernel.ProcessOptions) (*process, error) {
	k.mu.Lock()
	p := k.spare
	k.spare = nil
	k.mu.Unlock()
	if p == nil {
		return k.newProcess(0, forkClean, opt)
	}
	p.opt = opt
	k.layout.setName(p.proc, opt.Name)
	return p, nil
}

func (k *local) add(p *process) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return netbsd.ENXIO
	}
	k.processes[p] = struct{}{}
	return nil
}

func (k *local) remove(p *process) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.processes, p)
}

// up returns an error when the kernel has halted.
func (k *local) up() error {
	if k.down.Load() {
		return k.died
	}
	if atomic.LoadUintptr(&host.dead) != 0 {
		return k.death()
	}
	return nil
}

// Release tells which NetBSD it is.
func (k *local) Release() *kernel.Release { return k.release }

// Support returns nil: the kernel is the one that knows.
func (k *local) Support() []kernel.Support { return nil }

// Close ends the processes and halts the kernel, which writes what it has in
// its caches.
func (k *local) Close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return nil
	}
	k.closed = true
	var all []*process
	for p := range k.processes {
		all = append(all, p)
	}
	k.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range all {
		wg.Go(p.Exit)
	}
	wg.Wait()
	var err error
	if k.up() == nil {
		err = k.halt()
	}
	return errors.Join(err, k.stop())
}

// halt makes the system call, which does not return: the thread leaves the
// kernel when that asks its host to exit.
func (k *local) halt() error {
	p, err := k.newProcess(0, forkClean, kernel.ProcessOptions{Name: "halt"})
	if err != nil {
		return err
	}
	_, _, err = p.control.invoke(context.Background(), netbsd.SYS_reboot, syscalls.Args{})
	if errors.Is(err, netbsd.ENXIO) {
		err = nil
	}
	return err
}

// stop lets go of what newLocal made.
func (k *local) stop() error {
	k.watch.stop()
	_ = k.death()
	k.ethernets.stop()
	// Threads of the kernel that go on write to descriptors by number.
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	err = errors.Join(unix.Dup3(null, k.console, unix.O_CLOEXEC), unix.Dup3(null, k.alarm, unix.O_CLOEXEC), unix.Close(null), k.alarms.Close())
	k.readers.Wait()
	return err
}
