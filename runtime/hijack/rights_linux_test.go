//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack"
)

// Sockets that are passed on to a program that has not been started by their
// owner are the same ones there, when that has closed them and ended.
func TestRights(t *testing.T) { program(t, newKernel(t), "rights", t.TempDir()+"/socket") }

// rightsProgram starts two programs that have nothing in common.
func rightsProgram(args []string) error {
	var cmds []*exec.Cmd
	for _, name := range []string{"receive rights", "send rights"} {
		cmd := exec.Command(os.Args[0], args[0])
		cmd.Env = append(os.Environ(), programName+"="+name)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		cmds = append(cmds, cmd)
	}
	var errs []error
	for _, cmd := range cmds {
		errs = append(errs, cmd.Wait())
	}
	return errors.Join(errs...)
}

// sendRightsProgram passes on a listener, one end of a connection to it, and a
// socket of datagrams.
func sendRightsProgram(args []string) error {
	to, err := dialLocal(args[0])
	if err != nil {
		return err
	}
	defer to.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c, err := net.DialTimeout("tcp", ln.Addr().String(), within)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(c, "from the sender, "); err != nil {
		return err
	}
	datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return sendFiles(to, ln.(*net.TCPListener), c.(*net.TCPConn), datagrams.(*net.UDPConn))
}

// dialLocal connects to a local socket, when there is one.
func dialLocal(path string) (*net.UnixConn, error) {
	for end := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("unix", path)
		if err == nil {
			return c.(*net.UnixConn), nil
		}
		if time.Now().After(end) {
			return nil, err
		}
	}
}

func sendFiles(to *net.UnixConn, sockets ...interface{ File() (*os.File, error) }) error {
	var fds []int
	for _, s := range sockets {
		f, err := s.File()
		if err != nil {
			return err
		}
		defer f.Close()
		fds = append(fds, int(f.Fd()))
	}
	_, _, err := to.WriteMsgUnix([]byte{0}, unix.UnixRights(fds...), nil)
	return err
}

func receiveFiles(from *net.UnixConn, n int) ([]*os.File, error) {
	control := make([]byte, unix.CmsgSpace(4*n))
	_, length, _, _, err := from.ReadMsgUnix(make([]byte, 1), control)
	if err != nil {
		return nil, err
	}
	msgs, err := unix.ParseSocketControlMessage(control[:length])
	if err != nil || len(msgs) != 1 {
		return nil, fmt.Errorf("%d control messages: %w", len(msgs), err)
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for _, fd := range fds {
		files = append(files, os.NewFile(uintptr(fd), "received"))
	}
	return files, nil
}

// receiveRightsProgram uses what it is given as if it had made it.
func receiveRightsProgram(args []string) error {
	local, err := net.Listen("unix", args[0])
	if err != nil {
		return err
	}
	from, err := local.Accept()
	if err != nil {
		return err
	}
	files, err := receiveFiles(from.(*net.UnixConn), 3)
	if err != nil {
		return err
	}
	if _, err := from.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the sender goes on: %w", err)
	}
	ln, err := net.FileListener(files[0])
	if err != nil {
		return err
	}
	client, err := net.FileConn(files[1])
	if err != nil {
		return err
	}
	if ln.Addr().String() != client.RemoteAddr().String() {
		return fmt.Errorf("a connection to %v, not %v", client.RemoteAddr(), ln.Addr())
	}
	server, err := ln.Accept()
	if err != nil {
		return err
	}
	_, err = io.WriteString(client, "from the receiver")
	if err := errors.Join(err, client.(*net.TCPConn).CloseWrite(), files[1].Close(), client.Close()); err != nil {
		return err
	}
	if got, err := io.ReadAll(server); err != nil || string(got) != "from the sender, from the receiver" {
		return fmt.Errorf("%q, %w", got, err)
	}
	datagrams, err := net.FilePacketConn(files[2])
	if err != nil {
		return err
	}
	_ = datagrams.SetDeadline(time.Now().Add(within))
	if _, err := datagrams.WriteTo([]byte("to itself"), datagrams.LocalAddr()); err != nil {
		return err
	}
	b := make([]byte, 100)
	n, who, err := datagrams.ReadFrom(b)
	if err != nil || string(b[:n]) != "to itself" || who.String() != datagrams.LocalAddr().String() {
		return fmt.Errorf("%q of %v: %w", b[:n], who, err)
	}
	return nil
}

// A connection that is passed on to a program of the host carries data there as
// well.
func TestRightsToHost(t *testing.T) {
	k := newKernel(t)
	program(t, k, "refused") // skips where calls cannot be caught
	path := t.TempDir() + "/socket"
	local, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	got := make(chan string, 1)
	go func() { got <- talkThrough(local) }()
	_, stderr, code := run(t, k, hijack.Config{Args: []string{os.Args[0], path}, Env: append(os.Environ(), programName+"=pass to host")})
	if code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	if text := <-got; text != "from the kernel" {
		t.Error(text)
	}
}

// talkThrough receives a connection and has an answer through it.
func talkThrough(local net.Listener) string {
	from, err := local.Accept()
	if err != nil {
		return err.Error()
	}
	defer from.Close()
	files, err := receiveFiles(from.(*net.UnixConn), 1)
	if err != nil {
		return err.Error()
	}
	defer files[0].Close()
	if _, err := files[0].WriteString("from the host"); err != nil {
		return err.Error()
	}
	b := make([]byte, len("from the kernel"))
	if _, err := io.ReadFull(files[0], b); err != nil {
		return err.Error()
	}
	return string(b)
}

func passToHostProgram(args []string) error {
	to, err := dialLocal(args[0])
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c, err := net.DialTimeout("tcp", ln.Addr().String(), within)
	if err != nil {
		return err
	}
	server, err := ln.Accept()
	if err != nil {
		return err
	}
	if err := errors.Join(sendFiles(to, c.(*net.TCPConn)), c.Close()); err != nil {
		return err
	}
	_ = server.SetDeadline(time.Now().Add(within))
	b := make([]byte, len("from the host"))
	if _, err := io.ReadFull(server, b); err != nil || string(b) != "from the host" {
		return fmt.Errorf("%q: %w", b, err)
	}
	_, err = io.WriteString(server, "from the kernel")
	_, _ = to.Read(b) // until the host has it
	return err
}
