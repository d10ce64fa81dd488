// Package sysctl is the variables of the embedded kernel: a tree of nodes with
// numbers and names, and the system call that reads, sets, lists and describes
// them. It has the place of kern_sysctl.c in NetBSD.
//
// [New] makes the tree of a NetBSD kernel with TCP/IP. A variable that another
// package acts on is that package's own, an atomic integer that [Tree.Bind] puts
// behind the node. The others keep what they are set to, and do nothing.
//
// # Locks
//
// Tree.mu guards the nodes and is not held while a caller's memory is touched.
// Tree.set makes checking a new value and storing it one step, as some variables
// are limits of others.
package sysctl
