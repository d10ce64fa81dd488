//go:build linux && (amd64 || arm64)

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
	"github.com/abigen/abigen/runtime/netstack"
)

// A way is one to run a program.
type way struct {
	name string
	run  func(o options, args, env []string) (string, error)
}

var (
	onHost  = way{"host", runHost}
	onStack = way{"nbnet run", runStack}
	bare    = way{"bare", runBare}
)

// wrapped runs a program by another.
func wrapped(name string, args ...string) way {
	return way{name, func(o options, a, env []string) (string, error) {
		if _, err := exec.LookPath(args[0]); err != nil {
			return "", errMissing
		}
		return runHost(o, append(slices.Clone(args), a...), env)
	}}
}

var errMissing = errors.New("not installed")

func measure(o options) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	own := func(name string) []string {
		return []string{programName + "=" + name, timeName + "=" + o.time.String()}
	}
	fmt.Fprintln(w, "ns for a call\t\t\t\t")
	row(o, w, "handed over and back", first, []string{self}, own("bare"), bare)
	row(o, w, "getsockopt SO_TYPE", first, []string{self}, own("type"), onHost, onStack)
	row(o, w, "getsockopt SO_KEEPALIVE", first, []string{self}, own("option"), onHost, onStack)
	row(o, w, "getsockname", first, []string{self}, own("name"), onHost, onStack)
	fmt.Fprintln(w, "connections a second\t\t\t\t")
	proxy := wrapped("proxychains4", "proxychains4", "-q")
	row(o, w, "one after another", first, []string{self}, own("connect"), onHost, onStack, proxy)
	row(o, w, "eight at once", first, []string{self}, own("many"), onHost, onStack, proxy)
	fmt.Fprintln(w, "programs of others\t\t\t\t")
	if err := measureServers(o, w); err != nil {
		return err
	}
	return w.Flush()
}

// row measures a program in each of the ways in turn, and prints medians.
func row(o options, w io.Writer, what string, figure func(string) (float64, error), args, env []string, ways ...way) {
	values := make([][]float64, len(ways))
	failed := make([]error, len(ways))
	for range o.rounds {
		for i, way := range ways {
			if failed[i] != nil {
				continue
			}
			out, err := way.run(o, args, env)
			if err == nil {
				var v float64
				if v, err = figure(out); err == nil {
					values[i] = append(values[i], v)
				}
			}
			failed[i] = err
		}
	}
	fmt.Fprintf(w, "%s", what)
	for i, way := range ways {
		if failed[i] != nil {
			fmt.Fprintf(w, "\t%s: %v", way.name, failed[i])
			continue
		}
		slices.Sort(values[i])
		fmt.Fprintf(w, "\t%s %.1f", way.name, values[i][len(values[i])/2])
	}
	fmt.Fprintln(w, "\t")
	if f, ok := w.(*tabwriter.Writer); ok {
		_ = f.Flush()
	}
}

// first reads the first word.
func first(out string) (float64, error) {
	word, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	return strconv.ParseFloat(word, 64)
}

// iperfRate reads what iperf3 has received, in Gbit/s.
func iperfRate(out string) (float64, error) {
	var report struct {
		End struct {
			Received struct {
				BitsPerSecond float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
		Error string
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		return 0, err
	}
	if report.Error != "" {
		return 0, errors.New(report.Error)
	}
	return report.End.Received.BitsPerSecond / 1e9, nil
}

func runHost(_ options, args, env []string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

// runStack runs a program on a kernel.
func runStack(_ options, args, env []string) (string, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as nbnet run has it
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		return "", err
	}
	defer k.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		_ = r.Close()
		text <- string(b)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	code, err := hijack.Run(ctx, k, hijack.Config{Args: args, Env: append(os.Environ(), env...), Stdout: w, Stderr: os.Stderr})
	_ = w.Close()
	out := <-text
	if err == nil && code != 0 {
		err = fmt.Errorf("exit code %d", code)
	}
	return out, err
}

// runBare runs bareProgram, and answers its calls with nothing.
func runBare(_ options, args, env []string) (string, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	theirs := os.NewFile(uintptr(fds[1]), "parent")
	defer unix.Close(fds[0])
	cmd := exec.Command(args[0])
	cmd.Env, cmd.Stderr, cmd.ExtraFiles = append(os.Environ(), env...), os.Stderr, []*os.File{theirs}
	var out strings.Builder
	cmd.Stdout = &out
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		return "", err
	}
	data, control := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(fds[0], data, control, unix.MSG_CMSG_CLOEXEC)
	if err != nil || n == 0 {
		return "", errors.Join(errors.New("no listener"), err, cmd.Wait())
	}
	msgs, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return "", err
	}
	rights, err := unix.ParseUnixRights(&msgs[0])
	if err != nil {
		return "", err
	}
	l, err := seccomp.NewListener(rights[0])
	if err != nil {
		return "", err
	}
	defer l.Close()
	_ = l.Synchronous()
	answer(l)
	err = cmd.Wait()
	return out.String(), err
}

func answer(l *seccomp.Listener) {
	var c seccomp.Call
	for l.Receive(&c) == nil {
		_ = l.Return(c.ID, 0, 0)
	}
}
