// Package ffs reads file systems of NetBSD's kind, FFS version 1 and 2 in
// either byte order, from an image: a file, a partition, anything that is an
// [io.ReaderAt]. It needs no kernel, and never writes.
//
// An [FS] is an [io/fs.FS], so that whatever takes one can work on an image:
//
//	image, err := os.Open("netbsd.img")
//	...
//	fsys, err := ffs.Open(image, size)
//	...
//	data, err := fs.ReadFile(fsys, "etc/rc.conf")
//
// Paths there are those of io/fs: no slash in front, and symbolic links are
// followed inside the image, absolute ones from its root. Names that are not
// UTF-8 cannot be reached so. [FS.Lookup] takes any path, as NetBSD's kernel
// does, and leads to an [Inode], which has what io/fs has no place for: inode
// numbers, flags, times of birth, holes.
//
// # Images that are damaged
//
// Nothing in an image is believed. Whatever is read is checked before it is
// used, and what makes no sense is a [CorruptError] that says what and where,
// so a damaged image costs neither more memory nor more time than a good one of
// its size. In particular directories form a tree: a directory that can be
// reached in two ways is an error, and whoever walks all of them comes to an end.
//
// # Images that were in use
//
// When the machine stopped while the file system was mounted, changes may be in
// its journal (WAPBL) and not yet in their place. They are read from the journal, as
// if NetBSD's kernel had mounted the image for writing, and so put them there.
// Without a journal there is no telling what is missing; [Info].Clean says so.
//
// # What is not read
//
// Extended attributes, quotas and lists of free blocks.
package ffs
