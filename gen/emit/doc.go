// Package emit is what the generators of package gen share: the rules that
// turn C names into Go names and header names into file names, and the
// splitting of declarations into files that all architectures share and files
// for one architecture.
//
// A generator describes each declaration of each architecture as a [Decl]: a
// key, the file it belongs to, a signature that two declarations share only if
// they read the same in Go, and a function that writes it. [Package.Files]
// compares signatures and writes each declaration as few times as it can.
package emit
