package rump

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi"
	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// TestLastWords has a kernel panic of itself, and looks for its last words in what
// calls return, in whichever process it is.
func TestLastWords(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	t.Run("here", func(t *testing.T) { child(t, "^TestHereLastWords$") })
	t.Run("apart", func(t *testing.T) { testLastWords(t, Config{Apart: true}) })
}

func TestHereLastWords(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestLastWords, in a process of its own")
	}
	testLastWords(t, Config{})
}

func testLastWords(t *testing.T, cfg Config) {
	var console lines
	cfg.Components, cfg.Console = []string{"local", "sockin"}, &console
	k, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	th, mem := newThread(t, k)
	fd, err := syscalls.Socket(t.Context(), th, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	// To connect it once more is what sockin does not do.
	name := netbsd.SockaddrIn{Len: netbsd.SizeofSockaddrIn, Family: netbsd.AF_INET}
	copy(mem.Data, abi.AsBytes(&name))
	copy(mem.Data[2:], []byte{0, 9, 127, 0, 0, 1})
	for range 2 {
		err = syscalls.Connect(t.Context(), th, fd, mem.Base, netbsd.SizeofSockaddrIn)
	}
	for range 2 {
		if _, ok := errors.AsType[*PanicError](err); !ok || !strings.Contains(err.Error(), "disconnect not supported") {
			t.Errorf("the error does not say how the kernel died: %v", err)
		}
		_, err = syscalls.Getpid(t.Context(), th)
	}
	<-k.Halted()
	if text := console.String(); !strings.Contains(text, "panic: ") || strings.Contains(text, "could not find strtab") {
		t.Errorf("the console says %q", text)
	}
}
