package sysroot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// A Dir is the sysroot in a directory of NetBSD headers.
type Dir struct {
	name    string
	root    string
	version string // of the system; empty where the compiler defines it
	fsys    fs.FS

	// machine is the directory that <machine/...> stands for, when that can
	// be told: it decides for which targets the headers are.
	machine string
}

// machines are the ports of NetBSD that a target's headers may be for, by the
// names of their header directories. <machine/...> is a link to one of them.
// The first that is there is taken when the link is not.
var machines = map[string][]string{
	"amd64":   {"amd64"},
	"arm64":   {"evbarm", "aarch64"},
	"386":     {"i386"},
	"arm":     {"evbarm", "acorn32", "cats", "epoc32", "hpcarm", "iyonix", "netwinder", "shark", "zaurus", "arm"},
	"sparc64": {"sparc64"},
	"powerpc": {"macppc", "evbppc", "ofppc", "prep", "sandpoint", "mvmeppc", "ibmnws", "rs6000", "bebox", "amigappc", "powerpc"},
	"mips":    {"evbmips", "sgimips", "mipsco", "newsmips", "emips", "ews4800mips", "mips"},
	"m68k":    {"mac68k", "amiga", "atari", "hp300", "sun3", "sun2", "mvme68k", "next68k", "news68k", "luna68k", "cesfic", "virt68k", "x68k", "m68k"},
}

// OpenDir returns the sysroot in a directory that holds the headers of one
// NetBSD port: the root of its unpacked comp set, of a destdir or of an
// installed system (then they are in usr/include there), or the directory of
// the headers itself.
func OpenDir(dir string) (*Dir, error) {
	root := filepath.Join(dir, "usr", "include")
	if !isHeaderDir(root) {
		root = dir
		if !isHeaderDir(root) {
			return nil, dirError(dir)
		}
	}
	fsys := os.DirFS(root)
	version, err := netbsdVersion(fsys)
	if err != nil {
		return nil, err
	}
	d := &Dir{name: strings.TrimSpace("dir, NetBSD " + version), root: root, version: version, fsys: fsys}
	// The link may be absolute, meant for a system booted from dir; only its
	// last element counts.
	link := filepath.Join(root, "machine")
	if to, err := os.Readlink(link); err == nil {
		d.machine = filepath.Base(to)
	}
	return d, nil
}

func isHeaderDir(dir string) bool {
	for _, name := range []string{"sys/param.h", "stdio.h"} {
		if isFile(os.DirFS(dir), name) {
			return true
		}
	}
	return false
}

func dirError(dir string) error {
	if _, err := os.ReadDir(dir); err != nil {
		return fmt.Errorf("sysroot dir: %w", err)
	}
	return fmt.Errorf("sysroot dir: neither %s nor its usr/include holds sys/param.h or stdio.h", dir)
}

var versionLine = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*define[ \t]+__NetBSD_Version__[ \t]+([0-9]+)`)

// netbsdVersion reads the version of the system from sys/param.h, which has
// it as the number MMmm00pp00. It is empty where the headers leave the
// definition to the compiler.
func netbsdVersion(fsys fs.FS) (string, error) {
	b, err := fs.ReadFile(fsys, "sys/param.h")
	if err != nil {
		return "", fmt.Errorf("sysroot dir: not NetBSD's headers: %w", err)
	}
	m := versionLine.FindSubmatch(b)
	if m == nil {
		// Packagers of cross compilers have the compiler define it.
		if bytes.Contains(b, []byte("__NetBSD_Version__")) {
			return "", nil
		}
		return "", errors.New("sysroot dir: not NetBSD's headers: sys/param.h does not know __NetBSD_Version__")
	}
	n, err := strconv.ParseUint(string(m[1]), 10, 64)
	if err != nil {
		return "", fmt.Errorf("sysroot dir: __NetBSD_Version__: %w", err)
	}
	return fmt.Sprintf("%d.%d", n/100000000, n/1000000%100), nil
}

// Name returns "dir, NetBSD VERSION".
func (d *Dir) Name() string { return d.name }

// Includes returns the directory, when it is of the port that t names.
func (d *Dir) Includes(_ context.Context, t ctype.Target) (*Includes, error) {
	machine, err := d.machineFor(t)
	if err != nil {
		return nil, err
	}
	macros, err := Predefined(t)
	if err != nil {
		return nil, err
	}
	if d.version != "" {
		// The tables hold the version because zig's headers do not.
		macros = withoutMacro(macros, "__NetBSD_Version__")
	}
	return &Includes{
		Name: d.name, Target: t, Dirs: []string{"."}, FS: machineFS{d.fsys, machine}, Root: d.root, Predefined: macros,
	}, nil
}

// machineFor returns the directory that <machine/...> stands for on t.
func (d *Dir) machineFor(t ctype.Target) (string, error) {
	if t.OS != "netbsd" || machines[t.Arch] == nil {
		return "", &TargetError{Sysroot: d.name, Target: t, Have: d.targets()}
	}
	if d.machine != "" {
		if slices.Contains(machines[t.Arch], d.machine) {
			return d.machine, nil
		}
		return "", &TargetError{
			Sysroot: d.name, Target: t, Have: d.targets(),
			Err: fmt.Errorf("its machine directory is %s's", d.machine),
		}
	}
	// A copy that has turned the link into a directory.
	if isFile(d.fsys, "machine/types.h") {
		return "machine", nil
	}
	for _, m := range machines[t.Arch] {
		if isFile(d.fsys, m+"/types.h") {
			return m, nil
		}
	}
	return "", &TargetError{
		Sysroot: d.name, Target: t, Have: d.targets(),
		Err: fmt.Errorf("it has neither machine nor %s", strings.Join(machines[t.Arch], ", ")),
	}
}

func (d *Dir) targets() []ctype.Target {
	ts := []ctype.Target{}
	for _, row := range targets {
		has := func(m string) bool {
			return m == d.machine || d.machine == "" && (isFile(d.fsys, "machine/types.h") || isFile(d.fsys, m+"/types.h"))
		}
		if row.OS == "netbsd" && slices.ContainsFunc(machines[row.Arch], has) {
			ts = append(ts, row.Target)
		}
	}
	return ts
}

// A machineFS reads machine/... in another directory of the file system.
type machineFS struct {
	fs.FS
	machine string
}

// Open opens the file as [fs.FS] does. Errors have the name that was asked for.
func (m machineFS) Open(name string) (fs.File, error) {
	f, err := m.FS.Open(m.real(name))
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return nil, &fs.PathError{Op: pathErr.Op, Path: name, Err: pathErr.Err}
	}
	return f, err
}

func (m machineFS) real(name string) string {
	if name == "machine" {
		return m.machine
	}
	if rest, ok := strings.CutPrefix(name, "machine/"); ok {
		return m.machine + "/" + rest
	}
	return name
}
