//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/netstack"
)

// superviseProgram supervises a family.
func superviseProgram([]string) error {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		return err
	}
	cfg := hijack.Config{Args: []string{os.Args[0]}, Env: append(os.Environ(), programName+"=family"), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	_, err = hijack.Run(context.Background(), k, cfg)
	return err
}

// familyProgram starts a child that lives on, in a session of its own, says who
// they are, and waits.
func familyProgram(args []string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if len(args) == 0 {
		cmd := exec.Command(os.Args[0], "child")
		cmd.Env = os.Environ()
		cmd.Stdout, cmd.SysProcAttr = os.Stdout, &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return err
		}
		fmt.Println(os.Getpid())
	} else {
		fmt.Println(os.Getpid())
	}
	_, err = ln.Accept()
	return err
}

// A supervisor that is killed takes all of the program with it.
func TestKillSupervisor(t *testing.T) {
	program(t, newKernel(t), "refused") // skips where calls cannot be caught
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programName+"=supervise")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := readPIDs(t, bufio.NewReader(out))
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
}

// A program that is killed leaves nothing behind, and what it has started goes
// on until it ends or the context does.
func TestKillProgram(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	type result struct {
		code int
		err  error
	}
	done := make(chan result, 1)
	k := newKernel(t)
	go func() {
		cfg := hijack.Config{Args: []string{os.Args[0]}, Env: append(os.Environ(), programName+"=family"), Stdout: w, Stderr: os.Stderr}
		code, err := hijack.Run(ctx, k, cfg)
		_ = w.Close()
		done <- result{code, err}
	}()
	pids := readPIDs(t, bufio.NewReader(r))
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	select {
	case got := <-done:
		if got.code != 128+int(syscall.SIGKILL) || got.err != nil {
			t.Errorf("%+v", got)
		}
	case <-time.After(limit):
		t.Error("it goes on")
	}
}

// When the context is done, all processes are killed.
func TestContext(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	k := newKernel(t)
	go func() {
		cfg := hijack.Config{Args: []string{os.Args[0]}, Env: append(os.Environ(), programName+"=family"), Stdout: w, Stderr: os.Stderr}
		_, err := hijack.Run(ctx, k, cfg)
		_ = w.Close()
		done <- err
	}()
	pids := readPIDs(t, bufio.NewReader(r))
	cancel()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatal("it goes on")
	}
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
}

// readPIDs reads what familyProgram and its child say.
func readPIDs(t *testing.T, r *bufio.Reader) (pids []int) {
	t.Helper()
	for range 2 {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Skipf("calls cannot be caught here: %v", err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
	}
	t.Errorf("process %d goes on", pid)
}
