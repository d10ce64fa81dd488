package fs

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
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
func List(v Volume, paths []string, o ListOptions, out io.Writer, p *Problems) error {
	l := &lister{v: v, o: o, out: out, problems: p}
	if len(paths) == 0 {
		paths = []string{"/"}
	}
	var files []file
	var directories []string
	for _, p := range paths {
		// A symbolic link to a directory is that, unless it is shown itself.
		st, err := v.Stat(p, !o.Long && !o.Itself)
		if err == nil && st.Mode&netbsd.S_IFMT == netbsd.S_IFDIR && !o.Itself {
			directories = append(directories, p)
			continue
		}
		f, err := l.file(p, p)
		switch {
		case err == nil:
			files = append(files, f)
		case l.problems.tell(err) != nil:
			return err
		}
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
	v        Volume
	o        ListOptions
	out      io.Writer
	problems *Problems
	titles   bool // directories are named
	begun    bool // there is something above
	err      error
	json     []jsonFile
}

// directory prints what is in a directory.
func (l *lister) directory(dir string) error {
	names, err := l.v.Names(dir) // those in front of an error, too
	if err := l.problems.tell(inImage(dir, err)); err != nil {
		return err
	}
	slices.Sort(names)
	files := make([]file, 0, len(names))
	for _, name := range names {
		f, err := l.file(name, join(dir, name))
		switch {
		case err == nil:
			files = append(files, f)
		case l.problems.tell(err) != nil:
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
	f.st = st
	return f, inImage(path, err)
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
		fmt.Fprintf(&b, "%s:\n", Visible(dir))
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
		b.WriteString(Visible(f.name))
		if l.o.Long && f.st.Mode&netbsd.S_IFMT == netbsd.S_IFLNK {
			b.WriteString(" -> " + Visible(f.to))
		}
		b.WriteByte('\n')
	}
	if _, err := io.WriteString(l.out, b.String()); err != nil {
		l.err = onHost(standardOutput, err)
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
		l.err = onHost(standardOutput, command.WriteJSON(l.out, l.json))
	}
	if l.err != nil {
		return l.err
	}
	return l.problems.result()
}

// PrintStat prints all that is known about files.
func PrintStat(v Volume, paths []string, follow, inJSON bool, out io.Writer, p *Problems) error {
	l := &lister{v: v, o: ListOptions{JSON: inJSON}, out: out, problems: p}
	for _, path := range paths {
		f, err := l.file(path, path)
		if err == nil && follow {
			f.st, err = v.Stat(path, true)
			err = inImage(path, err)
		}
		switch {
		case err != nil:
			if err := p.tell(err); err != nil {
				return err
			}
		case inJSON:
			l.json = append(l.json, toJSON(path, f))
		default:
			text := statText(f)
			if l.begun {
				text = "\n" + text
			}
			l.begun = true
			if _, err := io.WriteString(out, text); err != nil {
				return onHost(standardOutput, err)
			}
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
	name := Visible(f.name)
	if kind := st.Mode & netbsd.S_IFMT; kind == netbsd.S_IFLNK {
		name += " -> " + Visible(f.to)
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

// A jsonFile is a file in JSON. What is not UTF-8 in a name is U+FFFD in the string,
// and the bytes are there, too.
type jsonFile struct {
	Path      string  `json:"path"`
	PathBytes []byte  `json:"pathBytes,omitempty"` // base64, of a path that is not UTF-8
	Type      string  `json:"type"`
	To        *string `json:"to,omitempty"`
	ToBytes   []byte  `json:"toBytes,omitempty"`
	Inode     uint64  `json:"inode"`
	Mode      string  `json:"mode"` // octal
	Links     uint32  `json:"links"`
	UID       uint32  `json:"uid"`
	GID       uint32  `json:"gid"`
	Size      int64   `json:"size"`
	Blocks    int64   `json:"blocks"` // of 512 bytes
	Device    string  `json:"device,omitempty"`
	Flags     string  `json:"flags,omitempty"`
	Access    string  `json:"access"`
	Modify    string  `json:"modify"`
	Change    string  `json:"change"`
	Birth     string  `json:"birth,omitempty"`
}

func toJSON(name string, f file) jsonFile {
	st := &f.st
	name = path.Clean("/" + name)
	j := jsonFile{
		Path: name, PathBytes: unlessText(name), Type: typeNames[st.Mode&netbsd.S_IFMT], Inode: st.Ino,
		Mode: fmt.Sprintf("%04o", st.Mode&^netbsd.S_IFMT), Links: st.Nlink, UID: st.UID, GID: st.GID,
		Size: st.Size, Blocks: st.Blocks, Flags: flagNames(st.Flags),
		Access: jsonTime(st.Atim), Modify: jsonTime(st.Mtim), Change: jsonTime(st.Ctim),
	}
	switch st.Mode & netbsd.S_IFMT {
	case netbsd.S_IFLNK:
		j.To, j.ToBytes = &f.to, unlessText(f.to)
	case netbsd.S_IFCHR, netbsd.S_IFBLK:
		j.Device = fmt.Sprintf("%d,%d", major(st.Rdev), minor(st.Rdev))
	}
	if st.Birthtim != (portable.Timespec{}) {
		j.Birth = jsonTime(st.Birthtim)
	}
	return j
}

// unlessText returns the bytes of a name that is not UTF-8.
func unlessText(name string) []byte {
	if utf8.ValidString(name) {
		return nil
	}
	return []byte(name)
}

func jsonTime(t portable.Timespec) string { return at(t).UTC().Format(time.RFC3339Nano) }
