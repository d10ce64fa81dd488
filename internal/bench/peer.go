//go:build linux && amd64

package main

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

//go:embed c
var cSource embed.FS

// A peer is the C program, which runs beside this one and is asked for one
// measurement at a time.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startPeer compiles the C program with -O2 and starts it.
func startPeer(ctx context.Context, compiler, dir string) (*peer, error) {
	for _, name := range []string{"convert.c", "convert.h", "lookup.h", "main.c"} {
		data, err := cSource.ReadFile("c/" + name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "constants.h"), constantsHeader(), 0o666); err != nil {
		return nil, err
	}
	cc := exec.CommandContext(ctx, compiler, "-O2", "-fno-lto", "-o", "peer", "convert.c", "main.c")
	cc.Dir = dir
	if out, err := cc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", compiler, err, out)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "peer"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &peer{cmd, in, bufio.NewReader(out)}, nil
}

// run has the peer convert n times and returns the processor time that took.
func (p *peer) run(name string, n int) (time.Duration, error) {
	var ns int64
	if _, err := fmt.Fprintf(p.in, "%s %d\n", name, n); err != nil {
		return 0, err
	}
	if _, err := fmt.Fscanln(p.out, &ns); err != nil {
		return 0, fmt.Errorf("C program, %s: %w", name, err)
	}
	return time.Duration(ns), nil
}

// result returns what the peer makes of its source: hexadecimal bytes of a
// structure, number and validity of a lookup.
func (p *peer) result(name string) (string, error) {
	if _, err := fmt.Fprintf(p.in, "%s 0\n", name); err != nil {
		return "", err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("C program, %s: %w", name, err)
	}
	return line[:len(line)-1], nil
}

func (p *peer) stop() error {
	p.in.Close()
	return p.cmd.Wait()
}

// constantsHeader writes the constants of both systems as C, out of the Go
// packages, so that both sides have the same.
func constantsHeader() []byte {
	var b bytes.Buffer
	type pair struct {
		name   string
		lx, nb uint64
	}
	define := func(pairs ...pair) {
		for _, p := range pairs {
			fmt.Fprintf(&b, "#define LX_%s %#x\n#define NB_%s %#x\n", p.name, p.lx, p.name, p.nb)
		}
	}
	define(
		pair{"AF_UNSPEC", linux.AF_UNSPEC, netbsd.AF_UNSPEC}, pair{"AF_LOCAL", linux.AF_LOCAL, netbsd.AF_LOCAL},
		pair{"AF_INET", linux.AF_INET, netbsd.AF_INET}, pair{"AF_INET6", linux.AF_INET6, netbsd.AF_INET6},
		pair{"AF_PACKET", linux.AF_PACKET, 0}, pair{"AF_LINK", 0, netbsd.AF_LINK},
		pair{"SOL_SOCKET", linux.SOL_SOCKET, netbsd.SOL_SOCKET}, pair{"SCM_RIGHTS", linux.SCM_RIGHTS, netbsd.SCM_RIGHTS},
		pair{"IPPROTO_IP", linux.IPPROTO_IP, netbsd.IPPROTO_IP}, pair{"IPPROTO_IPV6", linux.IPPROTO_IPV6, netbsd.IPPROTO_IPV6},
		pair{"IPPROTO_TCP", linux.IPPROTO_TCP, netbsd.IPPROTO_TCP}, pair{"SO_REUSEADDR", linux.SO_REUSEADDR, netbsd.SO_REUSEADDR},
		pair{"EAGAIN", uint64(linux.EAGAIN), uint64(netbsd.EAGAIN)}, pair{"SIGCHLD", uint64(linux.SIGCHLD), uint64(netbsd.SIGCHLD)},
		pair{"POLLIN", linux.POLLIN, netbsd.POLLIN}, pair{"POLLPRI", linux.POLLPRI, netbsd.POLLPRI},
		pair{"POLLOUT", linux.POLLOUT, netbsd.POLLOUT}, pair{"POLLERR", linux.POLLERR, netbsd.POLLERR},
		pair{"POLLHUP", linux.POLLHUP, netbsd.POLLHUP}, pair{"POLLNVAL", linux.POLLNVAL, netbsd.POLLNVAL},
		pair{"POLLRDNORM", linux.POLLRDNORM, netbsd.POLLRDNORM}, pair{"POLLRDBAND", linux.POLLRDBAND, netbsd.POLLRDBAND},
		pair{"POLLWRNORM", linux.POLLWRNORM, netbsd.POLLWRNORM}, pair{"POLLWRBAND", linux.POLLWRBAND, netbsd.POLLWRBAND},
		pair{"SIOCGIFMTU", linux.SIOCGIFMTU, netbsd.SIOCGIFMTU}, pair{"SIOCSIFMTU", linux.SIOCSIFMTU, netbsd.SIOCSIFMTU},
		pair{"SIOCGIFMETRIC", linux.SIOCGIFMETRIC, netbsd.SIOCGIFMETRIC}, pair{"SIOCSIFMETRIC", linux.SIOCSIFMETRIC, netbsd.SIOCSIFMETRIC},
		pair{"SIOCGIFINDEX", linux.SIOCGIFINDEX, netbsd.SIOCGIFINDEX},
		pair{"O_RDWR", linux.O_RDWR, netbsd.O_RDWR},
		pair{"O_SYNC", linux.O_SYNC, netbsd.O_SYNC}, pair{"O_DSYNC", linux.O_DSYNC, netbsd.O_DSYNC},
	)
	flags := func(list, known string, mask int64, pairs ...pair) {
		define(pairs...)
		fmt.Fprintf(&b, "#define %s %#x\n#define %s", known, mask, list)
		for _, p := range pairs {
			fmt.Fprintf(&b, " FLAG(%s)", p.name)
		}
		b.WriteString("\n")
	}
	flags("MESSAGE_FLAGS", "MESSAGE_KNOWN", messageKnown,
		pair{"MSG_OOB", linux.MSG_OOB, netbsd.MSG_OOB}, pair{"MSG_PEEK", linux.MSG_PEEK, netbsd.MSG_PEEK},
		pair{"MSG_DONTROUTE", linux.MSG_DONTROUTE, netbsd.MSG_DONTROUTE}, pair{"MSG_CTRUNC", linux.MSG_CTRUNC, netbsd.MSG_CTRUNC},
		pair{"MSG_TRUNC", linux.MSG_TRUNC, netbsd.MSG_TRUNC}, pair{"MSG_DONTWAIT", linux.MSG_DONTWAIT, netbsd.MSG_DONTWAIT},
		pair{"MSG_EOR", linux.MSG_EOR, netbsd.MSG_EOR}, pair{"MSG_WAITALL", linux.MSG_WAITALL, netbsd.MSG_WAITALL},
		pair{"MSG_NOSIGNAL", linux.MSG_NOSIGNAL, netbsd.MSG_NOSIGNAL},
		pair{"MSG_WAITFORONE", linux.MSG_WAITFORONE, netbsd.MSG_WAITFORONE},
		pair{"MSG_CMSG_CLOEXEC", linux.MSG_CMSG_CLOEXEC, netbsd.MSG_CMSG_CLOEXEC})
	flags("OPEN_FLAGS", "OPEN_KNOWN", openKnown,
		pair{"O_CREAT", linux.O_CREAT, netbsd.O_CREAT}, pair{"O_EXCL", linux.O_EXCL, netbsd.O_EXCL},
		pair{"O_NOCTTY", linux.O_NOCTTY, netbsd.O_NOCTTY}, pair{"O_TRUNC", linux.O_TRUNC, netbsd.O_TRUNC},
		pair{"O_APPEND", linux.O_APPEND, netbsd.O_APPEND}, pair{"O_NONBLOCK", linux.O_NONBLOCK, netbsd.O_NONBLOCK},
		pair{"O_ASYNC", linux.O_ASYNC, netbsd.O_ASYNC}, pair{"O_DIRECT", linux.O_DIRECT, netbsd.O_DIRECT},
		pair{"O_DIRECTORY", linux.O_DIRECTORY, netbsd.O_DIRECTORY}, pair{"O_NOFOLLOW", linux.O_NOFOLLOW, netbsd.O_NOFOLLOW},
		pair{"O_CLOEXEC", linux.O_CLOEXEC, netbsd.O_CLOEXEC})

	table := func(name string, size int, get func(v int) (int, bool)) {
		fmt.Fprintf(&b, "#define %s ", name)
		for v := range size {
			to, ok := get(v)
			if !ok {
				to = -1
			}
			fmt.Fprintf(&b, "%d, ", to)
		}
		b.WriteString("\n")
	}
	table("ERRNO_TABLE", 97, func(v int) (int, bool) { to, ok := tolinux.Errno(netbsd.Errno(v)); return int(to), ok })
	table("SIGNAL_TABLE", 65, func(v int) (int, bool) { to, ok := tonetbsd.Signal(linux.Signal(v)); return int(to), ok })
	for name, f := range map[string]func(int32) (int32, bool){
		"SO_TABLE": tonetbsd.SocketLevelOption, "IP_TABLE": tonetbsd.IPOption,
		"IPV6_TABLE": tonetbsd.IPv6Option, "TCP_TABLE": tonetbsd.TCPOption,
	} {
		table(name, 96, func(v int) (int, bool) { to, ok := f(int32(v)); return int(to), ok })
	}
	return b.Bytes()
}
