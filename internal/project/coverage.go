package project

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/abigen/abigen/gen"
	"github.com/abigen/abigen/gen/coverage"
	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/internal/config"
	"github.com/abigen/abigen/internal/strictyaml"
)

// Coverage accounts for everything that the headers of a plan declare, by the
// scope and the hand-written converters that the configuration names.
func (p *Project) Coverage(plan *gen.Plan) (*coverage.Report, error) {
	scope := new(coverage.Scope)
	if name := p.Config.Coverage.Scope; name.Value != "" {
		data, err := os.ReadFile(p.path(name.Value))
		if err != nil {
			return nil, &config.Error{Pos: name.Pos, Msg: err.Error()}
		}
		if err := strictyaml.Decode(name.Value, data, scope); err != nil {
			return nil, err
		}
	}
	hand, err := p.handWritten()
	if err != nil {
		return nil, err
	}
	return coverage.New(plan, scope, hand)
}

// CheckCoverage returns an error when more is open than the scope allows. It
// names what was not open when the data file was last written.
func (p *Project) CheckCoverage(report *coverage.Report) error {
	var before map[string]bool
	if name := p.Config.Coverage.Data; name != "" {
		data, err := os.ReadFile(p.path(name))
		if err == nil {
			// A file that is not the report's tells nothing; output will
			// deal with it.
			before, _ = coverage.ReadOpen(data)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errors.Join(report.Limits(before)...)
}

// handWritten reads the Go files, other than tests and generated ones, of the
// directories with hand-written converters.
func (p *Project) handWritten() ([]coverage.HandWritten, error) {
	var list []coverage.HandWritten
	for _, dir := range p.Config.Coverage.HandWritten {
		entries, err := os.ReadDir(p.path(dir.Value))
		if err != nil {
			return nil, &config.Error{Pos: dir.Pos, Msg: err.Error()}
		}
		h := coverage.HandWritten{Dir: dir.Value, Files: map[string][]byte{}}
		for _, e := range entries {
			name := e.Name()
			if !e.Type().IsRegular() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				continue
			}
			data, err := os.ReadFile(p.path(path.Join(dir.Value, name)))
			if err != nil {
				return nil, err
			}
			if !bytes.HasPrefix(data, []byte(emit.HeaderComment)) {
				h.Files[name] = data
			}
		}
		if len(h.Files) == 0 {
			return nil, &config.Error{Pos: dir.Pos, Msg: fmt.Sprintf("%s has no hand-written Go files", dir.Value)}
		}
		list = append(list, h)
	}
	return list, nil
}

// SystemNames returns the names of the systems in the order of the
// configuration.
func (p *Project) SystemNames() []string {
	var names []string
	for _, s := range p.Config.Systems {
		names = append(names, s.Name.Value)
	}
	return names
}
