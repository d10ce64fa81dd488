package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/manual"
)

func (a *app) manCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "man [--dir DIR] [COMMAND]",
		Short: "Print the manual page of a command",
		Long: `Man prints the manual page of nbnet, or of one of its commands, for man(1) to read. With --dir
it writes all of them into a directory, where they are found when what that is in is in MANPATH.`,
		Example: `  nbnet man serve | man -l -
  nbnet man --dir /usr/local/share/man/man1`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir != "" {
				return writePages(dir, cmd.Root())
			}
			about := cmd.Root()
			if len(args) > 0 {
				found, _, err := cmd.Root().Find(args)
				if err != nil || found == cmd.Root() {
					return command.Usage("nbnet --help lists them", "there is no command %s", args[0])
				}
				about = found
			}
			_, err := io.WriteString(a.stdout, manual.Page(about))
			return err
		},
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			for _, c := range cmd.Root().Commands() {
				names = append(names, c.Name())
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write all pages into this `directory`")
	return cmd
}

// writePages writes the pages of all commands.
func writePages(dir string, root *cobra.Command) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, c := range append(root.Commands(), root) {
		if !c.IsAvailableCommand() && c != root || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, manual.Name(c)+".1"), []byte(manual.Page(c)), 0o666); err != nil {
			return err
		}
	}
	return nil
}
