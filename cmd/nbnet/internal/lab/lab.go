// Package lab has kernels for the tests of the commands.
package lab

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Wires are Ethernet segments by the link strings that name them.
type Wires map[string]*wire.Wire

// Any is a wire for each link string, which leads nowhere.
var Any Wires

func (w Wires) open(_, linkstr string) (hypercall.NetworkDevice, error) {
	if w == nil {
		return wire.New().Attach(), nil
	}
	if w[linkstr] == nil {
		return nil, netbsd.ENOENT
	}
	return w[linkstr].Attach(), nil
}

// Boot returns an embedded kernel that is halted when the test ends. What it has
// can be connected to the wires. Addresses can be used at once: nobody is asked
// whether he has them.
func Boot(t testing.TB, w Wires) kernel.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{Network: hypercall.NetworkFunc(w.open)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	c := Client(t, k)
	for _, v := range []string{"net.inet.ip.dad_count", "net.inet6.ip6.dad_count"} {
		if err := c.SetInt(t.Context(), v, 0); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// Client returns something to configure k with.
func Client(t testing.TB, k kernel.Kernel) *netcfg.Client {
	t.Helper()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Run runs a command line, whose words are apart by spaces, and returns what it
// wrote, warnings first, and the error behind it.
func Run(t testing.TB, k kernel.Kernel, c *command.Command, line string) string {
	t.Helper()
	return RunContext(t.Context(), k, c, strings.Fields(line)...)
}

// RunContext is Run with the words, and a context.
func RunContext(ctx context.Context, k kernel.Kernel, c *command.Command, args ...string) string {
	var out, errs bytes.Buffer
	err := c.Run(ctx, k, args, &out, &errs)
	b := errs.String() + out.String()
	if err != nil {
		b += c.Name + ": " + err.Error() + "\n"
	}
	return b
}

// Must runs a command line that has to succeed in silence.
func Must(t testing.TB, k kernel.Kernel, c *command.Command, line string) {
	t.Helper()
	if err := c.Run(t.Context(), k, strings.Fields(line), io.Discard, io.Discard); err != nil {
		t.Fatalf("%s %s: %v", c.Name, line, err)
	}
}

// Script runs command lines, and compares what is said with the golden file
// testdata/NAME.txt.
func Script(t *testing.T, k kernel.Kernel, commands []*command.Command, name, script string) {
	t.Helper()
	Golden(t, name, run(t, k, commands, script))
}

func run(t *testing.T, k kernel.Kernel, commands []*command.Command, script string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		b.WriteString("$ " + strings.Join(words, " ") + "\n")
		for _, c := range commands {
			if c.Name == words[0] {
				b.WriteString(RunContext(t.Context(), k, c, words[1:]...))
			}
		}
	}
	return b.String()
}

// Bus is Script for kernels with a bus in the file that BUS stands for.
func Bus(t *testing.T, k kernel.Kernel, commands []*command.Command, name, script, file string) {
	t.Helper()
	said := run(t, k, commands, strings.ReplaceAll(script, "BUS", file))
	Golden(t, name, strings.ReplaceAll(said, file, "BUS"))
}

// What differs from run to run, and what stands for it: a factory's hardware
// address, which is random, a day or twenty minutes that have begun, and how long
// packets take.
var masks = []struct {
	is *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`\bb2:a0(:[0-9a-f]{2}){4}`), "b2:a0:xx:xx:xx:xx"},
	{regexp.MustCompile(`\b863[0-9]{2}\b`), "86400"},
	{regexp.MustCompile(`\b119[0-9]\b`), "1200"},
	{regexp.MustCompile(`\b19m5[0-9]s\b`), "20m0s "},
	{regexp.MustCompile(`time=[0-9.]+ ms`), "time=T ms"},
	{regexp.MustCompile(`= [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms`), "= MIN/AVG/MAX/STDDEV ms"},
	{regexp.MustCompile(`"(ms|min|avg|max|stddev)": [0-9.e-]+`), `"$1": T`},
}

// Golden compares got with testdata/NAME.txt; -update rewrites that.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	for _, m := range masks {
		got = m.is.ReplaceAllString(got, m.as)
	}
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}
