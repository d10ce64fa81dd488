package syscalls

// ReservedNames is for the test that compares it with the words.
var ReservedNames = reservedNames
