// Package faulty is a host for tests, on which what can go wrong does: it stands
// before another host and adds faults.
//
// A [Plan] says which operations fail, come up short, or take long; [New] puts it
// before everything that a host does. A [Clock] stands still, or jumps. A
// [Network] loses frames, and duplicates, reorders, corrupts and delays them, and
// [Sockets] fail, come up short and keep one waiting. All
// of them decide by a seed, so that a run can be repeated.
package faulty
