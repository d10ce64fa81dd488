package system

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// maxHostname is the most bytes that a kernel takes for its name.
const maxHostname = 255

// params are environment variables whose names begin with RUMP_, and the two
// parameters that there have to be.
type params struct{}

func (params) Param(name string) (string, error) {
	switch {
	case name == hypercall.ParamHostname:
		return hostname(), nil
	case name == hypercall.ParamCPUs:
		return cpus(os.Getenv("RUMP_NCPU")), nil
	case strings.HasPrefix(name, "_"):
		return "", paramError(netbsd.EINVAL, name)
	case strings.HasPrefix(name, "RUMP_"):
		if v, ok := os.LookupEnv(name); ok {
			return v, nil
		}
	}
	return "", paramError(netbsd.ENOENT, name)
}

func paramError(err netbsd.Errno, name string) error {
	return &hypercall.OpError{Op: "get " + name, Driver: "params", Err: err}
}

// hostname tells kernels of different processes apart.
func hostname() string {
	name := fmt.Sprintf("rump-%05d", os.Getpid())
	if h, err := os.Hostname(); err == nil && h != "" {
		name += "." + h
	}
	return name[:min(len(name), maxHostname)]
}

func cpus(v string) string {
	switch v {
	case "":
		return "2"
	case "host":
		return strconv.Itoa(runtime.NumCPU())
	}
	return v
}
