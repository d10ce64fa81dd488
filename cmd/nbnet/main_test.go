package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/abigen/abigen/internal/rump"
	netbsdkernel "github.com/abigen/abigen/runtime/rump"
)

// TestMain lets the scripts start the test binary as nbnet.
func TestMain(m *testing.M) {
	netbsdkernel.Helper()
	testscript.Main(m, map[string]func(){"nbnet": main})
}

// TestScripts runs the scripts in testdata. Beside the commands of testscript
// there are
//
//	code N COMMAND...  runs the command, which must exit with N
//	waitfor FILE       waits until the file is there
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
			if cond == "rump" {
				return rump.Missing() == "", nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":    code,
			"waitfor": waitFor,
		},
	})
}

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
