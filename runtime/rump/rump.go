package rump

import (
	"sync"

	"github.com/abigen/abigen/runtime/kernel"
)

// booted tells that this process has had its kernel: the libraries keep what they
// know in global variables, and a kernel that has halted does not start again.
var booted struct {
	sync.Mutex
	done bool
}

// New boots a kernel.
func New(cfg Config) (kernel.Kernel, error) {
	booted.Lock()
	defer booted.Unlock()
	return boot(&cfg)
}
