package fs

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// ListOptions are those of ls.
type ListOptions struct {
	Long      bool // -l: not names alone
	Recursive bool // -R: also what is in directories
	Itself    bool // -d: directories and not what is in them
	Inode     bool // -i: numbers of inodes
	JSON      bool
}

// A file is one that is listed.
type file struct {
	name string
	st   portable.Stat
	to   string // where a symbolic link leads
}

// List prints what is at the paths; what is in them, if they are directories.
func List(v Volume, paths []string, o ListOptions, out io.Writer) error {
	l := &lister{v: v, o: o, out: out}
	if len(paths) == 0 {
		paths = []string{"/"}
	}
	var files []file
	var directories []string
	for _, p := range paths {
		// A symbolic link to a directory is that, unless it is shown itself.
		st, err := v.Stat(p, !o.Long && !o.Itself)
		if err != nil {
			st, err = v.Stat(p, false)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if st.Mode&netbsd.S_IFMT == netbsd.S_IFDIR && !o.Itself {
			directories = append(directories, p)
			continue
		}
		f, err := l.file(p, p)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	l.titles = len(paths) > 1 || o.Recursive
	if len(files) > 0 {
		l.print("", files)
	}
	for _, d := range directories {
		if err := l.directory(d); err != nil {
			return err
		}
	}
	return l.end()
}

// A lister prints one directory after the other.
type lister struct {
	v      Volume
	o      ListOptions
	out    io.Writer
	titles bool // directories are named
	begun  bool // there is something above
	err    error
	json   []jsonFile
}

// directory prints what is in a directory.
func (l *lister) directory(dir string) error {
	names, err := l.v.Names(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	slices.Sort(names)
	files := make([]file, len(names))
	for i, name := range names {
		if files[i], err = l.file(name, join(dir, name)); err != nil {
			return err
		}
	}
	l.print(dir, files)
	if !l.o.Recursive || l.err != nil {
		return l.err
	}
	for _, f := range files {
		if f.st.Mode&netbsd.S_IFMT == netbsd.S_IFDIR {
			if err := l.directory(join(dir, f.name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func join(dir, name string) string { return strings.TrimRight(dir, "/") + "/" + name }

// file returns what is known about a file.
func (l *lister) file(name, path string) (file, error) {
	f := file{name: name}
	st, err := l.v.Stat(path, false)
	if err == nil && st.Mode&netbsd.S_IFMT == netbsd.S_IFLNK {
		f.to, err = l.v.Readlink(path)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	f.st = st
	return f, nil
}

// print prints files, which are in a directory, or were asked for by name.
func (l *lister) print(dir string, files []file) {
	if l.o.JSON {
		for _, f := range files {
			name := f.name
			if dir != "" {
				name = join(dir, name)
			}
			l.json = append(l.json, toJSON(name, f))
		}
		return
	}
	var b strings.Builder
	if l.begun {
		b.WriteByte('\n')
	}
	if l.titles && dir != "" {
		fmt.Fprintf(&b, "%s:\n", visible(dir))
	}
	l.begun = true
	rows := make([][]string, len(files))
	var widths []int
	for i, f := range files {
		rows[i] = l.columns(f)
		for j, c := range rows[i] {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], len(c))
		}
	}
	for i, f := range files {
		for j, c := range rows[i] {
			fmt.Fprintf(&b, "%*s ", widths[j], c)
		}
		b.WriteString(visible(f.name))
		if l.o.Long && f.st.Mode&netbsd.S_IFMT == netbsd.S_IFLNK {
			b.WriteString(" -> " + visible(f.to))
		}
		b.WriteByte('\n')
	}
	if _, err := io.WriteString(l.out, b.String()); err != nil {
		l.err = err
	}
}

// columns are what is in front of the name.
func (l *lister) columns(f file) []string {
	var c []string
	st := &f.st
	if l.o.Inode {
		c = append(c, fmt.Sprint(st.Ino))
	}
	if !l.o.Long {
		return c
	}
	size := fmt.Sprint(st.Size)
	if kind := st.Mode & netbsd.S_IFMT; kind == netbsd.S_IFCHR || kind == netbsd.S_IFBLK {
		size = fmt.Sprintf("%d, %d", major(st.Rdev), minor(st.Rdev))
	}
	return append(c, strmode(st.Mode), fmt.Sprint(st.Nlink), fmt.Sprint(st.UID), fmt.Sprint(st.GID), size,
		at(st.Mtim).Format("Jan _2 15:04:05 2006"))
}

func (l *lister) end() error {
	if l.o.JSON && l.err == nil {
		if l.json == nil {
			l.json = []jsonFile{}
		}
		return command.WriteJSON(l.out, l.json)
	}
	return l.err
}

// PrintStat prints all that is known about files.
func PrintStat(v Volume, paths []string, follow, inJSON bool, out io.Writer) error {
	l := &lister{v: v, o: ListOptions{JSON: inJSON}, out: out}
	for i, p := range paths {
		f, err := l.file(p, p)
		if err != nil {
			return err
		}
		if follow {
			if f.st, err = v.Stat(p, true); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
		if inJSON {
			l.json = append(l.json, toJSON(p, f))
			continue
		}
		if i > 0 {
			fmt.Fprintln(out)
		}
		if _, err := io.WriteString(out, statText(f)); err != nil {
			return err
		}
	}
	return l.end()
}

func statText(f file) string {
	var b strings.Builder
	st := &f.st
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%8s  "+format+"\n", append([]any{name}, args...)...)
	}
	name := visible(f.name)
	if kind := st.Mode & netbsd.S_IFMT; kind == netbsd.S_IFLNK {
		name += " -> " + visible(f.to)
	}
	line("File", "%s", name)
	line("Type", "%s", typeNames[st.Mode&netbsd.S_IFMT])
	line("Size", "%s in %s of 512", plural(st.Size, "byte"), plural(st.Blocks, "block"))
	if kind := st.Mode & netbsd.S_IFMT; kind == netbsd.S_IFCHR || kind == netbsd.S_IFBLK {
		line("Device", "%d, %d", major(st.Rdev), minor(st.Rdev))
	}
	line("Mode", "%04o (%s)", st.Mode&^netbsd.S_IFMT, strmode(st.Mode))
	line("Owner", "user %d, group %d", st.UID, st.GID)
	line("Inode", "%d, with %s", st.Ino, plural(int64(st.Nlink), "name"))
	if st.Flags != 0 {
		line("Flags", "%s", flagNames(st.Flags))
	}
	const layout = "2006-01-02 15:04:05.000000000 -0700"
	line("Access", "%s", at(st.Atim).Format(layout))
	line("Modify", "%s", at(st.Mtim).Format(layout))
	line("Change", "%s", at(st.Ctim).Format(layout))
	if st.Birthtim != (portable.Timespec{}) {
		line("Birth", "%s", at(st.Birthtim).Format(layout))
	}
	return b.String()
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func at(t portable.Timespec) time.Time { return time.Unix(t.Sec, t.Nsec) }

// major and minor are the halves of a dev_t.
func major(dev uint64) uint64 { return dev >> 8 & 0xfff }
func minor(dev uint64) uint64 { return dev>>12&0xfff00 | dev&0xff }

var typeNames = map[uint32]string{
	netbsd.S_IFREG: "regular file", netbsd.S_IFDIR: "directory", netbsd.S_IFLNK: "symbolic link",
	netbsd.S_IFCHR: "character device", netbsd.S_IFBLK: "block device", netbsd.S_IFIFO: "fifo", netbsd.S_IFSOCK: "socket",
}

// strmode returns what strmode(3) does: "drwxr-xr-x".
func strmode(mode uint32) string {
	kinds := map[uint32]byte{
		netbsd.S_IFREG: '-', netbsd.S_IFDIR: 'd', netbsd.S_IFLNK: 'l',
		netbsd.S_IFCHR: 'c', netbsd.S_IFBLK: 'b', netbsd.S_IFIFO: 'p', netbsd.S_IFSOCK: 's',
	}
	b := []byte{cmp.Or(kinds[mode&netbsd.S_IFMT], '?')}
	for i, c := range []byte("rwxrwxrwx") {
		if mode>>(8-i)&1 == 0 {
			c = '-'
		}
		b = append(b, c)
	}
	for _, s := range []struct {
		bit  uint32
		at   int
		name byte
	}{{netbsd.S_ISUID, 3, 's'}, {netbsd.S_ISGID, 6, 's'}, {netbsd.S_ISVTX, 9, 't'}} {
		if mode&s.bit == 0 {
			continue
		}
		if b[s.at] == '-' {
			s.name -= 'a' - 'A' // it may not be executed
		}
		b[s.at] = s.name
	}
	return string(b)
}

// flagNames returns the flags of a file as chflags(1) has them.
func flagNames(flags uint32) string {
	var names []string
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{netbsd.SF_ARCHIVED, "arch"}, {netbsd.SF_IMMUTABLE, "schg"}, {netbsd.SF_APPEND, "sappnd"},
		{netbsd.SF_SNAPSHOT, "snap"}, {netbsd.SF_LOG, "log"}, {netbsd.SF_SNAPINVAL, "snapinval"},
		{netbsd.UF_NODUMP, "nodump"}, {netbsd.UF_IMMUTABLE, "uchg"}, {netbsd.UF_APPEND, "uappnd"}, {netbsd.UF_OPAQUE, "opaque"},
	} {
		if flags&f.bit != 0 {
			names, flags = append(names, f.name), flags&^f.bit
		}
	}
	if flags != 0 {
		names = append(names, fmt.Sprintf("%#x", flags))
	}
	return strings.Join(names, ",")
}

// visible returns a name with question marks for what a terminal would take for
// something else.
func visible(name string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
}

// A jsonFile is a file in JSON.
type jsonFile struct {
	Path   string  `json:"path"`
	Type   string  `json:"type"`
	To     *string `json:"to,omitempty"`
	Inode  uint64  `json:"inode"`
	Mode   string  `json:"mode"` // octal
	Links  uint32  `json:"links"`
	UID    uint32  `json:"uid"`
	GID    uint32  `json:"gid"`
	Size   int64   `json:"size"`
	Blocks int64   `json:"blocks"` // of 512 bytes
	Device string  `json:"device,omitempty"`
	Flags  string  `json:"flags,omitempty"`
	Access string  `json:"access"`
	Modify string  `json:"modify"`
	Change string  `json:"change"`
	Birth  string  `json:"birth,omitempty"`
}

func toJSON(name string, f file) jsonFile {
	st := &f.st
	j := jsonFile{
		Path: path.Clean("/" + name), Type: typeNames[st.Mode&netbsd.S_IFMT], Inode: st.Ino,
		Mode: fmt.Sprintf("%04o", st.Mode&^netbsd.S_IFMT), Links: st.Nlink, UID: st.UID, GID: st.GID,
		Size: st.Size, Blocks: st.Blocks, Flags: flagNames(st.Flags),
		Access: jsonTime(st.Atim), Modify: jsonTime(st.Mtim), Change: jsonTime(st.Ctim),
	}
	switch st.Mode & netbsd.S_IFMT {
	case netbsd.S_IFLNK:
		j.To = &f.to
	case netbsd.S_IFCHR, netbsd.S_IFBLK:
		j.Device = fmt.Sprintf("%d,%d", major(st.Rdev), minor(st.Rdev))
	}
	if st.Birthtim != (portable.Timespec{}) {
		j.Birth = jsonTime(st.Birthtim)
	}
	return j
}

func jsonTime(t portable.Timespec) string { return at(t).UTC().Format(time.RFC3339Nano) }
