package coverage

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// columns are the head of the file that [Report.CSV] writes.
var columns = []string{"system", "kind", "name", "header", "archs", "status", "by", "note"}

// CSV returns the account for machines: a head and a line for each declaration,
// in the order of the report. The column archs is empty for what every
// architecture has, and header for a member that is declared where its record
// is.
func (r *Report) CSV() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	// A bytes.Buffer does not fail.
	_ = w.Write(columns)
	home := map[string]string{} // the headers of records
	for _, d := range r.Declarations {
		header := d.Header
		switch {
		case d.Kind == Struct:
			home[d.System+" "+d.Name] = header
		case d.Kind == Member && header == home[d.System+" "+bare(d.record)]:
			header = ""
		}
		_ = w.Write([]string{d.System, string(d.Kind), d.Name, header, strings.Join(d.Archs, " "), string(d.Status), d.By, d.Note})
	}
	w.Flush()
	return b.Bytes()
}

// ReadOpen returns which declarations were open when a file of [Report.CSV] was
// made, each as "system kind name".
func ReadOpen(data []byte) (map[string]bool, error) {
	open := map[string]bool{}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = len(columns)
	for first := true; ; first = false {
		line, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return open, nil
		case err != nil:
			return nil, err
		case first && !slices.Equal(line, columns):
			return nil, fmt.Errorf("the columns are %s, not %s", strings.Join(line, ", "), strings.Join(columns, ", "))
		case line[5] == string(Open):
			open[strings.Join(line[:3], " ")] = true
		}
	}
}
