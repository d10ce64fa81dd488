// Package parse reads C headers of one target into a [ctype.Unit].
//
// [Headers] preprocesses and parses one translation unit with modernc.org/cc/v4,
// of which it uses only the preprocessor and the parser: types, layouts and
// constants are computed here and in the packages below, because cc knows few of
// our targets and ignores packed and #pragma pack. The way through is
//
//	source.go   headers as cc opens them, rewritten where cc would lose something
//	headers.go  runs cc, turns its errors into an [ErrorList]
//	decl.go     walks the declarations; specs.go, declarator.go, record.go and
//	            attr.go their parts
//	macro.go    expands and evaluates object-like macros
//
// Constant expressions are evaluated by package parse/constexpr, records are laid
// out by package parse/layout, and headers are found by package parse/sysroot.
//
// Nothing in a header stops the process: a malformed one gives errors with
// header, line and column, and limits bound what a hostile one can cost.
package parse
