package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/netstack"
	netbsdkernel "github.com/abigen/abigen/runtime/rump"
)

// TestMain lets the scripts start the test binary as nbnet.
func TestMain(m *testing.M) {
	hijack.Helper()
	netbsdkernel.Helper()
	testscript.Main(interruptible{m}, map[string]func(){"nbnet": func() {
		completeWithin = time.Minute // nobody waits at a prompt
		main()
	}})
}

// interruptible runs tests whose programs heed interrupts, which programs do not that
// were started in the background of a shell, nor what they start.
type interruptible struct{ *testing.M }

// Run implements [testscript.TestingM].
func (m interruptible) Run() int {
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	return m.M.Run()
}

// TestScripts runs the scripts in testdata. Beside the commands of testscript
// there are
//
//	code N COMMAND...  runs the command, which must exit with N
//	waitfor FILE       waits until the file is there
//
// and the conditions rump, NetBSD's kernel can be loaded, and catch, calls of
// programs can be caught.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			// A path of a socket is at most 107 bytes, which $WORK may have.
			dir, err := os.MkdirTemp("", "nbnet")
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(dir) })
			e.Setenv("S", dir)
			e.Setenv("RUMP_PREFIX", os.Getenv("RUMP_PREFIX"))
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "rump":
				return rump.Missing() == "", nil
			case "catch":
				return catch() == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":    code,
			"waitfor": waitFor,
		},
	})
}

// catch tells why calls of programs cannot be caught here.
var catch = sync.OnceValue(func() error {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		return err
	}
	defer k.Close()
	_, err = hijack.Run(context.Background(), k, hijack.Config{Args: []string{"true"}})
	return err
})

func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE")
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s has not appeared", args[0])
		}
	}
}
