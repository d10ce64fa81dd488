// Package kern is the part of the embedded kernel that knows no network:
// processes and their threads, descriptors and what may stand behind one, the
// memory of a caller, sleeping and waking. It has the place that sys/kern has
// in NetBSD.
//
// # Locks
//
// A lock is never held while a caller's memory is read or written: that memory
// may be another process's, or at the other end of a connection, and take its
// time. Nor is one held by a thread that sleeps. Those of a descriptor table
// and of a process are leaves: nothing else is locked under them.
//
// # Waking
//
// What can be waited for has a [waiter.Queue], so that a thread asleep in a
// call, poll, a kqueue and gVisor's endpoints all use one mechanism. Whoever
// changes an object notifies its queue after unlocking it. A notification of
// waiter.EventInternal wakes those who sleep in a call on the object, and nobody
// else: no kqueue takes it for news.
package kern
