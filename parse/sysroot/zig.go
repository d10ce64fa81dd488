package sysroot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// DefaultZigVersion is the version of the ziglang package that is used unless
// [Options] name another. It carries the headers of NetBSD 10.1. The tables of
// [Predefined] are of this version.
const DefaultZigVersion = "0.15.2"

// A Zig is the sysroot in the ziglang Python package: the headers of the
// systems, and a C compiler for nearly all of its targets, which
// [Zig.Compiler] gives.
//
// In the cache directory it owns the directory ziglang-VERSION:
//
//	wheel/          the package as downloaded, kept for the compiler
//	tree/           what was unpacked of it
//	tree/wheel.json the name and the SHA-256 of that package, and which parts
//	                of it were unpacked
//	lock            held while one of these is being made
//
// Whatever appears there is whole: it is made under another name and renamed.
type Zig struct {
	version string
	dir     string // CACHE/ziglang-VERSION
	source  wheelInfo
}

// wheelInfo is what tree/wheel.json holds.
type wheelInfo struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`

	// Parts are those of [treeParts] that were unpacked, or looked for and
	// not found in the package.
	Parts []string `json:"parts"`
}

// missing returns the parts that a tree should have by now and does not.
func (w wheelInfo) missing() []string {
	return slices.DeleteFunc(treeParts(), func(p string) bool { return slices.Contains(w.Parts, p) })
}

// A version is used in a file name and on pip's command line.
var versionPattern = regexp.MustCompile(`^[0-9][0-9A-Za-z.+!]*$`)

// OpenZig returns the zig sysroot, downloading and unpacking the package when
// the cache does not hold it yet. Any number of processes may do so at once.
func OpenZig(ctx context.Context, opt Options) (*Zig, error) {
	version := opt.ZigVersion
	if version == "" {
		version = DefaultZigVersion
	}
	if !versionPattern.MatchString(version) {
		return nil, fmt.Errorf("sysroot zig: %q is not a version of a Python package", version)
	}
	if opt.Cache == "" {
		return nil, errors.New("sysroot zig: no cache directory given")
	}
	cache, err := filepath.Abs(opt.Cache)
	if err != nil {
		return nil, fmt.Errorf("sysroot zig: %w", err)
	}
	z := &Zig{version: version, dir: filepath.Join(cache, "ziglang-"+version)}
	if err := z.load(); err == nil && len(z.source.missing()) == 0 {
		return z, nil
	}
	if err := z.unpackHeaders(ctx); err != nil {
		return nil, fmt.Errorf("sysroot %s: %w", z.Name(), err)
	}
	return z, nil
}

// Name returns "ziglang VERSION".
func (z *Zig) Name() string { return "ziglang " + z.version }

// SHA256 returns the hash, in hexadecimal, of the package that the headers were
// unpacked from. It stands for all of them: they are not changed after that.
func (z *Zig) SHA256() string { return z.source.SHA256 }

// Includes returns the directories that zig cc searches for t, in its order:
// the compiler's own headers first.
func (z *Zig) Includes(ctx context.Context, t ctype.Target) (*Includes, error) {
	row, ok := lookupTarget(t)
	root := filepath.Join(z.tree(), "lib")
	fsys := os.DirFS(root)
	if !ok || !z.has(fsys, row) {
		return nil, &TargetError{Sysroot: z.Name(), Target: t, Have: z.targets(fsys)}
	}
	macros, err := z.predefined(ctx, t)
	if err != nil {
		return nil, err
	}
	return &Includes{
		Name: z.Name(), Target: t, FS: fsys, Root: root, Predefined: macros,
		Dirs: append([]string{"include"}, row.dirs()...), OwnDirs: 1,
	}, nil
}

// predefined returns the macros that go with the headers. The tables are those
// of one version; another one's compiler has to be asked.
func (z *Zig) predefined(ctx context.Context, t ctype.Target) (string, error) {
	if z.version == DefaultZigVersion {
		return Predefined(t)
	}
	return z.Macros(ctx, t)
}

// dirs returns the target's directories of libc headers in the package's lib.
func (row target) dirs() []string {
	dirs := make([]string, len(row.libc))
	for i, d := range row.libc {
		dirs[i] = path.Join("libc/include", d)
	}
	return dirs
}

func (z *Zig) has(fsys fs.FS, row target) bool {
	for _, dir := range row.dirs() {
		if info, err := fs.Stat(fsys, dir); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

func (z *Zig) targets(fsys fs.FS) []ctype.Target {
	ts := []ctype.Target{}
	for _, row := range targets {
		if z.has(fsys, row) {
			ts = append(ts, row.Target)
		}
	}
	return ts
}

func (z *Zig) tree() string { return filepath.Join(z.dir, "tree") }

// load reads what an earlier unpacking has left.
func (z *Zig) load() error {
	b, err := os.ReadFile(filepath.Join(z.tree(), infoName))
	if err != nil {
		return err
	}
	var info wheelInfo
	if err := json.Unmarshal(b, &info); err != nil {
		return err
	}
	z.source = info
	return nil
}

// unpackHeaders makes z.tree, or completes it.
func (z *Zig) unpackHeaders(ctx context.Context) error {
	unlock, err := z.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	loaded := z.load()
	if loaded == nil && len(z.source.missing()) == 0 {
		return nil // another process was first
	}
	wheel, err := z.wheel(ctx)
	if err != nil {
		return err
	}
	sum, err := fileSHA256(wheel)
	if err != nil {
		return err
	}
	if loaded != nil || z.source.SHA256 != sum {
		// A tree that does not load is one that somebody has damaged, and
		// one of another package is not completed from this one.
		if err := os.RemoveAll(z.tree()); err != nil {
			return err
		}
		z.source = wheelInfo{}
	}
	tmp := filepath.Join(z.dir, tmpPrefix+"tree")
	defer os.RemoveAll(tmp)
	if err := unpackTree(ctx, wheel, tmp, z.source.missing()); err != nil {
		return z.dropBad(err)
	}
	info := wheelInfo{File: filepath.Base(wheel), SHA256: sum, Parts: slices.Concat(z.source.Parts, z.source.missing())}
	if z.source.SHA256 == "" {
		if err := writeInfo(tmp, info); err != nil {
			return err
		}
		if err := os.Rename(tmp, z.tree()); err != nil {
			return err
		}
		return z.load()
	}
	// The tree is one of an older version of this package, which knew fewer
	// targets. Others may be reading in it, so what is there stays.
	if err := z.adopt(tmp, z.source.missing()); err != nil {
		return err
	}
	if err := writeInfo(tmp, info); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(tmp, infoName), filepath.Join(z.tree(), infoName)); err != nil {
		return err
	}
	return z.load()
}

// adopt moves the parts from tmp into the tree. A part that stands there is
// whole, like everything in it, and stays.
func (z *Zig) adopt(tmp string, parts []string) error {
	for _, part := range parts {
		from, to := filepath.Join(tmp, part), filepath.Join(z.tree(), part)
		if _, err := os.Stat(to); err == nil {
			continue
		}
		if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			continue // the package does not have it
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	return nil
}

// infoName is the file in the tree that tells what it was made from.
const infoName = "wheel.json"

func writeInfo(dir string, info wheelInfo) error {
	b, err := json.Marshal(info)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, infoName), append(b, '\n'), 0o666)
}

// A Compiler is a C compiler for one target.
type Compiler struct {
	Target ctype.Target

	// Path is the zig executable.
	Path string

	// Args come before the arguments that any C compiler understands: they
	// choose zig's C compiler and the target.
	Args []string

	// Env is added to the environment of the process: it keeps what zig
	// caches beside the executable, whatever HOME is.
	Env []string
}

// NoCompilerError tells that zig has no code generator for a target.
type NoCompilerError struct{ Target ctype.Target }

// Error names the target.
func (e *NoCompilerError) Error() string {
	return fmt.Sprintf("zig cc cannot generate code for %s", e.Target)
}

// Compiler returns the package's C compiler for t, unpacking the executable
// (some 170 MB) when that has not been done yet, from the package in the cache
// if that is still there. The error is a [*NoCompilerError] when zig
// has no code generator for t, and a [*TargetError] when t is not known.
func (z *Zig) Compiler(ctx context.Context, t ctype.Target) (*Compiler, error) {
	c, err := z.preprocessor(ctx, t)
	if err != nil {
		return nil, err
	}
	if row, _ := lookupTarget(t); row.describeOnly {
		return nil, &NoCompilerError{t}
	}
	return c, nil
}

// preprocessor is Compiler without the demand for a code generator.
func (z *Zig) preprocessor(ctx context.Context, t ctype.Target) (*Compiler, error) {
	row, ok := lookupTarget(t)
	if !ok {
		return nil, &TargetError{Sysroot: z.Name(), Target: t, Have: Targets()}
	}
	exe := filepath.Join(z.tree(), zigExecutable)
	if _, err := os.Stat(exe); err != nil {
		if err := z.unpackCompiler(ctx, exe); err != nil {
			return nil, fmt.Errorf("sysroot %s: compiler: %w", z.Name(), err)
		}
	}
	return &Compiler{
		Target: t,
		Path:   exe,
		Args:   []string{"cc", "-target", row.triple},
		Env:    []string{"ZIG_GLOBAL_CACHE_DIR=" + filepath.Join(z.dir, "zig-cache")},
	}, nil
}

func (z *Zig) unpackCompiler(ctx context.Context, exe string) error {
	unlock, err := z.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(exe); err == nil {
		return nil
	}
	wheel, err := z.wheel(ctx)
	if err != nil {
		return err
	}
	tmp := filepath.Join(z.dir, tmpPrefix+"compiler")
	defer os.RemoveAll(tmp)
	if err := unpackExecutable(ctx, wheel, tmp); err != nil {
		return z.dropBad(err)
	}
	return os.Rename(filepath.Join(tmp, zigExecutable), exe)
}

// wheel returns the path of the package, downloading it when the cache does
// not hold it. The lock is held.
func (z *Zig) wheel(ctx context.Context) (string, error) {
	dir := filepath.Join(z.dir, "wheel")
	if p, err := wheelIn(dir, z.version); err == nil && checkWheel(p, z.version) == nil {
		return p, nil
	}
	tmp := filepath.Join(z.dir, tmpPrefix+"wheel")
	if err := os.Mkdir(tmp, 0o777); err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := pipDownload(ctx, tmp, "ziglang", z.version); err != nil {
		return "", err
	}
	p, err := wheelIn(tmp, z.version)
	if err != nil {
		return "", err
	}
	if err := checkWheel(p, z.version); err != nil {
		return "", err
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(p)), nil
}

// dropBad removes the package when err tells that it is damaged, so that the
// next attempt downloads it again, and returns err.
func (z *Zig) dropBad(err error) error {
	if errors.Is(err, ErrBadWheel) {
		return errors.Join(err, os.RemoveAll(filepath.Join(z.dir, "wheel")))
	}
	return err
}

// wheelIn returns the one package of that version in dir.
func wheelIn(dir, version string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	found := ""
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "ziglang-"+version+"-") || path.Ext(e.Name()) != ".whl" {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%w: pip left both %s and %s", ErrBadWheel, found, e.Name())
		}
		found = e.Name()
	}
	if found == "" {
		return "", fmt.Errorf("%w: pip left no ziglang-%s-*.whl", ErrBadWheel, version)
	}
	return filepath.Join(dir, found), nil
}

// tmpPrefix begins the names of what is not whole yet. The lock is held while
// there is such a directory, so their names need not be unique.
const tmpPrefix = "tmp-"

// lock waits until no other process is making something in z.dir, and removes
// what those have left behind that were interrupted in it.
func (z *Zig) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(z.dir, 0o777); err != nil {
		return nil, err
	}
	unlock, err = lockFile(ctx, filepath.Join(z.dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("waiting for %s: %w", filepath.Base(z.dir)+"/lock", err)
	}
	leftovers, err := filepath.Glob(filepath.Join(z.dir, tmpPrefix+"*"))
	if err == nil {
		for _, p := range leftovers {
			err = errors.Join(err, os.RemoveAll(p))
		}
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}
