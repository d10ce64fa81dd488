package sysroot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// Includes is what a preprocessor needs to read one target's headers.
type Includes struct {
	// Name tells what the headers came from, such as "ziglang 0.15.2",
	// "host" or "dir". It holds no path of this machine, so that it can
	// stand in output that is compared.
	Name string

	Target ctype.Target

	// FS holds the headers. Nothing outside it is needed to read them.
	FS fs.FS

	// Root is the directory of this machine that FS shows, for compilers to
	// be pointed at; empty when FS shows none.
	Root string

	// Dirs are the directories that #include <...> searches, as slash
	// separated paths in FS, the first one first.
	Dirs []string

	// OwnDirs is how many of Dirs, from the first one, hold headers of the
	// compiler and not of the system (stddef.h and its like), for which
	// another compiler has its own. It is 0 where they are mixed or unknown.
	OwnDirs int

	// Predefined is the text of the macros that the target's compiler
	// predefines, a #define in each line.
	Predefined string
}

// Find returns the path in FS of the file that #include <name> reads.
func (inc *Includes) Find(name string) (string, error) {
	for _, dir := range inc.Dirs {
		p := path.Join(dir, name)
		if fs.ValidPath(p) && isFile(inc.FS, p) {
			return p, nil
		}
	}
	return "", &fs.PathError{Op: "include", Path: name, Err: fs.ErrNotExist}
}

// IncludeName is the reverse of [Includes.Find]: it returns what a program
// writes between the brackets of an #include to read the file at p, a path in
// FS, and whether p is below one of Dirs at all. A name does not always lead
// back to p: an earlier directory may hold a file of the same name.
func (inc *Includes) IncludeName(p string) (string, bool) {
	best := ""
	for _, dir := range inc.Dirs {
		rest, ok := p, true
		if dir != "." {
			rest, ok = strings.CutPrefix(p, dir+"/")
		}
		// Directories can be nested; the innermost gives the shortest name.
		if ok && (best == "" || len(rest) < len(best)) {
			best = rest
		}
	}
	return best, best != ""
}

func isFile(fsys fs.FS, p string) bool {
	info, err := fs.Stat(fsys, p)
	return err == nil && info.Mode().IsRegular()
}

// A Sysroot is a place that headers come from.
type Sysroot interface {
	// Name is the Name of each Includes that the sysroot gives.
	Name() string

	// Includes returns what is needed to read the headers of t. When the
	// sysroot does not have t, the error is a [*TargetError].
	Includes(ctx context.Context, t ctype.Target) (*Includes, error)
}

var (
	_ Sysroot = (*Zig)(nil)
	_ Sysroot = (*Dir)(nil)
	_ Sysroot = (*Host)(nil)
)

// Options are what [Open] needs for some of the sysroots.
type Options struct {
	// Cache is the directory under which downloaded packages are kept. It is
	// made when needed. Required by the zig sysroot, not used by others.
	Cache string

	// ZigVersion is the version of the ziglang package; empty means
	// [DefaultZigVersion].
	ZigVersion string
}

// DefaultCache returns the directory that environment variable ABIGEN_CACHE
// names, else the directory abigen in the user's cache directory.
func DefaultCache() (string, error) {
	if dir := os.Getenv("ABIGEN_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory, set ABIGEN_CACHE: %w", err)
	}
	return filepath.Join(dir, "abigen"), nil
}

// Open returns the sysroot that spec names:
//
//	zig       the headers in the ziglang package, downloaded when the cache
//	          does not hold it ([OpenZig])
//	host      what this machine's C compiler reads ([OpenHost])
//	dir:PATH  a directory of NetBSD headers ([OpenDir])
func Open(ctx context.Context, spec string, opt Options) (Sysroot, error) {
	kind, arg, hasArg := strings.Cut(spec, ":")
	switch {
	case kind == "dir" && arg != "":
		return OpenDir(arg)
	case kind == "dir":
		return nil, errors.New("sysroot dir: want dir:PATH")
	case kind == "zig" && !hasArg:
		return OpenZig(ctx, opt)
	case kind == "host" && !hasArg:
		return OpenHost(ctx)
	}
	return nil, fmt.Errorf("sysroot %q: want zig, host or dir:PATH", spec)
}

// A TargetError tells that a sysroot does not have the headers of a target.
type TargetError struct {
	Sysroot string // its Name
	Target  ctype.Target
	Have    []ctype.Target // those it has; nil when that is not known
	Err     error          // why not, when there is more to say
}

// Error names the target and those that the sysroot has.
func (e *TargetError) Error() string {
	msg := fmt.Sprintf("sysroot %s has no headers for %s", e.Sysroot, e.Target)
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	if e.Have != nil {
		msg += "; it has " + joinTargets(e.Have)
	}
	return msg
}

// Unwrap returns the reason.
func (e *TargetError) Unwrap() error { return e.Err }

func joinTargets(ts []ctype.Target) string {
	if len(ts) == 0 {
		return "none"
	}
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}
