package netstack

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A machine is what the kernel runs on. No member is nil.
type machine struct{ *hypercall.Host }

// device opens the device behind an interface. What a person should know when
// that fails goes to the console, since the caller sees a number.
func (m machine) device(driver, linkstr string) (hypercall.NetworkDevice, error) {
	dev, err := m.Network.Open(driver, linkstr)
	if e, ok := errors.AsType[*hypercall.OpError](err); ok && e.Detail != "" {
		m.printf("%v", err)
	}
	return dev, err
}

// printf writes a line on the console. One that is broken is no reason to stop.
func (m machine) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(m.Console, format+"\n", args...)
}
