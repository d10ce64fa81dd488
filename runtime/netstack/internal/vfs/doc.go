// Package vfs is a tree of names in memory: directories, symbolic links, devices,
// and the sockets that are bound to a name. There are no regular files. It has the
// place of vfs_lookup.c, vfs_syscalls.c and tmpfs in NetBSD.
package vfs
