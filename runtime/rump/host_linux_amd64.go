package rump

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// host are the functions and numbers that the assembly code needs, in the order
// it knows them by.
var host struct {
	getspecific, setspecific, key, calloc uintptr // of libc
	write, memcpy, vdprintf, pause        uintptr
	curlwp                                uintptr // rumpuser_curlwp
	curlwpSet, curlwpClear, syscall       uintptr // of librump
	cvWait, cvTimedwait, cvWaitNowrap     uintptr // of librumpuser
	cvBroadcast, mutexExit                uintptr
	unschedule, schedule                  uintptr
	copyFar                               uintptr // copyFar in copy_linux_amd64.go
	console, alarm                        uintptr // descriptors: a pipe, an eventfd
	dead                                  uintptr // how the kernel died, see death; 0: not
	fault                                 struct {
		signal, addr, pc uintptr // what the thread did
	}
	handlers *[65]uintptr // Go's, by signal
	ethernet uintptr      // local.ethernet in ethernet_linux_amd64.go
	writev   uintptr      // of libc
}

// The addresses of what is in the files of assembly.
var (
	enterAt, runAt, wakeAt, forgetAt                                  uintptr
	copyinAt, copyinstrAt, copyoutAt, copyoutstrAt                    uintptr
	raiseAt, exitAt, abortAt, killAt, putcharAt, dprintfAt, fprintfAt uintptr
	rescueAt, faultedAt                                               uintptr
	waitCVAt, waitTimedCVAt, waitNowrapCVAt                           uintptr
	ethernetCreateAt, ethernetSendAt, ethernetDestroyAt               uintptr
)

//go:noescape
func hurry(c *call, num uintptr) (done bool)

// cgocall calls a C function with one argument, as a goroutine that may block.
//
//go:linkname cgocall runtime.cgocall
//go:noescape
func cgocall(fn uintptr, arg unsafe.Pointer) int32

// ccall calls a C function.
func ccall(fn uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(fn, args...)
	return r
}

// A symbols looks up names, and remembers the first that is missing.
type symbols struct {
	handle uintptr
	err    error
}

func (s *symbols) find(name string) uintptr {
	if s.err != nil {
		return 0
	}
	a, err := purego.Dlsym(s.handle, name)
	if err != nil {
		s.err = err
	}
	return a
}

// fillHost looks up what the assembly code calls. console and alarm are
// descriptors to write to.
func fillHost(s *symbols, console, alarm int) error {
	h := &host
	for name, at := range map[string]*uintptr{
		"pthread_getspecific": &h.getspecific, "pthread_setspecific": &h.setspecific, "calloc": &h.calloc,
		"write": &h.write, "writev": &h.writev, "memcpy": &h.memcpy, "vdprintf": &h.vdprintf, "pause": &h.pause,
		"rumpuser_curlwp": &h.curlwp, "rump_lwproc_curlwp_set": &h.curlwpSet, "rump_lwproc_curlwp_clear": &h.curlwpClear,
		"rump_syscall":     &h.syscall,
		"rumpuser_cv_wait": &h.cvWait, "rumpuser_cv_timedwait": &h.cvTimedwait, "rumpuser_cv_wait_nowrap": &h.cvWaitNowrap,
		"rumpuser_cv_broadcast": &h.cvBroadcast, "rumpuser_mutex_exit": &h.mutexExit,
		"rumpuser_component_unschedule": &h.unschedule, "rumpuser_component_schedule": &h.schedule,
	} {
		*at = s.find(name)
	}
	create := s.find("pthread_key_create")
	if s.err != nil {
		return s.err
	}
	var key uint32
	if n := ccall(create, uintptr(unsafe.Pointer(&key)), forgetAt); n != 0 {
		return fmt.Errorf("pthread_key_create: error %d", n)
	}
	h.key = uintptr(key)
	h.copyFar = purego.NewCallback(copyFar)
	h.console, h.alarm = uintptr(console), uintptr(alarm)
	return nil
}

// insteadOfHost are functions of libc that librumpuser is not to call.
func insteadOfHost() map[string]uintptr {
	return map[string]uintptr{"abort": abortAt, "__assert_fail": abortAt, "fprintf": fprintfAt}
}

// instead are the functions that code of this package stands in for. With a network
// those of virtif are among them.
func instead(network bool) map[string]uintptr {
	to := map[string]uintptr{
		"rumpuser_exit":           exitAt,
		"rumpuser_putchar":        putcharAt,
		"rumpuser_dprintf":        dprintfAt,
		"rumpuser_kill":           killAt,
		"rumpuser_cv_wait":        waitCVAt,
		"rumpuser_cv_timedwait":   waitTimedCVAt,
		"rumpuser_cv_wait_nowrap": waitNowrapCVAt,
	}
	if network {
		to["rumpcomp_virt_create"] = ethernetCreateAt
		to["rumpcomp_virt_send"] = ethernetSendAt
		to["rumpcomp_virt_dying"] = killAt // which does nothing
		to["rumpcomp_virt_destroy"] = ethernetDestroyAt
	}
	if skipAsserts {
		to["rumpns_kern_assert"] = killAt // which does nothing
	}
	return to
}
