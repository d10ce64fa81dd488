package hypercall

// A NetworkDevice moves Ethernet frames: what stands behind an interface of a
// kernel. Its methods may be called from several goroutines at once.
type NetworkDevice interface {
	// Start begins delivery: input is called with each frame that arrives,
	// which it must not keep, one at a time.
	Start(input func(frame []byte))

	// Send passes frames on, in order. It keeps none of them. A frame that
	// there is no room for is lost, as on any Ethernet; an error says that
	// the device itself no longer works.
	Send(frames ...[]byte) error

	// Close ends delivery: after it has returned, input is not called again.
	Close() error
}
