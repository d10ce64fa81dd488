package rump

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// entry are the functions of the kernel that are called as steps.
type entry struct {
	schedule, unschedule   uintptr
	rfork, getpid, lwpexit uintptr // of rump_sysproxy_ops
	newlwp, curlwp         uintptr
	releaselwp             uintptr
	procFind               uintptr
	mutexEnter, mutexExit  uintptr
	procLock               uintptr // *kmutex_t
	closeexec              uintptr
	version                uintptr
}

// boot loads the libraries and boots the kernel.
func boot(cfg *Config) (k kernel.Kernel, halted <-chan struct{}, err error) {
	l, err := load(cfg)
	if err != nil {
		return nil, nil, err
	}
	return l, l.halted, nil
}

func load(cfg *Config) (*local, error) {
	paths, err := findLibraries(cfg)
	if err != nil {
		return nil, err
	}
	// A library that cannot be loaded leaves others behind: for them as well, once
	// is all there is.
	booted.done = true
	s := &symbols{handle: purego.RTLD_DEFAULT}
	for _, p := range paths {
		if _, err := purego.Dlopen(p, purego.RTLD_NOW|purego.RTLD_GLOBAL); err != nil {
			return nil, fmt.Errorf("the kernel's library cannot be loaded: %w", err)
		}
	}
	if err := environment(s, cfg); err != nil {
		return nil, err
	}
	if err := oneHeap(s); err != nil {
		return nil, err
	}
	k, err := newLocal(cfg)
	if err != nil {
		return nil, err
	}
	if err := fillHost(s, k.console, k.alarm); err != nil {
		return nil, errors.Join(err, k.stop())
	}
	if cfg.Network != nil {
		k.ethernets.start(s, k, cfg.Network)
	}
	for _, p := range paths {
		to := instead(cfg.Network != nil)
		if strings.HasPrefix(filepath.Base(p), "librumpuser.") {
			to = insteadOfHost()
		}
		if err := redirect(p, to); err != nil {
			return nil, errors.Join(err, k.stop())
		}
	}
	if err := catchFaults(); err != nil {
		return nil, errors.Join(err, k.stop())
	}
	if err := k.start(s); err != nil {
		return nil, errors.Join(err, k.stop())
	}
	if err := k.addDisks(s, cfg.Disks); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// findLibraries returns the paths of the libraries in the order to load them.
func findLibraries(cfg *Config) ([]string, error) {
	dir, err := libraryDir(cfg.Prefix)
	if err != nil {
		return nil, err
	}
	components := cfg.Components
	if components == nil {
		components = Network
	}
	var paths []string
	for _, name := range libraries(components) {
		p := findLibrary(dir, name)
		if p == "" {
			return nil, fmt.Errorf("%s has no lib%s.so: the kernel was built without it, or the name is wrong", dir, name)
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// systemDirs are where systems have libraries.
var systemDirs = []string{"/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/pkg/lib"}

func libraryDir(prefix string) (string, error) {
	if prefix == "" {
		prefix = os.Getenv("RUMP_PREFIX")
	}
	if prefix != "" {
		dir := filepath.Join(prefix, "lib")
		if findLibrary(dir, "rump") == "" {
			return "", fmt.Errorf("no NetBSD kernel in %s: it has no librump.so", dir)
		}
		return dir, nil
	}
	for _, dir := range append(filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")), systemDirs...) {
		if dir != "" && findLibrary(dir, "rump") != "" {
			return dir, nil
		}
	}
	return "", errors.New("no NetBSD kernel on this machine: RUMP_PREFIX is not set, and no librump.so is where libraries are")
}

// findLibrary returns the path of a library, which may have a version in its name.
func findLibrary(dir, name string) string {
	p := filepath.Join(dir, "lib"+name+".so")
	if _, err := os.Stat(p); err == nil {
		return p
	}
	if found, _ := filepath.Glob(p + ".*"); len(found) > 0 {
		return found[0]
	}
	return ""
}

// environment sets the variables in which the kernel finds its parameters.
func environment(s *symbols, cfg *Config) error {
	setenv := s.find("setenv")
	if s.err != nil {
		return s.err
	}
	cpus := cfg.CPUs
	if cpus == 0 {
		cpus = min(runtime.NumCPU(), 2)
	}
	vars := [][2]string{{"RUMP_NCPU", strconv.Itoa(cpus)}, {"RUMP_VERBOSE", "0"}}
	if cfg.Verbose {
		vars[1][1] = "1"
	}
	if cfg.Memory != "" {
		vars = append(vars, [2]string{"RUMP_MEMLIMIT", cfg.Memory})
	}
	for _, v := range vars {
		if strings.ContainsRune(v[1], 0) {
			return fmt.Errorf("%s=%q: not a value", v[0], v[1])
		}
		name, value := append([]byte(v[0]), 0), append([]byte(v[1]), 0)
		ccall(setenv, uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&value[0])), 1)
		runtime.KeepAlive(name)
		runtime.KeepAlive(value)
	}
	return nil
}

// Parameters of mallopt(3), from malloc.h.
const (
	mallocTopPad   = -2
	mallocArenaMax = -8
)

// oneHeap has C's malloc, which the kernel takes its pages from one by one, get
// memory for many at a time. The heaps that it otherwise has for each thread grow page by
// page, with a system call for each.
func oneHeap(s *symbols) error {
	mallopt := s.find("mallopt")
	if s.err != nil {
		return s.err
	}
	const most = 1
	const bytes = 1 << 20
	for _, o := range [][2]int{{mallocArenaMax, most}, {mallocTopPad, bytes}} {
		if ccall(mallopt, uintptr(o[0]), uintptr(o[1])) == 0 {
			return fmt.Errorf("mallopt(%d, %d) fails", o[0], o[1])
		}
	}
	return nil
}

// operations is struct rump_sysproxy_ops: how the kernel gets at the memory of
// processes that are not of its host's.
type operations struct {
	copyin, copyinstr, copyout, copyoutstr      uintptr
	anonmmap, raise, fini                       uintptr
	getpid, syscall, rfork, lwpexit, execnotify uintptr
}

// start boots the kernel, and takes over the memory of its processes.
func (k *local) start(s *symbols) error {
	init := s.find("rump_init")
	ops := (*operations)(pointer(s.find("rump_sysproxy_ops")))
	k.entry = entry{
		schedule: s.find("rump_schedule"), unschedule: s.find("rump_unschedule"),
		newlwp: s.find("rump_lwproc_newlwp"), curlwp: s.find("rump_lwproc_curlwp"),
		releaselwp: s.find("rump_lwproc_releaselwp"), procFind: s.find("rumpns_proc_find_raw"),
		mutexEnter: s.find("rumpns_mutex_enter"), mutexExit: s.find("rumpns_mutex_exit"),
		closeexec: s.find("rumpns_fd_closeexec"), version: s.find("rump_pub_getversion"),
	}
	lock := s.find("rumpns_proc_lock")
	copyin := s.find("rumpuser_sp_copyin")
	if s.err != nil {
		return fmt.Errorf("the kernel is older or newer than this package knows: %w", s.err)
	}
	old := blockSignals()
	r, alive := steps(0, step{fn: init})
	restoreSignals(old)
	switch n := int32(r[0].result); {
	case !alive:
		return k.death()
	case n != 0:
		return fmt.Errorf("the kernel does not boot: rump_init returns %d", n)
	case ops.copyin != copyin:
		return errors.New("the kernel is older or newer than this package knows: struct rump_sysproxy_ops is another one")
	}
	k.entry.procLock = *(*uintptr)(pointer(lock))
	k.entry.rfork, k.entry.getpid, k.entry.lwpexit = ops.rfork, ops.getpid, ops.lwpexit
	ops.copyin, ops.copyinstr, ops.copyout, ops.copyoutstr = copyinAt, copyinstrAt, copyoutAt, copyoutstrAt
	ops.raise, ops.fini = raiseAt, killAt
	return k.identify()
}

// etfsBlock is RUMP_ETFS_BLK of rump/rump.h.
const etfsBlock = 1

// addDisks gives the kernel files of the host.
func (k *local) addDisks(s *symbols, disks []Disk) error {
	if len(disks) == 0 {
		return nil
	}
	register := s.find("rump_pub_etfs_register")
	if s.err != nil {
		return s.err
	}
	for _, d := range disks {
		name, path := append([]byte(d.Name), 0), append([]byte(d.Path), 0)
		r, alive := steps(0, step{fn: register, args: [4]uintptr{uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&path[0])), etfsBlock}})
		runtime.KeepAlive(name)
		runtime.KeepAlive(path)
		if !alive {
			return k.death()
		}
		if n := int32(r[0].result); n != 0 {
			return fmt.Errorf("disk %s of %s: %w", d.Name, d.Path, netbsd.Errno(n))
		}
	}
	return nil
}

// faults are signals that a thread brings upon itself.
var faults = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGTRAP}

// blockSignals keeps signals from the threads that the kernel starts: they are for
// those that Go knows.
func blockSignals() (old unix.Sigset_t) {
	runtime.LockOSThread()
	all := unix.Sigset_t{}
	for i := range all.Val {
		all.Val[i] = ^uint64(0)
	}
	for _, sig := range faults {
		all.Val[0] &^= 1 << (sig - 1)
	}
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old)
	return old
}

func restoreSignals(old unix.Sigset_t) {
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
	runtime.UnlockOSThread()
}
