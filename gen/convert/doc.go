// Package convert plans and writes the converters between two systems: from
// the declarations of both and a set of [Rules] it makes a [Plan], which says
// for every member of every paired record and for every constant of every
// domain what becomes of it, and from the plan the files of a Go package.
//
// The words of a plan: a record is a C struct or union, a pair two records or
// constants that mean the same; a domain is a set of constants that share a
// meaning, such as address families, a flag domain one whose constants are
// bits of one word; a decision is what happens to one member. A member that
// neither a rule nor its name decides is a [PlanError]: nothing is lost in
// silence.
//
// A plan is for one direction; the same rules serve both. It holds one
// [ArchPlan] for each architecture that both systems have; what is the same on
// all of them is written once.
package convert
