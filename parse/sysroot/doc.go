// Package sysroot finds the C headers of a target.
//
// A [Sysroot] is a place that headers come from: the ziglang Python package,
// which carries the installed headers of NetBSD and Linux for every machine
// ([OpenZig]); a directory, such as NetBSD's unpacked comp set or the destdir
// of a cross build ([OpenDir]); or what this machine's own C compiler uses
// ([OpenHost]). [Open] chooses one by its spelling on a command line.
//
// What a preprocessor needs to read one target's headers is an [Includes]: a
// file system, the directories to search in it, and the macros that the
// target's compiler predefines. Those macros come from tables in this package,
// one for each target, made by running the cross compiler (see predef.go); only
// the host sysroot asks its compiler.
//
// Nothing outside the cache directory is written, and nothing is invented: when
// headers cannot be had, the error says which and why.
package sysroot
