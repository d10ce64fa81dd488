package sysroot

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// zigExecutable is where the compiler stands in the package, and in the tree.
const zigExecutable = "zig"

// maxWheelFile is more than any file of the package has: a wheel is not
// trusted with the size that its directory claims.
const maxWheelFile = 1 << 30

// treeFiles are the files of the package, below ziglang/, that the compiler
// needs beside the executable and the headers: it recognizes its lib directory
// by the first, and reads macOS's version from the second.
var treeFiles = []string{"lib/std/std.zig", "lib/libc/darwin/SDKSettings.json"}

// treeParts returns what makes up the tree, as paths below ziglang/: treeFiles,
// and the directories of the compiler's own headers and of every target's.
func treeParts() []string {
	dirs := append(slices.Clone(treeFiles), "lib/include")
	for _, row := range targets {
		for _, d := range row.dirs() {
			if p := path.Join("lib", d); !slices.Contains(dirs, p) {
				dirs = append(dirs, p)
			}
		}
	}
	return dirs
}

// checkWheel tells whether the file at p is a wheel of ziglang in that version
// that carries NetBSD's headers.
func checkWheel(p, version string) error {
	r, err := openWheel(p)
	if err != nil {
		return err
	}
	defer r.Close()
	name := "ziglang-" + version + ".dist-info/METADATA"
	meta, err := r.Open(name)
	if err != nil {
		return fmt.Errorf("%w: it has no %s", ErrBadWheel, name)
	}
	defer meta.Close()
	if err := checkMetadata(meta, version); err != nil {
		return err
	}
	for _, name := range []string{
		"ziglang/lib/libc/include/generic-netbsd/sys/socket.h",
		"ziglang/lib/libc/include/x86_64-netbsd-none/machine/types.h",
	} {
		f, err := r.Open(name)
		if err != nil {
			return fmt.Errorf("%w: version %s has no %s", ErrNoNetBSD, version, name)
		}
		f.Close()
	}
	return nil
}

// checkMetadata reads the head of a wheel's METADATA, which is like a mail's.
func checkMetadata(r io.Reader, version string) error {
	head := map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() && lines.Text() != "" {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok {
			head[key] = strings.TrimSpace(value)
		}
	}
	if head["Name"] != "ziglang" || head["Version"] != version {
		return fmt.Errorf("%w: its METADATA is of %q, version %q", ErrBadWheel, head["Name"], head["Version"])
	}
	return lines.Err()
}

func openWheel(p string) (*zip.ReadCloser, error) {
	r, err := zip.OpenReader(p)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadWheel, filepath.Base(p), err)
	}
	return r, nil
}

// unpackTree writes those of [treeParts] in the wheel at p below dir, which is
// made even when the wheel has none of them.
func unpackTree(ctx context.Context, p, dir string, parts []string) error {
	err := unpack(ctx, p, dir, func(name string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return name == part || strings.HasPrefix(name, part+"/") })
	})
	if err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o777)
}

// unpackExecutable writes the compiler in the wheel at p to dir.
func unpackExecutable(ctx context.Context, p, dir string) error {
	if err := unpack(ctx, p, dir, func(name string) bool { return name == zigExecutable }); err != nil {
		return err
	}
	exe := filepath.Join(dir, zigExecutable)
	if _, err := os.Stat(exe); err != nil {
		return fmt.Errorf("%w: %s has no ziglang/%s", ErrBadWheel, filepath.Base(p), zigExecutable)
	}
	return nil
}

// unpack writes those files of the wheel at p below dir whose name in its
// ziglang directory wanted accepts.
func unpack(ctx context.Context, p, dir string, wanted func(name string) bool) error {
	r, err := openWheel(p)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, f := range r.File {
		// Checked for all, wanted or not: a wheel with one such name is
		// not one to take anything from.
		if _, err := joinBelow(dir, strings.TrimSuffix(f.Name, "/")); err != nil {
			return err
		}
	}
	made := map[string]bool{}
	for _, f := range r.File {
		name, ok := strings.CutPrefix(f.Name, "ziglang/")
		if !ok || strings.HasSuffix(name, "/") || !wanted(name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		dst, err := joinBelow(dir, name)
		if err != nil {
			return err
		}
		if parent := filepath.Dir(dst); !made[parent] {
			if err := os.MkdirAll(parent, 0o777); err != nil {
				return err
			}
			made[parent] = true
		}
		if err := unpackFile(f, dst); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func unpackFile(f *zip.File, dst string) (err error) {
	if !f.Mode().IsRegular() {
		return fmt.Errorf("%w: it is not a regular file", ErrBadWheel)
	}
	src, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadWheel, err)
	}
	defer src.Close()
	perm := os.FileMode(0o666)
	if path.Base(f.Name) == zigExecutable {
		perm = 0o777
	}
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := out.Close(); err == nil {
			err = cerr
		}
	}()
	n, err := io.Copy(out, io.LimitReader(src, maxWheelFile))
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.As(err, new(flate.CorruptInputError)) {
		return fmt.Errorf("%w: %w", ErrBadWheel, err)
	}
	if err != nil {
		return err
	}
	if n == maxWheelFile {
		return fmt.Errorf("%w: it is larger than %d bytes", ErrBadWheel, maxWheelFile)
	}
	return nil
}

// joinBelow returns the path in dir for a slash-separated name, refusing a
// name that leads out of dir.
func joinBelow(dir, name string) (string, error) {
	local, err := filepath.Localize(name)
	if err != nil {
		return "", fmt.Errorf("%w: file name %q leads out of the package", ErrBadWheel, name)
	}
	return filepath.Join(dir, local), nil
}

func fileSHA256(p string) (string, error) {
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
