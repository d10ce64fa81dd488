// Package pipe is pipe(2): a buffer between two descriptors. It has the place of
// sys_pipe.c in NetBSD.
//
// # Locks
//
// pipe.mu guards the state. Whoever moves data has taken the pipe besides
// (pipe.take), so that the buffer stays as it is while mu is unlocked to touch
// the caller's memory.
package pipe
