package hypercall

// Names of parameters. Those that begin with an underscore every host has.
const (
	ParamHostname = "_RUMPUSER_HOSTNAME" // what the kernel is called
	ParamCPUs     = "_RUMPUSER_NCPU"     // how many processors it has, a decimal number
	ParamVerbose  = "RUMP_VERBOSE"       // messages at boot, unless it begins with 0
	ParamMemory   = "RUMP_MEMLIMIT"      // most memory in bytes, with an optional k, m or g
)

// Params are the settings of a host for the kernels that run on it. Its method
// may be called from several goroutines at once.
type Params interface {
	// Param returns the value of a parameter: ENOENT when there is none,
	// EINVAL for an unknown name that begins with an underscore.
	Param(name string) (string, error)
}
