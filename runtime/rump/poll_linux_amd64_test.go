package rump

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// TestPolls has many pairs of threads that wait in poll(2) for each other's messages.
func TestPolls(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	child(t, "^TestHerePolls$")
}

func TestHerePolls(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestPolls, in a process of its own")
	}
	const pairs, turns = 10, 300
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	for range pairs {
		mem := &abi.Bytes{Base: pollerBase, Data: make([]byte, 64)}
		th, err := p.NewThread(mem)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscalls.Socketpair(ctx, th, netbsd.AF_LOCAL, netbsd.SOCK_DGRAM, 0, pollerBase); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			fd := int32(binary.LittleEndian.Uint32(mem.Data[4*i:]))
			all.Go(func() {
				if err := pollInTurns(ctx, p, fd, i == 0, turns); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
}

// pollerBase is where the memory of threads is that poll.
const pollerBase = 1 << 20

// pollInTurns sends a byte, and waits for one to be received, so many times.
func pollInTurns(ctx context.Context, p kernel.Process, fd int32, first bool, turns int) error {
	mem := &abi.Bytes{Base: pollerBase, Data: make([]byte, 64)}
	th, err := p.NewThread(mem)
	if err != nil {
		return err
	}
	const data = pollerBase + 32
	for turn := range 2 * turns {
		if turn%2 == 0 == first {
			if _, err := syscalls.Write(ctx, th, fd, data, 1); err != nil {
				return err
			}
			continue
		}
		copy(mem.Data, abi.AsBytes(&netbsd.Pollfd{FD: fd, Events: netbsd.POLLIN}))
		if n, err := syscalls.Poll(ctx, th, pollerBase, 1, netbsd.INFTIM); err != nil || n != 1 {
			return errors.Join(errors.New("poll found nothing"), err)
		}
		if _, err := syscalls.Read(ctx, th, fd, data, 1); err != nil {
			return err
		}
	}
	return nil
}
