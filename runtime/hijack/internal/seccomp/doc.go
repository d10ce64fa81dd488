// Package seccomp catches system calls of programs by seccomp's user
// notification: a filter that a thread installs and its program keeps, and the
// listener that is told of each call it catches, while the thread waits. See
// seccomp_unotify(2).
//
// It works on Linux 5.14 and later, on amd64 and arm64.
package seccomp
