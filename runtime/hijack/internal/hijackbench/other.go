//go:build !linux || !(amd64 || arm64)

package main

import "errors"

const programName = "HIJACKBENCH_PROGRAM"

var programs map[string]func() error

func measure(options) error { return errors.New("this needs Linux on amd64 or arm64") }
