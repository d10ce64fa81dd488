// Package verify proves generated packages against C compilers, in two steps
// that meet in the middle. [Headers] puts every size, alignment, offset,
// bit-field and constant of a description to a compiler that reads the same
// headers. [Package] compares the Go package that is on disk, as the Go
// compiler for an architecture sees it, with the same description. When both
// find nothing, the package agrees with the compiler.
package verify
