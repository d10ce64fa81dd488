package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/fs"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/ffs"
)

// fsApp is what the commands of fs get.
type fsApp struct {
	*app
	kernel, rump string
	copy         fs.CopyOptions
	list         fs.ListOptions
	follow       bool
}

func (a *app) fsCommand() *cobra.Command {
	f := &fsApp{app: a}
	cmd := &cobra.Command{
		Use:   "fs COMMAND IMAGE PATH...",
		Short: "List, read and write the files of a file system in an image",
		Long: `Fs works on the files of a NetBSD file system, FFS version 1 or 2 of either byte order, in an
image: a file with nothing but the file system in it.

Images are read by nbnet itself, or by NetBSD's own kernel, which mounts them and whose system
calls are made then; what is printed is the same. The kernel reads when --rump or the environment
variable RUMP_PREFIX names the directory whose lib has its libraries, or --kernel rump is there;
with that alone, the libraries are where the system has its own. Only the kernel writes, so put
always takes it. nbnet itself can read any image, and does nothing worse with a damaged
one than report it.

Who writes to an image has it alone, and who reads it sees no changes: it is locked with flock(2), for
one or the other. When others have locked it, a command does not wait but fails, and names one of them.

Relative paths begin at the root of the file system, and symbolic links lead to where they
would if it were a machine's only one. What is not printable in a name is shown as a question mark;
with --json, names are as they are, and those that are not UTF-8 are there in base64, too.

A copy belongs to who makes it, and has the permissions of the original, out of the image less the
umask; with -p exactly these, and its times. It never has set-user-ID, set-group-ID and sticky bits.
What cannot be listed or copied is told, and the rest is done; the exit code is 1 then.

The commands are

  ls [-dilR] IMAGE [PATH...]       list files, or what is in directories; -l at length, -i with
                                   inode numbers, -R with directories below, -d directories themselves
  cat IMAGE PATH...                write what is in files to the standard output
  stat [-L] IMAGE PATH...          say all about files; -L follows symbolic links
  cp [-pR] IMAGE PATH... DEST      copy files out of the image, to the file or into the directory DEST
  put [-pR] IMAGE [FILE...] PATH   copy files into the image, to the file or into the directory
                                   PATH; the standard input for lack of a FILE, or when that is -`,
		Example: `  nbnet fs ls -l netbsd.img /etc
  nbnet fs cat netbsd.img /etc/rc.conf
  nbnet fs cp -R netbsd.img /etc/ssh /tmp
  export RUMP_PREFIX=/usr/local
  echo hostname=box | nbnet fs put netbsd.img /etc/rc.conf`,
		GroupID: images,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	fl := cmd.PersistentFlags()
	fl.StringVar(&f.kernel, "kernel", "", "what reads the image: rump, NetBSD's `kernel`, or none, nbnet itself (default: rump if it is known where that is)")
	fl.StringVar(&f.rump, "rump", "", "the `directory` whose lib has NetBSD's own kernel (default: $RUMP_PREFIX)")
	cmd.AddCommand(f.lsCommand(), f.catCommand(), f.statCommand(), f.cpCommand(), f.putCommand())
	return cmd
}

func (f *fsApp) lsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls [-dilR] IMAGE [PATH...]",
		Short: "List files, or what is in directories",
		Args:  cobra.MinimumNArgs(1),
		RunE: f.reading(func(v fs.Volume, args []string, p *fs.Problems) error {
			f.list.JSON = f.json
			return fs.List(v, args, f.list, f.stdout, p)
		}),
	}
	fl := cmd.Flags()
	fl.BoolVarP(&f.list.Long, "long", "l", false, "also modes, numbers of names, owners, sizes, and when files changed")
	fl.BoolVarP(&f.list.Recursive, "recursive", "R", false, "also what is in the directories that are listed")
	fl.BoolVarP(&f.list.Itself, "directory", "d", false, "directories themselves, not what is in them")
	fl.BoolVarP(&f.list.Inode, "inode", "i", false, "also the numbers of inodes")
	return cmd
}

func (f *fsApp) catCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cat IMAGE PATH...",
		Short: "Write what is in files to the standard output",
		Args:  cobra.MinimumNArgs(2),
		RunE: f.reading(func(v fs.Volume, args []string, p *fs.Problems) error {
			return fs.Cat(v, args, f.stdout, p)
		}),
	}
}

func (f *fsApp) statCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stat [-L] IMAGE PATH...",
		Short: "Say all about files",
		Args:  cobra.MinimumNArgs(2),
		RunE: f.reading(func(v fs.Volume, args []string, p *fs.Problems) error {
			return fs.PrintStat(v, args, f.follow, f.json, f.stdout, p)
		}),
	}
	cmd.Flags().BoolVarP(&f.follow, "dereference", "L", false, "of a symbolic link, say it about what it leads to")
	return cmd
}

func (f *fsApp) cpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cp [-pR] IMAGE PATH... DEST",
		Short: "Copy files out of an image",
		Args:  cobra.MinimumNArgs(3),
		RunE: f.reading(func(v fs.Volume, args []string, p *fs.Problems) error {
			last := len(args) - 1
			return fs.CopyOut(v, args[:last], args[last], f.copy, p)
		}),
	}
	f.copyFlags(cmd)
	return cmd
}

func (f *fsApp) putCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "put [-pR] IMAGE [FILE...] PATH",
		Short: "Copy files into an image",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, to := args[1:len(args)-1], args[len(args)-1]
			if len(files) == 0 {
				files = []string{"-"}
			}
			return f.use(cmd.Context(), args[0], true, func(v fs.Volume, p *fs.Problems) error {
				return fs.CopyIn(v.(fs.WriteVolume), files, to, f.copy, os.Stdin, p)
			})
		},
	}
	f.copyFlags(cmd)
	return cmd
}

func (f *fsApp) copyFlags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVarP(&f.copy.Recursive, "recursive", "R", false, "directories too, with all that is in them, and symbolic links as such")
	fl.BoolVarP(&f.copy.Preserve, "preserve", "p", false, "the same permissions and times, but for set-user-ID, set-group-ID and sticky bits")
}

// reading makes a command of what is done with an image and the other arguments.
func (f *fsApp) reading(do func(v fs.Volume, args []string, p *fs.Problems) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return f.use(cmd.Context(), args[0], false, func(v fs.Volume, p *fs.Problems) error { return do(v, args[1:], p) })
	}
}

// use opens an image, and closes it after do.
func (f *fsApp) use(ctx context.Context, image string, write bool, do func(fs.Volume, *fs.Problems) error) error {
	if f.server != "" {
		return command.Usage("leave out --server", "the kernel of fs is one of its own")
	}
	v, err := f.open(ctx, image, write)
	if err != nil {
		return err
	}
	p := &fs.Problems{Image: image, Out: f.stderr}
	err = do(v, p)
	var (
		status command.Status
		usage  *command.UsageError
	)
	closed := v.Close()
	switch {
	case err == nil && closed != nil:
		return p.About(fmt.Errorf("unmount: %w", closed))
	case err == nil, errors.As(err, &status), errors.As(err, &usage):
		return err
	}
	return p.About(err)
}

// open opens an image with the kernel that is asked for, or the best there is.
func (f *fsApp) open(ctx context.Context, image string, write bool) (fs.Volume, error) {
	prefix := f.rump
	if prefix == "" {
		prefix = os.Getenv("RUMP_PREFIX")
	}
	switch {
	case f.kernel != "" && f.kernel != "rump" && f.kernel != "none":
		return nil, command.Usage("there are rump and none", "no kernel %q", f.kernel)
	case f.kernel == "none" && write:
		return nil, command.Usage("use --kernel rump", "only NetBSD's kernel writes")
	case f.kernel == "none", f.kernel == "" && prefix == "" && !write:
		return f.read(image)
	}
	flags := int32(netbsd.MNT_RDONLY)
	if write {
		flags = 0
	}
	// The kernel says EINVAL of all that can be wrong with a file.
	v, err := f.read(image)
	if err != nil {
		return nil, err
	}
	if err := v.Close(); err != nil {
		return nil, err
	}
	s, err := fs.Boot(ctx, prefix, image, flags)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// readVolume is an image that nbnet reads itself.
type readVolume struct {
	fs.Volume
	file fs.ImageFile
}

func (v readVolume) Close() error { return v.file.Close() }

func (f *fsApp) read(image string) (fs.Volume, error) {
	file, err := fs.OpenImage(image, false)
	if err != nil {
		return nil, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	var fsys *ffs.FS
	if err == nil {
		fsys, err = ffs.Open(file, size)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", fs.Visible(image), err), file.Close())
	}
	if info := fsys.Info(); !info.Clean {
		fmt.Fprintf(f.stderr, "nbnet: %s was not unmounted: files may be missing, old or damaged\n", fs.Visible(image))
	}
	return readVolume{fs.Read(fsys), file}, nil
}
