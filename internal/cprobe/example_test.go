package cprobe_test

import (
	"context"
	"fmt"

	"github.com/abigen/abigen/internal/cprobe"
)

// Questions about a header, put to the compiler of this machine.
func ExampleCompiler_Ask() {
	ctx := context.Background()
	c, err := cprobe.Find(ctx, "cc")
	if err != nil {
		fmt.Println(err)
		return
	}
	answers, err := c.Ask(ctx, cprobe.Source{Preamble: "#include <errno.h>\n"}, []cprobe.Probe{
		{Expr: "ENOENT"},
		{Expr: "ENOSUCHERROR"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answers[0].Int)
	fmt.Println(answers[1].Err != nil)
}
