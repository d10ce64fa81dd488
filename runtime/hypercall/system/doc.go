// Package system is the machine the program runs on, as the host of a kernel.
//
// Its clocks and randomness are Go's. Parameters are environment variables, as for
// rump kernels, and the console is standard error. Names of files are paths. The
// network has:
//
//	shmif   a bus of package shmif; the link string is the path of its file
package system
