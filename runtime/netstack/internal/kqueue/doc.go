// Package kqueue is kqueue(2): a queue of events that files, timers, processes
// and signals put there. It has the place of kern_event.c in NetBSD.
//
// # Vocabulary
//
// A note is an event that somebody registered, known by its ident and filter.
// It is active when what it waits for has happened, and queued when it is to be
// looked at by the next kevent(2).
//
// # Locks
//
// queue.registering is held while notes are made and while descriptors take
// theirs away, queue.mu while the state of notes is looked at or changed. No
// lock of this package is held while a filter is asked, or while anybody is
// notified: a filter is asked from within the notification of its file, and
// may lock what the file's notifier has unlocked.
package kqueue
