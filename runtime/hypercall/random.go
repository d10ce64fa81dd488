package hypercall

// A Random is a source of random bytes that nobody can foresee. Its method may be
// called from several goroutines at once.
type Random interface {
	// Read fills p, perhaps only its beginning, as [io.Reader] says. It
	// does not wait for long.
	Read(p []byte) (n int, err error)
}
