package system

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

func want(t *testing.T, err error, errno netbsd.Errno) {
	t.Helper()
	if e, ok := errors.AsType[*hypercall.OpError](err); !ok || e.Err != errno || e.Op == "" || e.Driver == "" {
		t.Errorf("%v, not %v", err, errno)
	}
}

func TestComplete(t *testing.T) {
	var out bytes.Buffer
	h := Complete(&hypercall.Host{Console: &out})
	if _, err := h.Console.Write([]byte("x")); err != nil || out.String() != "x" {
		t.Error("the console is another")
	}
	if h.Clock == nil || h.Random == nil || h.Params == nil || h.Files == nil || h.Network == nil || Complete(nil).Console == nil {
		t.Error("members are missing")
	}
}

func TestClock(t *testing.T) {
	c := Clock()
	now, up := c.Now(), c.Monotonic()
	fired := make(chan struct{})
	c.AfterFunc(time.Millisecond, func() { close(fired) })
	<-fired
	if d := c.Monotonic() - up; d < time.Millisecond || up < 0 {
		t.Errorf("%v have passed since %v", d, up)
	}
	if now != now.Round(0) {
		t.Error("there is a reading of the monotonic clock")
	}
	if c.AfterFunc(time.Hour, func() { t.Error("too early") }).Stop() != true {
		t.Error("it was too late to stop")
	}
}

func TestParams(t *testing.T) {
	p := Host().Params
	get := func(name string) string {
		t.Helper()
		v, err := p.Param(name)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	if h := get(hypercall.ParamHostname); !strings.HasPrefix(h, fmt.Sprintf("rump-%05d", os.Getpid())) || len(h) > maxHostname {
		t.Errorf("hostname is %q", h)
	}
	t.Setenv("RUMP_NCPU", "")
	if n := get(hypercall.ParamCPUs); n != "2" {
		t.Errorf("%s processors", n)
	}
	t.Setenv("RUMP_NCPU", "7")
	if n := get(hypercall.ParamCPUs); n != "7" {
		t.Errorf("%s processors", n)
	}
	t.Setenv("RUMP_NCPU", "host")
	if n := get(hypercall.ParamCPUs); n < "1" || n > "9999" {
		t.Errorf("%s processors", n)
	}
	t.Setenv(hypercall.ParamVerbose, "")
	if v := get(hypercall.ParamVerbose); v != "" {
		t.Errorf("verbose is %q", v)
	}
	t.Setenv("SECRET", "x")
	for name, errno := range map[string]netbsd.Errno{"_UNKNOWN": netbsd.EINVAL, "RUMP_UNKNOWN": netbsd.ENOENT, "SECRET": netbsd.ENOENT, "": netbsd.ENOENT} {
		_, err := p.Param(name)
		want(t, err, errno)
	}
}

func TestOpenModes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	f := Host().Files
	_, err := f.Open(path, hypercall.OpenRead)
	want(t, err, netbsd.ENOENT)
	_, err = f.Open(path, hypercall.OpenAccessMode)
	want(t, err, netbsd.EINVAL)
	_, err = f.Open(dir, hypercall.OpenWrite)
	want(t, err, netbsd.EISDIR)
	const create = hypercall.OpenReadWrite | hypercall.OpenCreate
	for mode, errno := range map[hypercall.OpenMode]netbsd.Errno{create | hypercall.OpenExclusive: netbsd.EEXIST, create: 0, hypercall.OpenWrite | hypercall.OpenExclusive: 0} {
		if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := f.Open(path, mode)
		if errno != 0 {
			want(t, err, errno)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "kept" {
			t.Errorf("the file has %q, %v", got, err)
		}
	}
	// A file for reading cannot be written, and the other way.
	r, err := f.Open(path, hypercall.OpenRead)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Writev([][]byte{{1}}, 0)
	want(t, err, netbsd.EBADF)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	want(t, r.Close(), netbsd.EBADF)
	_, err = r.Readv([][]byte{{1}}, 0)
	want(t, err, netbsd.EBADF)
}

func TestStat(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Host().Files
	for name, wanted := range map[string]hypercall.FileInfo{
		dir:         {Type: hypercall.FileDirectory},
		path:        {Type: hypercall.FileRegular, Size: 1000},
		os.DevNull:  {Type: hypercall.FileCharacter},
		dir + "/no": {},
	} {
		info, err := f.Stat(name)
		if wanted == (hypercall.FileInfo{}) {
			want(t, err, netbsd.ENOENT)
		} else if info != wanted || err != nil {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
}

// create makes a file of the machine.
func create(t *testing.T) hypercall.File {
	t.Helper()
	f, err := Host().Files.Open(filepath.Join(t.TempDir(), "file"), hypercall.OpenReadWrite|hypercall.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestTransfers(t *testing.T) {
	f := create(t)
	write := func(off int64, parts ...string) {
		t.Helper()
		var bufs [][]byte
		total := 0
		for _, p := range parts {
			bufs, total = append(bufs, []byte(p)), total+len(p)
		}
		if n, err := f.Writev(bufs, off); n != total || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	read := func(off int64, size int, wanted string) {
		t.Helper()
		a, b := make([]byte, size), make([]byte, size)
		n, err := f.Readv([][]byte{a, nil, b}, off)
		if got := string(append(a, b...)[:n]); got != wanted || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	}
	write(hypercall.Current, "one", "", "two")
	write(10, "three")
	write(hypercall.Current, "!")
	read(0, 20, "onetwo!\x00\x00\x00three")
	read(3, 2, "two!")
	read(100, 2, "")
	read(hypercall.Current, 2, "\x00\x00\x00t")
	_, err := f.Readv([][]byte{{0}}, -2)
	want(t, err, netbsd.EINVAL)
	_, err = f.Writev([][]byte{{0}}, -2)
	want(t, err, netbsd.EINVAL)
	if err := f.Sync(0, 0); err != nil {
		t.Error(err)
	}
	want(t, f.Sync(-1, 0), netbsd.EINVAL)
}

// More buffers than one call takes make it shorter.
func TestManyBuffers(t *testing.T) {
	f := create(t)
	bufs := make([][]byte, 3000)
	for i := range bufs {
		bufs[i] = []byte{byte(i)}
	}
	for n := 0; n < len(bufs); {
		m, err := f.Writev(bufs[n:], int64(n))
		if m <= 0 || err != nil {
			t.Fatal(m, err)
		}
		n += m
	}
	last := make([]byte, 2)
	if n, err := f.Readv([][]byte{last}, 2999); n != 1 || last[0] != byte(2999%256) || err != nil {
		t.Errorf("%d, %v, %v", n, last, err)
	}
}
