package rump

import (
	"errors"
	"sync"

	"github.com/abigen/abigen/runtime/kernel"
)

// booted tells that this process has had its kernel: the libraries keep what they
// know in global variables, and a kernel that has halted does not start again.
var booted struct {
	sync.Mutex
	done bool
}

// skipAsserts has the kernel go on where one of its own checks fails, as one that was
// built without them does. It is for tests that replay what such a kernel did.
var skipAsserts = false

// A Kernel is NetBSD's.
type Kernel struct {
	kernel.Kernel
	apart  bool
	halted <-chan struct{}
}

// New boots a kernel.
func New(cfg Config) (*Kernel, error) {
	booted.Lock()
	defer booted.Unlock()
	if cfg.Apart || booted.done {
		if cfg.Network != nil {
			return nil, errors.New("rump: the devices of Config.Network are not those of a kernel in another process: the first one that is not Apart can have them")
		}
		k, err := startApart(&cfg)
		if err != nil {
			return nil, err
		}
		return &Kernel{Kernel: k, apart: true, halted: k.gone}, nil
	}
	k, halted, err := boot(&cfg)
	if err != nil {
		return nil, err
	}
	return &Kernel{Kernel: k, halted: halted}, nil
}

// Apart tells whether the kernel is in a process of its own.
func (k *Kernel) Apart() bool { return k.apart }

// Halted returns a channel that is closed when the kernel has halted: it was closed,
// a program asked for that, or it has panicked.
func (k *Kernel) Halted() <-chan struct{} { return k.halted }
