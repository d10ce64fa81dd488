package hypercall

// A Console is where a kernel writes its messages, lines of text. Its method may
// be called from several goroutines at once, and lines do not mix.
type Console interface {
	Write(p []byte) (n int, err error)
}
