// Package kerneltest is what every kernel behind the seam has to pass, whatever
// it is and wherever it runs: the transcripts of the real kernel ([Transcripts]),
// and the tests of connections through package nbsock ([Sockets]). A test of the
// package that makes a kernel says how it starts one, as a [Subject], and calls
// them:
//
//	var subject = kerneltest.Subject{Name: "embedded", Start: boot}
//
//	func TestTranscripts(t *testing.T) { kerneltest.Transcripts(t, &subject) }
//	func TestSockets(t *testing.T)     { kerneltest.Sockets(t, &subject) }
//
// With -report they print to standard output what docs/kernels.md has a table of.
package kerneltest
