// Package iperf speaks the protocol of iperf3 over any connections, so that a stack
// that runs no programs can be measured with one: TCP, in either direction, with
// one stream or several.
//
// A test has a control connection, which goes first, and one connection for each
// stream; all of them begin with the same cookie. On the control connection one
// side says what comes next with one byte, and both describe the test, and what
// they counted, in JSON behind a length.
package iperf
