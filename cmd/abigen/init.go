package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// starter is the configuration that abigen init writes.
//
//go:embed starter.yaml
var starter []byte

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a small configuration to start from",
		Long: `init writes a commented abigen.yaml that makes one Go package from a few of
NetBSD's headers. It does not touch a configuration that is already there.`,
		Example: `  abigen init && abigen generate
  abigen init --config netbsd.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			f, err := os.OpenFile(a.config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
			if os.IsExist(err) {
				return fmt.Errorf("%s is there already; nothing was written", a.config)
			}
			if err != nil {
				return err
			}
			if _, err := f.Write(starter); err != nil {
				f.Close()
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
			a.notef("wrote %s; next: abigen generate", a.config)
			return nil
		},
	}
}
