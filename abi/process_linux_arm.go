package abi

// The numbers of process_vm_readv and process_vm_writev.
const (
	sysProcessVMReadv  = 376
	sysProcessVMWritev = 377
)
