package seccomp

// Here is the machine this runs on.
var Here = AMD64
