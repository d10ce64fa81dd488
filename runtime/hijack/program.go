package hijack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A StartError says why a program cannot be executed.
type StartError struct {
	Name string // of the program, as it was given
	Err  error
}

func (e *StartError) Error() string { return fmt.Sprintf("%s: %v", e.Name, e.Err) }

func (e *StartError) Unwrap() error { return e.Err }

// ExitCode returns what shells exit with: 127 when there is no such program, 126
// when there is one that cannot be executed.
func (e *StartError) ExitCode() int {
	if errors.Is(e.Err, exec.ErrNotFound) || errors.Is(e.Err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

// errInterpreter: the file is there, but what is to execute it is not, a script's
// interpreter or a dynamic program's loader.
var errInterpreter = errors.New("its interpreter is not there")

// LookPath finds a program, a name without a slash in the directories of $PATH.
// What it returns is a file that may be executed; errors are StartErrors.
func LookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil || errors.Is(err, exec.ErrDot) {
		return path, nil
	}
	switch {
	case errors.Is(err, exec.ErrNotFound) && inPath(name):
		err = fs.ErrPermission
	case errors.Is(err, exec.ErrNotFound):
		err = exec.ErrNotFound
	}
	var file *fs.PathError
	var lookup *exec.Error
	if errors.As(err, &lookup) {
		err = lookup.Err
	}
	if errors.As(err, &file) {
		err = file.Err
	}
	return "", &StartError{Name: name, Err: err}
}

// inPath tells whether there is a file of this name in $PATH.
func inPath(name string) bool {
	if name == "" || strings.Contains(name, "/") {
		return false
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}
