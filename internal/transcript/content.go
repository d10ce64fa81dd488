package transcript

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
)

// Content is what a buffer holds: parts that follow one another.
type Content []Part

// A Part of a buffer's content is fixed bytes, or something that has a name.
type Part struct {
	Bytes []byte // when nothing below is set
	FD    string // the number of a descriptor, little-endian
	NewFD string // the number of a descriptor that the call opens
	Var   string // bytes that differ from run to run
	Ptr   string // the address of the buffer with this key
	Size  int    // of FD and Var; 4 by default
}

// UnmarshalJSON implements [json.Unmarshaler]: a string of hex digits, or a
// list of parts.
func (c *Content) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		*c = Content{{}}
		return (*c)[0].UnmarshalJSON(text)
	}
	return json.Unmarshal(text, (*[]Part)(c))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Part) UnmarshalJSON(text []byte) error {
	var digits string
	if json.Unmarshal(text, &digits) == nil {
		var err error
		p.Bytes, err = hex.DecodeString(digits)
		return err
	}
	type plain Part
	object := struct {
		*plain
		Fill  string
		Count int
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(text, &object); err != nil {
		return err
	}
	fill, err := hex.DecodeString(object.Fill)
	if object.Count < 0 || object.Count*len(fill) > 1<<24 {
		return errors.New("filled with too many bytes")
	}
	p.Bytes = bytes.Repeat(fill, object.Count)
	return err
}

// size returns how many bytes the part has.
func (p *Part) size() int {
	switch {
	case p.Ptr != "":
		return 8
	case p.FD == "" && p.NewFD == "" && p.Var == "":
		return len(p.Bytes)
	case p.Size != 0:
		return p.Size
	}
	return 4
}

// A Register is what a return register is compared with.
type Register struct {
	Value uint64 // when nothing below is set
	NewFD string // a new descriptor
	FD    string // the number of this descriptor
	Var   string
	Size  int  // of Var
	Any   bool // anything
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Register) UnmarshalJSON(text []byte) error {
	if text[0] == '{' {
		type plain Register
		return json.Unmarshal(text, (*plain)(r))
	}
	var err error
	r.Value, err = word(text)
	return err
}

// A Result is what a call leaves in a buffer, or in a struct that the replayer
// laid out itself.
type Result struct {
	Content Content
	Header  map[string]int64   // the members of a struct msghdr that changed
	Headers []map[string]int64 // those of each element of an array of struct mmsghdr
	FDSet   []string           // the descriptors in a set
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Result) UnmarshalJSON(text []byte) error {
	if text[0] == '{' {
		set := struct{ FDSet *[]string }{&r.FDSet}
		if err := json.Unmarshal(text, &set); err != nil || r.FDSet != nil {
			return err
		}
		return json.Unmarshal(text, &r.Header)
	}
	if json.Unmarshal(text, &r.Headers) == nil && !r.partKeys() {
		return nil
	}
	r.Headers = nil
	return json.Unmarshal(text, &r.Content)
}

// partKeys tells that what was read as a list of headers is one of parts.
func (r *Result) partKeys() bool {
	for _, h := range r.Headers {
		for _, key := range []string{"fill", "fd", "newfd", "var", "ptr"} {
			if _, ok := h[key]; ok {
				return true
			}
		}
	}
	return len(r.Headers) == 0
}
