//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
)

// helperName is the environment variable that makes an executable the helper.
const helperName = "NBNET_HIJACK_HELPER"

// helperFD is the descriptor by which the helper speaks with the supervisor.
const helperFD = 3

// Helper is to be called first thing in main by executables that call Run, which
// executes the same file again to look after the program, and to become it. It returns
// unless that is what this process is for.
func Helper() {
	var code int
	var err error
	if path, ok := os.LookupEnv(helperName); ok {
		code, err = guard(path)
	} else if path, ok := os.LookupEnv(programName); ok {
		runtime.LockOSThread()
		err = become(path)
	} else {
		return
	}
	if err != nil {
		// Said to the supervisor, which waits for it.
		fmt.Fprint(os.NewFile(helperFD, "supervisor"), say(err))
		code = 127
	}
	os.Exit(code)
}

// become makes the process a program whose calls are caught.
func become(path string) error {
	unix.CloseOnExec(helperFD)
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("signal at the guardian's end: %w", err)
	}
	listener, err := seccomp.Install(seccomp.Here.Program(slices.Concat(caught, caughtHere)))
	if err != nil {
		return err
	}
	// Sending it is one of the calls that are caught now, of this thread alone.
	sent := make(chan error)
	go func() { sent <- handOver(listener) }()
	if err := <-sent; err != nil {
		return err
	}
	env := without(os.Environ(), programName)
	err = unix.Exec(path, os.Args, env)
	if errors.Is(err, unix.ENOENT) && unix.Access(path, unix.F_OK) == nil {
		err = errInterpreter
	}
	return &StartError{Err: err}
}

// say puts an error into a message to the supervisor, which told takes out again.
func say(err error) string {
	var start *StartError
	var e unix.Errno
	switch {
	case !errors.As(err, &start):
		return err.Error()
	case errors.As(start.Err, &e):
		return startMessage + strconv.Itoa(int(e))
	}
	return startMessage + start.Err.Error()
}

// startMessage begins a message about a StartError.
const startMessage = "\x00"

// told returns the error that a message says.
func told(message string) error {
	text, ok := strings.CutPrefix(message, startMessage)
	if !ok {
		return errors.New(message)
	}
	if e, err := strconv.Atoi(text); err == nil {
		return &StartError{Err: unix.Errno(e)}
	}
	return &StartError{Err: errors.New(text)}
}

// handOver gives the listener to the supervisor, and waits until that listens.
func handOver(listener int) error {
	if err := unix.Sendmsg(helperFD, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	var b [1]byte
	if n, err := unix.Read(helperFD, b[:]); n != 1 {
		return fmt.Errorf("supervisor does not answer: %w", err)
	}
	return unix.Close(listener)
}

// without returns an environment without a variable.
func without(env []string, name string) []string {
	return slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, name+"=") })
}
