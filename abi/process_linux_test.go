//go:build amd64 || arm64 || 386 || arm

package abi_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/abigen/abigen/abi"
)

// TestProcess reads and writes mapped memory of this process, and memory that
// is not there, which must be an error and nothing worse.
func TestProcess(t *testing.T) {
	page, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Munmap(page); err != nil {
			t.Error(err)
		}
	}()
	a := abi.Addr(uintptr(unsafe.Pointer(&page[0])))
	self := abi.Process(os.Getpid())
	if err := self.ReadAt(make([]byte, 1), a); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		t.Skip("the kernel does not let this process read itself: ", err)
	}
	testMemory(t, self, a, 0, 16)
	if string(page[1:6]) != "hello" {
		t.Errorf("the page holds %q", page[:8])
	}
	if err := abi.Process(-1).ReadAt(make([]byte, 1), a); err == nil {
		t.Error("process -1 could be read")
	}
}
