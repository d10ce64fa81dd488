// Package coverage accounts for everything that the headers of two systems
// declare: what a conversion rule or hand-written code translates, what has no
// counterpart and why, and what is still open.
//
// A struct or union, each of its members, a constant, an ioctl request, an
// error number and a signal are a [Declaration] each; enumerators count as
// constants. Types that only name others and functions carry no meaning of
// their own across a conversion and are not counted.
//
// The conversion rules speak first. What they do not mention may be used by
// hand-written converters, fall under a class of the [Scope], or be left out
// of the system's Go package, for a reason that package gives. The rest is
// open; the [Scope] limits how much that may be.
package coverage
