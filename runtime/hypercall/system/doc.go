// Package system is the machine the program runs on, as the host of a kernel.
//
// Its clocks and randomness are Go's. Parameters are environment variables, as for
// rump kernels, and the console is standard error. Names of files are paths. The
// network has:
//
//	shmif   a bus of package shmif; the link string is the path of its file
//	virt    a tap of package tap; the link string is its name, fd:N for the
//	        descriptor N of one, or a number N for the one named tunN. With
//	        NAME:COUNT it has so many queues, and fd:N:N... are a
//	        descriptor for each
package system
