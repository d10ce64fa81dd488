package netcfg

// An OpError tells what could not be done, and why.
type OpError struct {
	Op   string // "add address", "set variable", ...
	What string // the interface, destination or name that it was about
	Err  error  // a [netbsd.Errno] when the kernel refused
}

// Error returns, for instance, "netcfg: add route 10.0.0.0/8: File exists".
func (e *OpError) Error() string { return "netcfg: " + e.Op + " " + e.What + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *OpError) Unwrap() error { return e.Err }

func wrap(op, what string, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, What: what, Err: err}
}
