// Package transcript replays system calls that were recorded on the real NetBSD
// kernel, and tells where another kernel answers differently. The recordings,
// and the format they have, are in testdata/kernel/vectors.
//
// A [Scenario] is a file of them: a list of steps, most of them system calls,
// each with the memory that its pointers lead to, before and after. [Replay]
// makes the calls of one on a kernel that has just booted, and returns a
// [Difference] for each that does not agree in its errno, its results and every
// byte of that memory.
package transcript
