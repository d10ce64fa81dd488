package vfs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/vfs"
)

type thread struct {
	*kerntest.Thread
	t *testing.T
}

func newThread(t *testing.T) (thread, *vfs.FS) {
	fs := vfs.New(system.Clock())
	return thread{kerntest.New(t, kern.Sysents(), fs.Sysents()), t}, fs
}

// do makes a call whose first arguments are paths.
func (th thread) do(want error, num syscalls.Number, paths string, args ...uintptr) uintptr {
	th.t.Helper()
	var a []uintptr
	for p := range strings.SplitSeq(paths, " ") {
		a = append(a, th.Put([]byte(p+"\x00")))
	}
	r, _, err := th.Call(num, append(a, args...)...)
	if !errors.Is(err, want) {
		th.t.Errorf("%s(%s): %v, not %v", num, paths, err, want)
	}
	return r
}

func (th thread) stat(path string) (st netbsd.Stat) {
	th.t.Helper()
	at := th.Put(abi.AsBytes(&st))
	th.do(nil, netbsd.SYS___stat50, path, at)
	copy(abi.AsBytes(&st), th.Get(at, netbsd.SizeofStat))
	return st
}

func (th thread) getcwd() string {
	th.t.Helper()
	at := th.Put(make([]byte, 128))
	n := th.Must(netbsd.SYS___getcwd, at, 128)
	return string(th.Get(at, int(n)-1))
}

func TestDirectories(t *testing.T) {
	t.Parallel()
	th, fs := newThread(t)
	th.do(netbsd.ENOENT, netbsd.SYS_mkdir, "/a/b", 0o777)
	th.do(nil, netbsd.SYS_mkdir, "/a", 0o777)
	th.do(nil, netbsd.SYS_mkdir, "/a/b/", 0o777)
	th.do(netbsd.EEXIST, netbsd.SYS_mkdir, "/a/b", 0o777)
	th.do(nil, netbsd.SYS_chdir, "/a/./b/../b")
	if dir := th.getcwd(); dir != "/a/b" {
		t.Errorf("the working directory is %q", dir)
	}
	if _, err := fs.BindSocket(th.Lwp, "../s", t); err != nil {
		t.Error(err)
	}
	if so, err := fs.Socket(th.Lwp, "/a/s"); so != t || err != nil {
		t.Errorf("%v, %v", so, err)
	}
	th.do(netbsd.ENOTDIR, netbsd.SYS_chdir, "../s")
	th.do(netbsd.ENOTDIR, netbsd.SYS_access, "../s/", 0)
	th.do(netbsd.ENOTDIR, netbsd.SYS_rmdir, "../s")
	th.do(netbsd.EPERM, netbsd.SYS_unlink, "/a")
	th.do(netbsd.ENOTEMPTY, netbsd.SYS_rmdir, "/a")
	th.do(netbsd.EINVAL, netbsd.SYS_rmdir, ".")
	th.do(netbsd.EBUSY, netbsd.SYS_rmdir, "/")
	if st := th.stat("/a"); st.Nlink != 3 || st.Mode != netbsd.S_IFDIR|0o755 {
		t.Errorf("stat of /a: nlink %d, mode %o", st.Nlink, st.Mode)
	}
	th.do(nil, netbsd.SYS_rmdir, "/a/b")
	th.do(netbsd.ENOENT, netbsd.SYS_mkdir, "c", 0o777)
	th.do(netbsd.ENOENT, netbsd.SYS_chdir, "..")
	at := th.Put(make([]byte, 8))
	th.Fails(netbsd.ENOENT, netbsd.SYS___getcwd, at, 8)
	th.do(nil, netbsd.SYS_chdir, "/")
	th.Fails(netbsd.ERANGE, netbsd.SYS___getcwd, at, 1)
	th.do(netbsd.ENAMETOOLONG, netbsd.SYS_chdir, strings.Repeat("x", netbsd.NAME_MAX+1))
	th.do(netbsd.ENAMETOOLONG, netbsd.SYS_chdir, strings.Repeat("/a", netbsd.PATH_MAX/2))
	th.do(netbsd.ENOENT, netbsd.SYS_chdir, "")
}

func TestLinks(t *testing.T) {
	t.Parallel()
	th, fs := newThread(t)
	th.do(nil, netbsd.SYS_mkdir, "/d", 0o777)
	th.do(nil, netbsd.SYS_symlink, "d /l")
	th.do(nil, netbsd.SYS_symlink, "/l/s /k")
	th.do(nil, netbsd.SYS_symlink, "loop /loop")
	th.do(netbsd.ELOOP, netbsd.SYS_chdir, "/loop")
	if _, err := fs.BindSocket(th.Lwp, "/l/s", t); err != nil {
		t.Error(err)
	}
	if so, err := fs.Socket(th.Lwp, "k"); so != t || err != nil {
		t.Errorf("%v, %v", so, err)
	}
	at := th.Put(make([]byte, 8))
	n := th.do(nil, netbsd.SYS_readlink, "/k", at, 3)
	if s := string(th.Get(at, int(n))); s != "/l/" {
		t.Errorf("readlink: %q", s)
	}
	th.do(netbsd.EINVAL, netbsd.SYS_readlink, "/d", at, 8)
	th.do(nil, netbsd.SYS_unlink, "/k")
	th.do(nil, netbsd.SYS_access, "/d/s", 2)
}

func TestRename(t *testing.T) {
	t.Parallel()
	th, fs := newThread(t)
	for _, dir := range []string{"/a", "/a/b", "/e"} {
		th.do(nil, netbsd.SYS_mkdir, dir, 0o777)
	}
	if _, err := fs.BindSocket(th.Lwp, "/s", t); err != nil {
		t.Error(err)
	}
	th.do(netbsd.EINVAL, netbsd.SYS_rename, "/a /a/b/c")
	th.do(netbsd.EISDIR, netbsd.SYS_rename, "/s /e")
	th.do(netbsd.ENOTDIR, netbsd.SYS_rename, "/e /s")
	th.do(netbsd.ENOTEMPTY, netbsd.SYS_rename, "/e /a")
	th.do(netbsd.EINVAL, netbsd.SYS_rename, "/a/. /f")
	th.do(netbsd.ENOENT, netbsd.SYS_rename, "/none /f")
	th.do(nil, netbsd.SYS_rename, "/s /s")
	th.do(nil, netbsd.SYS_rename, "/s /a/b/t")
	th.do(nil, netbsd.SYS_rename, "/a/b /e")
	if so, err := fs.Socket(th.Lwp, "/e/t"); so != t || err != nil {
		t.Errorf("%v, %v", so, err)
	}
	if st := th.stat("/e"); st.Nlink != 2 {
		t.Errorf("/e has %d links", st.Nlink)
	}
	if st := th.stat("/a"); st.Nlink != 2 {
		t.Errorf("/a has %d links", st.Nlink)
	}
}

// TestPermissions is about a user who is not the superuser.
func TestPermissions(t *testing.T) {
	t.Parallel()
	th, fs := newThread(t)
	th.do(nil, netbsd.SYS_mkdir, "/open", 0o777)
	th.do(nil, netbsd.SYS_chmod, "/open", 0o1777)
	th.do(nil, netbsd.SYS_mkdir, "/shut", 0o700)
	for _, path := range []string{"/open/root", "/shut/s"} {
		if _, err := fs.BindSocket(th.Lwp, path, t); err != nil {
			t.Error(err)
		}
	}
	th.Must(netbsd.SYS_setgid, 7)
	th.Must(netbsd.SYS_setuid, 7)
	for path, want := range map[string]error{
		"/s": netbsd.EACCES, "/shut/t": netbsd.EACCES, "/open/root": netbsd.EADDRINUSE, "/open/s": nil,
	} {
		if _, err := fs.BindSocket(th.Lwp, path, t); !errors.Is(err, want) {
			t.Errorf("bind to %s: %v, not %v", path, err, want)
		}
	}
	if _, err := fs.Socket(th.Lwp, "/open/root"); !errors.Is(err, netbsd.EACCES) {
		t.Errorf("connect without write permission: %v", err)
	}
	th.do(netbsd.EPERM, netbsd.SYS_unlink, "/open/root")
	th.do(netbsd.EPERM, netbsd.SYS_chmod, "/open/root", 0o777)
	th.do(netbsd.EACCES, netbsd.SYS_access, "/shut/s", 0)
	th.do(netbsd.EINVAL, netbsd.SYS_access, "/open/s", 8)
	th.do(netbsd.EPERM, netbsd.SYS_chown, "/open/s", 8, ^uintptr(0))
	th.do(nil, netbsd.SYS_chmod, "/open/s", 0o644)
	th.do(nil, netbsd.SYS_chown, "/open/s", ^uintptr(0), 7)
	if st := th.stat("/open/s"); st.Mode != netbsd.S_IFSOCK|0o644 || st.UID != 7 || st.GID != 7 {
		t.Errorf("stat: mode %o, uid %d, gid %d", st.Mode, st.UID, st.GID)
	}
	th.do(nil, netbsd.SYS_unlink, "/open/s")
}
