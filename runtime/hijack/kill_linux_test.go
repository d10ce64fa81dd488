//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/netstack"
)

// superviseProgram supervises a family.
func superviseProgram([]string) error {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		return err
	}
	cfg := hijack.Config{
		Args: []string{os.Args[0]}, Env: append(os.Environ(), programName+"=family"),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Adopt: true,
	}
	_, err = hijack.Run(context.Background(), k, cfg)
	return err
}

// familyProgram starts a child that lives on, in a session of its own. Both say
// who they are, and then use their sockets for ever, or say that they cannot.
func familyProgram(args []string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
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
	}
	who := "main"
	if len(args) > 0 {
		who = "child"
	}
	fmt.Println(who, os.Getpid())
	for {
		if _, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
			fmt.Println("getsockopt:", err)
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// startFamily starts a supervisor with a family in another process.
func startFamily(t *testing.T) (cmd *exec.Cmd, said *bufio.Reader, pids []int) {
	t.Helper()
	program(t, newKernel(t), "refused") // skips where calls cannot be caught
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programName+"=supervise")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said = bufio.NewReader(out)
	return cmd, said, readPIDs(t, said)
}

// A supervisor that is killed takes all of the program with it, none of which
// sees a call fail before.
func TestKillSupervisor(t *testing.T) {
	cmd, said, pids := startFamily(t)
	_ = cmd.Process.Kill()
	text, err := io.ReadAll(said) // to the end of all
	if len(text) > 0 || err != nil {
		t.Errorf("%s%v", text, err)
	}
	_ = cmd.Wait()
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
}

// When the guardian is killed, the supervisor kills all that is left.
func TestKillGuardian(t *testing.T) {
	cmd, said, pids := startFamily(t)
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pids[0]))
	if err != nil {
		t.Fatal(err)
	}
	guardian, err := strconv.Atoi(strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[1])
	if err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(guardian, syscall.SIGKILL)
	text, err := io.ReadAll(said)
	if len(text) > 0 || err != nil {
		t.Errorf("%s%v", text, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
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
	program(t, k, "refused") // skips where calls cannot be caught
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
	program(t, k, "refused") // skips where calls cannot be caught
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

// readPIDs reads who the program and its child say they are.
func readPIDs(t *testing.T, r *bufio.Reader) (pids []int) {
	t.Helper()
	pids = make([]int, 2)
	for range pids {
		line, err := r.ReadString('\n')
		who, number, ok := strings.Cut(strings.TrimSpace(line), " ")
		pid, numErr := strconv.Atoi(number)
		if err != nil || !ok || numErr != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if who == "main" {
			pids[0] = pid
		} else {
			pids[1] = pid
		}
	}
	return pids
}

// awaitEnd waits until a process has ended. Whoever has become its parent may leave
// it unwaited for.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
	}
	t.Errorf("process %d goes on", pid)
}
