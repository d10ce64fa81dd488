package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/internal/nearest"
	"github.com/abigen/abigen/internal/project"
	"github.com/abigen/abigen/parse"
	"github.com/abigen/abigen/parse/sysroot"
)

type describeFlags struct {
	target  string
	sysroot string
	define  []string
	schema  bool
}

func (a *app) describeCommand() *cobra.Command {
	var flags describeFlags
	cmd := &cobra.Command{
		Use:   "describe --target OS/ARCH [HEADER...]",
		Short: "Print what headers declare on a target, as JSON",
		Long: `describe prints every struct, union, enum, typedef, constant and function that
the headers declare on the target: with sizes, alignments, offsets and values,
and where each was declared. The form is that of docs/abi-description.md.

A HEADER is a name to include, such as sys/socket.h, or the path of a file;
a name with a leading ./ or / is always a path. Without headers, those of the
configuration for the target's system are described.`,
		Example: `  abigen describe --target netbsd/sparc64 sys/types.h sys/stat.h
  abigen describe --target linux/amd64 --sysroot host sys/socket.h
  abigen describe --target netbsd/amd64 --sysroot dir:/usr/netbsd/comp net/if.h
  abigen describe --target linux/arm --define _FILE_OFFSET_BITS=64 ./mine.h
  abigen describe --target netbsd/amd64 >netbsd-amd64.json`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.describe(cmd.Context(), flags, args) },
	}
	cmd.Flags().StringVarP(&flags.target, "target", "t", "", "the system and machine, `OS/ARCH`")
	cmd.Flags().StringVar(&flags.sysroot, "sysroot", "", "zig, host or dir:PATH (default: the configuration's, else zig)")
	cmd.Flags().StringArrayVarP(&flags.define, "define", "D", nil, "define a macro, `NAME[=VALUE]`, before the first header; repeatable")
	cmd.Flags().BoolVar(&flags.schema, "schema", false, "print the JSON Schema of the description instead")
	return cmd
}

func (a *app) describe(ctx context.Context, flags describeFlags, headers []string) error {
	if flags.schema {
		_, err := io.WriteString(a.stdout, ctype.Schema())
		return err
	}
	if flags.target == "" {
		return errors.New("describe needs --target OS/ARCH, such as --target netbsd/amd64")
	}
	target, err := ctype.ParseTarget(flags.target)
	if err != nil {
		return err
	}
	if _, err := target.Model(); err != nil {
		return err
	}
	defines, err := parseDefines(flags.define)
	if err != nil {
		return err
	}
	unit, err := a.unit(ctx, target, flags.sysroot, headers, defines)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(a.stdout, 1<<16)
	if err := unit.WriteJSON(w); err != nil {
		return err
	}
	return w.Flush()
}

// unit parses the headers, or those of the configuration, for the target.
func (a *app) unit(ctx context.Context, target ctype.Target, spec string, headers []string, defines []parse.Define) (*ctype.Unit, error) {
	// Headers alone need no configuration, but one that is there says where
	// the system's headers come from.
	p, system, err := a.configured(target)
	if err != nil && (len(headers) == 0 || exists(a.config)) {
		return nil, err
	}
	if len(headers) == 0 {
		if system == nil {
			var have []string
			for _, s := range p.Config.Systems {
				have = append(have, s.OS)
			}
			return nil, fmt.Errorf("%s has no system with os %s, and no headers were named%s", a.config, target.OS, nearest.Suggest(target.OS, have))
		}
		if spec != "" {
			system.Sysroot.Value = spec
		}
		for _, g := range system.Groups {
			for _, d := range defines {
				if g.Define == nil {
					g.Define = map[string]string{}
				}
				g.Define[d.Name] = d.Value
			}
		}
		units, err := p.Units(ctx, system, []ctype.Target{target})
		if err != nil {
			return nil, err
		}
		return units[0], nil
	}
	inc, err := a.includes(ctx, p, system, target, spec)
	if err != nil {
		return nil, err
	}
	return parse.Headers(ctx, inc, parse.Group{Name: "headers", Headers: headers, Define: defines}, parse.Options{Hostile: !strings.HasPrefix(inc.Name, "ziglang")})
}

// configured returns the configuration and its system for the target, nil if
// it has none.
func (a *app) configured(target ctype.Target) (*project.Project, *config.System, error) {
	p, err := project.Open(a.config)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range p.Config.Systems {
		if s.OS == target.OS {
			return p, s, nil
		}
	}
	return p, nil, nil
}

// includes opens the sysroot that was asked for, else the configured one,
// else zig.
func (a *app) includes(ctx context.Context, p *project.Project, system *config.System, target ctype.Target, spec string) (*sysroot.Includes, error) {
	if spec == "" && system != nil {
		root, err := p.Sysroot(ctx, system)
		if err != nil {
			return nil, err
		}
		return root.Includes(ctx, target)
	}
	if spec == "" {
		spec = "zig"
	}
	var opt sysroot.Options
	if p != nil {
		opt.Cache = p.Cache
	} else {
		var err error
		if opt.Cache, err = sysroot.DefaultCache(); err != nil {
			return nil, err
		}
	}
	root, err := sysroot.Open(ctx, spec, opt)
	if err != nil {
		return nil, err
	}
	return root.Includes(ctx, target)
}

// parseDefines reads NAME or NAME=VALUE, as a C compiler's -D does.
func parseDefines(args []string) ([]parse.Define, error) {
	var defines []parse.Define
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			value = "1"
		}
		if !isIdentifier(name) {
			return nil, fmt.Errorf("--define %s: %q is not a macro name", arg, name)
		}
		if strings.ContainsAny(value, "\r\n") {
			return nil, fmt.Errorf("--define %s: a macro's value has one line", name)
		}
		defines = append(defines, parse.Define{Name: name, Value: value})
	}
	return defines, nil
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if !(c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9') {
			return false
		}
	}
	return s != ""
}

func (a *app) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD.json NEW.json",
		Short: "Compare two descriptions",
		Long: `diff prints what two descriptions made by abigen describe do not agree on, a line
each, and exits 1 if there is anything: what a new release of a system changes in
its ABI, or what sets two machines apart.`,
		Example: `  abigen describe -t netbsd/amd64 sys/stat.h >amd64.json
  abigen describe -t netbsd/arm sys/stat.h >arm.json
  abigen diff amd64.json arm.json`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			old, err := readUnit(args[0])
			if err != nil {
				return err
			}
			new, err := readUnit(args[1])
			if err != nil {
				return err
			}
			differences := ctype.Diff(old, new)
			for _, d := range differences {
				fmt.Fprintln(a.stdout, d)
			}
			if len(differences) > 0 {
				return errDifferences
			}
			return nil
		},
	}
}

func readUnit(name string) (*ctype.Unit, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	u, err := ctype.ReadJSON(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return u, nil
}
