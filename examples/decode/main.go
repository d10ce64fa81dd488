// Decode prints what NetBSD wrote, on any system: routing messages, as a routing
// socket or sysctl's NET_RT_DUMP and NET_RT_IFLIST give them, and the notes of a core
// file. Which machine they come from does not matter: package netbsd/portable knows
// the layouts of all.
//
//	decode [-target netbsd/amd64] [FILE...]
//
// A core file says what machine it is from; for routing messages -target does.
// Without files, decode prints the samples that are built into it.
package main

import (
	"embed"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/abigen/abigen/netbsd/portable"
)

// samples are messages that a NetBSD 7.99.34 kernel gave on amd64, and a core file
// that was made up for sparc64. README.md tells more of them.
//
//go:embed testdata/*.bin testdata/*.core
var samples embed.FS

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, args []string) error {
	flags := flag.NewFlagSet("decode", flag.ContinueOnError)
	name := flags.String("target", "netbsd/amd64", "the machine that routing messages are from")
	if err := flags.Parse(args); err != nil {
		return err
	}
	target, err := targetNamed(*name)
	if err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return showSamples(w)
	}
	for _, file := range flags.Args() {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := show(w, file, target, data); err != nil {
			return err
		}
	}
	return nil
}

func showSamples(w io.Writer) error {
	files, err := samples.ReadDir("testdata")
	if err != nil {
		return err
	}
	for _, f := range files {
		data, err := samples.ReadFile(path.Join("testdata", f.Name()))
		if err != nil {
			return err
		}
		if err := show(w, f.Name(), portable.AMD64, data); err != nil {
			return err
		}
	}
	return nil
}

// show prints a file of either kind.
func show(w io.Writer, name string, t portable.Target, data []byte) error {
	fmt.Fprintf(w, "%s:\n", name)
	var err error
	if strings.HasPrefix(string(data), "\x7fELF") {
		err = core(w, data)
	} else {
		err = routing(w, t, data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// targetNamed finds a target by its name, such as "netbsd/sparc64" or "sparc64".
func targetNamed(name string) (portable.Target, error) {
	var names []string
	for t := portable.Target(1); t.PointerSize() != 0; t++ {
		if t.String() == name || t.String() == "netbsd/"+name {
			return t, nil
		}
		names = append(names, t.String())
	}
	return 0, fmt.Errorf("no target %s; there are %s", name, strings.Join(names, ", "))
}
