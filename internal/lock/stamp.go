package lock

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// Devel is the tool version of a generator built from a working copy. It does
// not say which one, so a lock of it is trusted only on the machine, and by
// the executable, that wrote it: see [Stamp].
const Devel = "(devel)"

// ToolVersion returns the version of the running generator: that of its
// module, or [Devel].
func ToolVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Sum == "" || strings.Contains(info.Main.Version, "+dirty") {
		return Devel // a module that was downloaded has a checksum, a working copy has none
	}
	return info.Main.Version
}

// A Stamp stands in the cache directory and tells that a lock was written, or
// found right, by this very executable.
type Stamp struct {
	file string
	want string
}

// NewStamp returns the stamp of the running executable for the project in
// dir, whose lock says l.
func NewStamp(cache, dir string, l *Lock) (*Stamp, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	sum, err := HashFile(os.DirFS(filepath.Dir(exe)), filepath.Base(exe))
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	data, err := l.Bytes()
	if err != nil {
		return nil, err
	}
	name := "stamp-" + Hash([]byte(abs))[:16]
	return &Stamp{filepath.Join(cache, name), sum + "\n" + Hash(data) + "\n"}, nil
}

// Valid tells whether the stamp is there and says so.
func (s *Stamp) Valid() bool {
	have, err := os.ReadFile(s.file)
	return err == nil && string(have) == s.want
}

// Write leaves the stamp.
func (s *Stamp) Write() error {
	if err := os.MkdirAll(filepath.Dir(s.file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(s.file, []byte(s.want), 0o666)
}
