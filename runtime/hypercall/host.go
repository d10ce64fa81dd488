package hypercall

// A Host is what a kernel runs on. Members that are nil are those of the machine
// (package system).
type Host struct {
	Clock   Clock
	Random  Random
	Params  Params
	Console Console
	Files   Files
	Network Network
}
