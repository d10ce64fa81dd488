// Package hijack runs unmodified Linux programs on a kernel.Kernel: it catches
// their calls about sockets by seccomp's user notification, translates them with
// packages tonetbsd and tolinux, and makes them in a process of the kernel.
//
// In the place of each socket stands one end of a host's socket pair in the
// program's table, a placeholder. What is done with descriptors, dup, fork, passing
// them on, select, poll, epoll, the host does, and plain reads and writes as well: two
// goroutines move what goes through the pair to and from the kernel. So calls that only
// move data are not caught. Which socket a descriptor stands for tells the inode
// number of the placeholder, whoever has it by whatever number.
//
// # States of a stream
//
// A socket is fresh until it listens or connects. While it connects, and when
// it listens, the placeholder's send buffer is full, so that it is not writable: the
// gate is shut. The supervisor writes a byte for each connection that waits, which
// makes the placeholder readable, and takes it back by accept.
//
// # What is left to the host
//
// Local sockets are the host's. Sockets of other families, but for those
// of Config.Families, fail with EAFNOSUPPORT, and io_uring with ENOSYS.
//
// It works on Linux 5.14 and later, on amd64 and arm64.
package hijack
