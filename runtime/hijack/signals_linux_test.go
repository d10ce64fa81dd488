//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/abigen/abigen/runtime/hijack"
)

// daemonProgram starts a child in a session of its own, which says which signal ends it, if
// it is not deaf. The program itself says which signals it gets until it ends, by
// SIGTERM or at once.
func daemonProgram(args []string) error {
	signals := make(chan os.Signal, 8)
	switch args[0] {
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("child", os.Getpid())
		select {}
	case "child":
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
		fmt.Println("child", os.Getpid())
		fmt.Println("child:", <-signals)
		return nil
	}
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM)
	cmd := exec.Command(os.Args[0], args[1])
	cmd.Env = os.Environ()
	cmd.Stdout, cmd.SysProcAttr = os.Stdout, &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	fmt.Println("main", os.Getpid())
	for args[0] == "stays" {
		sig := <-signals
		fmt.Println("main:", sig)
		if sig == syscall.SIGTERM {
			os.Exit(4)
		}
	}
	os.Exit(3)
	return nil
}

// A daemon is a run of daemonProgram.
type daemon struct {
	t       *testing.T
	said    *bufio.Scanner
	signals chan os.Signal
	done    chan int // the exit code
}

func startDaemon(t *testing.T, args ...string) (d *daemon, pids []int) {
	t.Helper()
	k := newKernel(t)
	program(t, k, "refused") // skips where calls cannot be caught
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	d = &daemon{t: t, signals: make(chan os.Signal, 8), done: make(chan int, 1)}
	cfg := hijack.Config{
		Args: append([]string{os.Args[0]}, args...), Env: append(os.Environ(), programName+"=daemon"),
		Stdout: w, Stderr: os.Stderr, Signals: d.signals,
	}
	go func() {
		code, err := hijack.Run(t.Context(), k, cfg)
		_ = w.Close()
		if err != nil {
			t.Error(err)
		}
		d.done <- code
	}()
	in := bufio.NewReader(r)
	pids = readPIDs(t, in)
	d.said = bufio.NewScanner(in)
	return d, pids
}

// says fails unless the lines that come next are these, in any order.
func (d *daemon) says(lines ...string) {
	d.t.Helper()
	left := map[string]bool{}
	for _, line := range lines {
		left[line] = true
	}
	for len(left) > 0 && d.said.Scan() {
		if !left[d.said.Text()] {
			d.t.Errorf("it says %q", d.said.Text())
		}
		delete(left, d.said.Text())
	}
	for line := range left {
		d.t.Errorf("it does not say %q", line)
	}
}

func (d *daemon) exits(want int) {
	d.t.Helper()
	d.says()
	for d.said.Scan() {
		d.t.Errorf("it says %q", d.said.Text())
	}
	if code := <-d.done; code != want {
		d.t.Errorf("exit code %d, want %d", code, want)
	}
}

// Signals are passed on to the program. One that ends it ends what it has
// started.
func TestSignals(t *testing.T) {
	d, _ := startDaemon(t, "stays", "child")
	d.signals <- syscall.SIGUSR1
	d.says("main: " + syscall.SIGUSR1.String())
	d.signals <- syscall.SIGTERM
	d.says("main: terminated", "child: terminated")
	d.exits(4)
}

// A program that dies of a signal takes along what it has started.
func TestSignalKills(t *testing.T) {
	d, _ := startDaemon(t, "stays", "child")
	d.signals <- syscall.SIGINT
	d.says("child: interrupt")
	d.exits(128 + int(syscall.SIGINT))
}

// When the program has ended, signals are for what it has started.
func TestSignalsToDescendants(t *testing.T) {
	d, pids := startDaemon(t, "ends", "child")
	awaitEnd(t, pids[0])
	d.signals <- syscall.SIGTERM
	d.says("child: terminated")
	d.exits(3)
}

// What does not heed a signal is killed.
func TestSignalsUnheard(t *testing.T) {
	if !*long {
		t.Skip("it takes 5 seconds; -long does it")
	}
	d, pids := startDaemon(t, "ends", "deaf")
	awaitEnd(t, pids[0])
	d.signals <- syscall.SIGTERM
	d.exits(3)
}

// Arguments are the program's alone: the guardian, which has its own name, is
// not found by them.
func TestGuardianHasNoArguments(t *testing.T) {
	const script = `tr '\0' ' ' </proc/$PPID/cmdline; cat /proc/$PPID/comm; printf '%s|' "$@"`
	cfg := hijack.Config{Args: []string{"sh", "-c", script, "sh", "a b", "", "\nc"}}
	stdout, stderr, code := run(t, newKernel(t), cfg)
	if want := "hijack-guardian hijack-guardian\na b||\nc|"; stdout != want || code != 0 {
		t.Errorf("exit code %d, %q, not %q; %s", code, stdout, want, stderr)
	}
}

// Programs that cannot be executed are told from those that are not there.
func TestCannotStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := dir + "/" + name
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("PATH", dir)
	write("closed", "", 0o600)
	k := newKernel(t)
	for _, c := range []struct {
		name string
		code int
		says string
	}{
		{"nowhere", 127, "executable file not found in $PATH"},
		{dir + "/nowhere", 127, "no such file or directory"},
		{dir, 126, "is a directory"},
		{"closed", 126, "permission denied"},
		{dir + "/closed", 126, "permission denied"},
		{write("text", "text", 0o700), 126, "exec format error"},
		{write("script", "#!/nowhere\n", 0o700), 126, "its interpreter is not there"},
	} {
		code, err := hijack.Run(t.Context(), k, hijack.Config{Args: []string{c.name}})
		if err == nil {
			t.Fatalf("%s: it has run, and ended with %d", c.name, code)
		}
		var start *hijack.StartError
		if !errors.As(err, &start) {
			skipUncaught(t, err)
			t.Fatalf("%s: %v", c.name, err)
		}
		if start.ExitCode() != c.code || start.Error() != c.name+": "+c.says {
			t.Errorf("exit code %d, %v, want %d, %s", start.ExitCode(), err, c.code, c.says)
		}
	}
}
