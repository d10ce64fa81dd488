package ctype

import "encoding/json"

// The JSON form as Go structs: the order of the fields is the order in the
// file. [Schema] says what each is.
type (
	jsonUnit struct {
		Abigen    int           `json:"abigen"`
		Target    string        `json:"target"`
		Sysroot   string        `json:"sysroot"`
		Headers   []string      `json:"headers"`
		Files     []string      `json:"files"`
		Records   []jsonRecord  `json:"records"`
		Enums     []jsonEnum    `json:"enums"`
		Typedefs  []jsonTypedef `json:"typedefs"`
		Constants []jsonConst   `json:"constants"`
		Functions []jsonFunc    `json:"functions"`
		Skipped   []jsonSkipped `json:"skipped"`
	}

	jsonPos struct {
		File string `json:"file"`
		Line int    `json:"line,omitempty"`
		Col  int    `json:"col,omitempty"`
	}

	jsonAttrs struct {
		Packed  bool  `json:"packed,omitempty"`
		Aligned int64 `json:"aligned,omitempty"`
		Pack    int64 `json:"pack,omitempty"`
	}

	jsonType struct {
		Kind     string      `json:"kind"`
		Name     string      `json:"name,omitempty"`
		Size     int64       `json:"size,omitempty"`
		Align    int64       `json:"align,omitempty"`
		Signed   bool        `json:"signed,omitempty"`
		Const    bool        `json:"const,omitempty"`
		Volatile bool        `json:"volatile,omitempty"`
		Atomic   bool        `json:"atomic,omitempty"`
		Len      *int64      `json:"len,omitempty"`
		Elem     *jsonType   `json:"elem,omitempty"`
		Params   []jsonParam `json:"params,omitempty"`
		Variadic bool        `json:"variadic,omitempty"`
	}

	jsonParam struct {
		Name string    `json:"name,omitempty"`
		Type *jsonType `json:"type"`
	}

	jsonRecord struct {
		Name     string `json:"name"`
		Kind     string `json:"kind"`
		Tag      string `json:"tag,omitempty"`
		C        string `json:"c,omitempty"`
		Complete bool   `json:"complete"`
		Size     int64  `json:"size"`
		Align    int64  `json:"align"`
		jsonAttrs
		Pos     *jsonPos     `json:"pos,omitempty"`
		Members []jsonMember `json:"members,omitempty"`
	}

	jsonMember struct {
		Name      string `json:"name"`
		C         string `json:"c,omitempty"`
		Offset    int64  `json:"offset"`
		Size      int64  `json:"size"`
		Align     int64  `json:"align"`
		BitOffset *int64 `json:"bit_offset,omitempty"`
		BitWidth  *int64 `json:"bit_width,omitempty"`
		jsonAttrs
		Promoted bool      `json:"promoted,omitempty"`
		Type     *jsonType `json:"type"`
		Pos      *jsonPos  `json:"pos,omitempty"`
	}

	jsonEnum struct {
		Name      string    `json:"name"`
		Tag       string    `json:"tag,omitempty"`
		Complete  bool      `json:"complete"`
		Packed    bool      `json:"packed,omitempty"`
		Type      *jsonType `json:"type,omitempty"`
		Constants []string  `json:"constants,omitempty"`
		Pos       *jsonPos  `json:"pos,omitempty"`
	}

	jsonTypedef struct {
		Name string `json:"name"`
		C    string `json:"c,omitempty"`
		jsonAttrs
		Type *jsonType `json:"type"`
		Pos  *jsonPos  `json:"pos,omitempty"`
	}

	jsonConst struct {
		Name   string          `json:"name"`
		Kind   string          `json:"kind"`
		Value  json.RawMessage `json:"value,omitempty"`
		Base64 string          `json:"base64,omitempty"`
		C      string          `json:"c,omitempty"`
		Type   *jsonType       `json:"type,omitempty"`
		Enum   string          `json:"enum,omitempty"`
		Ioctl  *jsonIoctl      `json:"ioctl,omitempty"`
		Pos    *jsonPos        `json:"pos,omitempty"`
	}

	jsonIoctl struct {
		Dir    string    `json:"dir"`
		Group  int64     `json:"group"`
		Number int64     `json:"number"`
		C      string    `json:"c,omitempty"`
		Arg    *jsonType `json:"arg,omitempty"`
	}

	jsonFunc struct {
		Name   string    `json:"name"`
		C      string    `json:"c,omitempty"`
		Symbol string    `json:"symbol,omitempty"`
		Type   *jsonType `json:"type"`
		Pos    *jsonPos  `json:"pos,omitempty"`
	}

	jsonSkipped struct {
		Name   string   `json:"name"`
		Reason string   `json:"reason"`
		Pos    *jsonPos `json:"pos,omitempty"`
	}

	jsonScalar struct {
		Size  int64 `json:"size"`
		Align int64 `json:"align"`
	}

	jsonModel struct {
		ByteOrder  string `json:"byte_order"`
		CharSigned bool   `json:"char_signed"`

		Bool       *jsonScalar `json:"bool"`
		Short      *jsonScalar `json:"short"`
		Int        *jsonScalar `json:"int"`
		Long       *jsonScalar `json:"long"`
		LongLong   *jsonScalar `json:"long_long"`
		Int128     *jsonScalar `json:"int128,omitempty"`
		Pointer    *jsonScalar `json:"pointer"`
		Float16    *jsonScalar `json:"float16,omitempty"`
		Float      *jsonScalar `json:"float"`
		Double     *jsonScalar `json:"double"`
		LongDouble *jsonScalar `json:"long_double"`
		Float128   *jsonScalar `json:"float128,omitempty"`

		SizeType    string `json:"size_type"`
		PtrdiffType string `json:"ptrdiff_type"`
		WCharType   string `json:"wchar_type"`
		WIntType    string `json:"wint_type"`
		IntmaxType  string `json:"intmax_type"`

		MaxAlign int64 `json:"max_align"`
	}
)
