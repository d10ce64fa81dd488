package fs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/ffs"
)

// A HostError is about a file of this machine. Other errors are about the image.
type HostError struct {
	Path string
	Err  error
}

func (e *HostError) Error() string { return Visible(e.Path) + ": " + e.Err.Error() }
func (e *HostError) Unwrap() error { return e.Err }

// onHost returns the error of a system call as one of a file of this machine. The end
// of a file stays what it is.
func onHost(path string, err error) error {
	var (
		call *os.PathError
		link *os.LinkError
	)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case errors.As(err, &call):
		err = call.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &HostError{Path: path, Err: err}
}

// inImage returns an error as one of a file in the image, if it is not one of this
// machine.
func inImage(path string, err error) error {
	var host *HostError
	if err == nil || errors.As(err, &host) {
		return err
	}
	return fmt.Errorf("%s: %w", Visible(path), err)
}

// Problems tells what could not be done, while the rest is.
type Problems struct {
	Image string    // its name
	Out   io.Writer // gets a line for each
	any   bool
}

// tell tells of an error, unless nothing else can be done after it: then it returns it.
func (p *Problems) tell(err error) error {
	if err == nil || !single(err) {
		return err
	}
	p.any = true
	fmt.Fprintf(p.Out, "nbnet: %v\n", p.About(err))
	return nil
}

// About returns an error with the name of the image, if it is about that.
func (p *Problems) About(err error) error {
	var host *HostError
	if errors.As(err, &host) {
		return host
	}
	return fmt.Errorf("%s: %w", Visible(p.Image), err)
}

// result is an exit status when there was something to tell.
func (p *Problems) result() error {
	if p.any {
		return command.Status(1)
	}
	return nil
}

// single reports whether an error is about one file, and not the end of everything,
// such as that of the kernel.
func single(err error) bool {
	var (
		host  *HostError
		errno netbsd.Errno
		read  *os.PathError // of the image
		kind  kindError
	)
	switch {
	case errors.As(err, &errno):
		return errno != netbsd.EINTR
	case errors.As(err, &host), errors.As(err, &read), errors.As(err, &kind):
		return true
	}
	return errors.Is(err, ffs.ErrCorrupt) || errors.Is(err, io.ErrUnexpectedEOF)
}

// A kindError tells that something cannot be done with a file of its kind.
type kindError string

func (e kindError) Error() string { return string(e) }

// Visible returns a name with question marks for what a terminal would take for
// something else.
func Visible(name string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
}
