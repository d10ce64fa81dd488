// Package sysctl is sysctl(8): it shows and sets the variables of a kernel.
package sysctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// Command is sysctl.
var Command = &command.Command{
	Name:     "sysctl",
	Summary:  "show or set variables of the kernel",
	Synopsis: []string{"[-AdeMnqx] [name ...]", "[-nq] -w name=value ...", "-a", "[-nq] -f file"},
	Manual: `A file has lines of the form name or name=value; the latter set variables, without -w. Empty lines and what is behind # is
skipped, and a line goes on behind a \ at its end. With ?= in the place of =, a variable that does not exist is passed over. A name may be that of a node, and stands for all that is below it. Structs are shown in hexadecimal with -x;
those that count what the protocols do are for netstat -s.`,
	Run: run,
}

// An env is what a command line is carried out with.
type env struct {
	*netcfg.Client
	out, errs io.Writer
	json      bool
	set       map[byte]bool // the options that were given
	list      []variable    // for JSON
}

func run(ctx context.Context, k kernel.Kernel, args []string, out, errs io.Writer) error {
	args, asJSON := command.JSON(args)
	opts, names, err := command.Getopt(args, "Aadef:Mnqrwx")
	if err != nil {
		return err
	}
	e := &env{out: out, errs: errs, json: asJSON, set: map[byte]bool{}}
	file := ""
	for _, o := range opts {
		if e.set[o.Letter] = true; o.Letter == 'f' {
			file = o.Value
		}
	}
	all := e.set['a'] || e.set['A']
	switch {
	case e.set['f'] && (all || len(names) > 0 || e.set['w']):
		return command.Usage("say -f FILE and no more", "-f has its names and values in the file")
	case e.set['f']:
	case e.set['w'] && len(names) == 0:
		return command.Usage("write name=value behind -w", "nothing to set")
	case len(names) == 0 && !all && !e.set['M']:
		return command.Usage("name one, as net.inet.ip.forwarding, or give -a for all", "no variable")
	case len(names) > 0 && e.set['a']:
		return command.Usage("leave -a out", "%s: -a is for all variables", names[0])
	case e.set['r'] && e.json:
		return command.Usage("leave one of them out", "-r writes bytes, and --json does not")
	}
	if len(names) == 0 {
		names = []string{""}
	}
	if e.Client, err = netcfg.Open(k); err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	if e.set['f'] {
		err = e.fromFile(ctx, file)
	} else {
		err = e.arguments(ctx, names)
	}
	var status command.Status
	if err != nil && !errors.As(err, &status) {
		return err
	}
	if e.json {
		err = errors.Join(err, command.WriteJSON(e.out, append([]variable{}, e.list...)))
	}
	return err
}

func (e *env) arguments(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := e.argument(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// argument does what one of the operands asks for.
func (e *env) argument(ctx context.Context, arg string) error {
	name, value, set := strings.Cut(arg, "=")
	name = strings.ReplaceAll(strings.Trim(name, "."), "/", ".")
	switch {
	case set && !e.set['w']:
		return command.Usage("type sysctl -w "+name+"="+value, "must specify -w to set variables")
	case !set && e.set['w']:
		return command.Usage("type "+name+"=VALUE behind -w, or leave -w out to see it", "%s: no value", arg)
	}
	n, err := e.find(ctx, name)
	if err != nil {
		return err
	}
	if set {
		return e.change(ctx, n, value)
	}
	if n.Type == netbsd.CTLTYPE_NODE {
		return e.walk(ctx, n)
	}
	return e.show(ctx, n, true)
}

// A node is one of the tree, with its whole name and its numbers.
type node struct {
	netcfg.Variable
	name string
	mib  []int32
}

var levels = []string{"top", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"}

// find looks for the node with the name. That of the root is empty.
func (e *env) find(ctx context.Context, name string) (node, error) {
	n := node{Variable: netcfg.Variable{Type: netbsd.CTLTYPE_NODE}}
	if name == "" {
		return n, nil
	}
	for i, part := range strings.Split(name, ".") {
		list, err := e.children(ctx, n)
		if err != nil {
			return n, fmt.Errorf("%s: %w", name, err)
		}
		found := false
		for _, c := range list {
			if c.Name == part {
				n, found = c, true
			}
		}
		if !found {
			level := levels[min(i, len(levels)-1)]
			return n, command.Usage(suggest(n, list), "%s level name '%s' in '%s' is invalid", level, part, name)
		}
	}
	return n, nil
}

// suggest says where to look for the right name.
func suggest(n node, list []node) string {
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	if n.name == "" {
		return "there are " + strings.Join(names, ", ")
	}
	if len(names) == 0 {
		return n.name + " is a variable itself"
	}
	return "in " + n.name + " there are " + strings.Join(names, ", ")
}

// children lists what is below a node: nothing below a variable.
func (e *env) children(ctx context.Context, n node) ([]node, error) {
	if n.Type != netbsd.CTLTYPE_NODE {
		return nil, nil
	}
	list, err := e.Children(ctx, n.mib...)
	nodes := make([]node, len(list))
	for i, v := range list {
		name := v.Name
		if n.name != "" {
			name = n.name + "." + v.Name
		}
		nodes[i] = node{v, name, append(n.mib[:len(n.mib):len(n.mib)], v.Number)}
	}
	return nodes, err
}

// walk shows all that is below a node, which may be nothing: some can be looked
// at by those who know what they have.
func (e *env) walk(ctx context.Context, n node) error {
	list, err := e.children(ctx, n)
	if err != nil {
		return nil //nolint:nilerr // such a node has no children for everybody
	}
	if e.set['A'] && n.name != "" && !e.json {
		if _, err := fmt.Fprintf(e.out, "%s: (node)\n", n.name); err != nil {
			return err
		}
	}
	for _, c := range list {
		if c.Type == netbsd.CTLTYPE_NODE {
			err = e.walk(ctx, c)
		} else {
			err = e.show(ctx, c, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
