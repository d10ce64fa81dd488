package parse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/sysroot"
)

// A Group is a list of headers that are compiled together, as one C program
// that includes them in this order.
type Group struct {
	Name string // for messages; may be empty

	// Headers are names to include ("sys/socket.h") or, when the sysroot has
	// no header of that name, paths of files on disk. What begins with "/",
	// "./" or "../" is always a path.
	Headers []string

	Define []Define // macros defined before the first header
}

// A Define is a macro defined on the command line. An empty Value defines it
// as nothing, like #define NAME; cc -DNAME is Value "1".
type Define struct {
	Name  string
	Value string
}

// Options are the limits of one call of [Headers]. The zero value has those
// that every real header keeps far away from.
type Options struct {
	// ExpansionLimit bounds the work of macro expansion, in tokens handled;
	// 0 means 4 million. All of NetBSD's system and network headers take less
	// than 200,000.
	ExpansionLimit int

	// IncludeDepth bounds how deep headers include each other; 0 means 100.
	IncludeDepth int

	// MaxIncludes bounds how many times a header is entered; 0 means 20,000.
	MaxIncludes int

	// MaxFileSize bounds one header, in bytes; 0 means 8 MiB.
	MaxFileSize int64

	// MaxBytes bounds all headers together, one read twice counted twice;
	// 0 means 128 MiB.
	MaxBytes int64

	// Hostile says that the headers may have been made to do harm. They are
	// then preprocessed once before they are parsed, because at the end that
	// an exceeded limit brings, cc's parser can loop for ever, and because
	// macros can nest brackets deeper than it can follow. That takes half as
	// long again. Headers given as paths are always treated so; those of a
	// sysroot only when something in them looks dangerous.
	Hostile bool
}

func (o Options) withDefaults() Options {
	def := func(p *int, n int) {
		if *p <= 0 {
			*p = n
		}
	}
	def(&o.ExpansionLimit, 4_000_000)
	def(&o.IncludeDepth, 100)
	def(&o.MaxIncludes, 20_000)
	if o.MaxFileSize <= 0 {
		o.MaxFileSize = 8 << 20
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 128 << 20
	}
	return o
}

// What cc calls the sources that are not headers.
const (
	mainName       = "<main>"         // includes the headers of the group
	predefinedName = "<predefined>"   // macros and types of the compiler itself
	definesName    = "<command line>" // macros of the group
	endName        = "<end>"          // see endText
)

// endText stands behind the last header. A parser that is lost in an unfinished
// declaration finds its way out here, before the real end of the input: cc's
// loops over type qualifiers stop at static, but not at the end.
var endText = strings.Repeat("static int abigen_end;\n", 20)

// missingDir is searched last and has a file of every name, one that reports
// itself missing: cc would otherwise stop reading there and then.
const missingDir = "<missing>"

// compilerText is what a compiler knows before the first line. The functions
// that take types as arguments are written so that cc's grammar accepts them.
const compilerText = `
#define __extension__
#define __builtin_offsetof(type, member) ((__SIZE_TYPE__)&((type *)0)->member)
#define __builtin_va_arg(ap, type) (*(type *)(ap))
#define __builtin_types_compatible_p(a, b) __builtin_types_compatible_p(sizeof(a), sizeof(b))
int __predefined_declarator;
`

// vaLists are the types that stand for __builtin_va_list where it is not a
// plain pointer, by architecture: of the same size and alignment, but without
// the members, which are nobody's business.
var vaLists = map[string]string{
	"amd64":   "typedef long __builtin_va_list[3];",
	"arm64":   "typedef long __builtin_va_list[4];",
	"arm":     "typedef long __builtin_va_list[1];",
	"powerpc": "typedef long __builtin_va_list[3];",
}

func vaList(t ctype.Target) string {
	if s := vaLists[t.Arch]; s != "" && !(t.OS == "darwin" && t.Arch == "arm64") {
		return s
	}
	return "typedef void *__builtin_va_list;"
}

// Headers reads the headers of a group for the target of inc. What they declare
// is returned in order of declaration. A problem with the headers is an
// [ErrorList], and then there is no Unit.
func Headers(ctx context.Context, inc *sysroot.Includes, g Group, opt Options) (*ctype.Unit, error) {
	return headers(ctx, inc, newFileCache(), g, opt)
}

// A Reader reads several groups of one target; headers that they share are
// prepared once. It is safe for concurrent use.
type Reader struct {
	inc   *sysroot.Includes
	cache *fileCache
}

// NewReader returns a Reader of the headers of inc.
func NewReader(inc *sysroot.Includes) *Reader {
	return &Reader{inc: inc, cache: newFileCache()}
}

// Headers is like the function [Headers].
func (r *Reader) Headers(ctx context.Context, g Group, opt Options) (*ctype.Unit, error) {
	return headers(ctx, r.inc, r.cache, g, opt)
}

func headers(ctx context.Context, inc *sysroot.Includes, cache *fileCache, g Group, opt Options) (*ctype.Unit, error) {
	opt = opt.withDefaults()
	model, err := inc.Target.Model()
	if err != nil {
		return nil, err
	}
	p := &parser{ctx: ctx, inc: inc, opt: opt, src: &sources{
		inc: inc, limit: opt.MaxFileSize, cache: cache, disk: make(map[string]string), seen: make(map[string]bool),
	}}
	text := p.mainText(g)
	if err := p.errs.err(); err != nil {
		return nil, err
	}
	ast := p.run(g, text)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := p.errs.err(); err != nil {
		return nil, err
	}
	w := newWalker(p, model, g)
	w.unit(ast)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := p.errs.err(); err != nil {
		return nil, err
	}
	return w.out, nil
}

// parser runs cc over one group.
type parser struct {
	ctx  context.Context
	inc  *sysroot.Includes
	opt  Options
	src  *sources
	errs ErrorList

	checking bool     // only preprocessing: see check
	stack    []string // the files being read, the innermost last
	includes int
	headers  []string // as the group has them, by line of the main source
}

// mainText returns the source that includes the headers of g.
func (p *parser) mainText(g Group) string {
	var b strings.Builder
	for _, h := range g.Headers {
		p.headers = append(p.headers, h)
		switch name, err := p.locate(h); {
		case err != nil:
			p.errs.add(ctype.Pos{File: h}, "%v", err)
		case strings.HasPrefix(name, diskPrefix):
			fmt.Fprintf(&b, "#include \"%s\"\n", name)
		default:
			fmt.Fprintf(&b, "#include <%s>\n", name)
		}
	}
	return b.String()
}

// locate returns what the main source includes for a header of the group.
func (p *parser) locate(h string) (string, error) {
	if strings.ContainsAny(h, "\"<>\n\\") || h == "" {
		return "", fmt.Errorf("%q is not the name of a header", h)
	}
	isPath := filepath.IsAbs(h) || strings.HasPrefix(h, "./") || strings.HasPrefix(h, "../")
	if !isPath {
		if _, err := p.inc.Find(h); err == nil {
			return h, nil
		}
	}
	info, err := os.Stat(h)
	switch {
	case err == nil && info.Mode().IsRegular():
		return p.src.addDisk(h)
	case err == nil:
		return "", errors.New("not a file")
	case isPath:
		return "", errors.New("no such file")
	}
	return "", fmt.Errorf("header not found in sysroot %s for %s", p.inc.Name, p.inc.Target)
}

// abort ends cc from within one of its callbacks; cc has no other way to be
// stopped. run recovers it.
type abort struct{}

// dangerous ends cc so that the group is read once more as a hostile one.
type dangerous struct{}

// run preprocesses and parses the group. Problems are in p.errs.
func (p *parser) run(g Group, text string) (ast *cc.AST) {
	var defines strings.Builder
	for _, d := range g.Define {
		fmt.Fprintf(&defines, "#define %s %s\n", d.Name, d.Value)
	}
	predefined := p.inc.Predefined + compilerText + vaList(p.inc.Target) + "\n"
	sources := func() []cc.Source {
		return []cc.Source{
			{Name: predefinedName, Value: predefined},
			{Name: definesName, Value: defines.String() + "\n"},
			{Name: mainName, Value: text + "\n"},
			{Name: endName, Value: endText},
		}
	}
	// The ABI is for the preprocessor's character constants only; layouts
	// are not cc's business here.
	abi, err := cc.NewABI("linux", "amd64")
	if err != nil {
		p.errs.add(ctype.Pos{}, "%v", err)
		return nil
	}
	dirs := append(slices.Clone(p.inc.Dirs), missingDir)
	cfg := &cc.Config{
		ABI:             abi,
		FS:              p.src,
		FSOnly:          true,
		Header:          true,
		ExpansionLimit:  p.opt.ExpansionLimit,
		IncludePaths:    append([]string{""}, dirs...),
		SysIncludePaths: dirs,
		PragmaHandler:   p.pragma,
		HasBuiltin:      func(string) bool { return false },
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case abort:
			ast = nil
		case dangerous:
			p.opt.Hostile = true
			p.restart()
			ast = p.run(g, text)
		default:
			ast = nil
			p.errs.add(p.current(), "the parser failed here or in a header included from here: %v", e)
		}
	}()
	if p.opt.Hostile || len(p.src.disk) > 0 {
		if !p.check(cfg, sources()) {
			return nil
		}
	}
	ast, err = cc.Parse(cfg, sources())
	if err != nil {
		p.ccErrors(err)
		return nil
	}
	p.checkSources()
	return ast
}

// check preprocesses the group to see that cc's parser can be given it.
func (p *parser) check(cfg *cc.Config, sources []cc.Source) bool {
	p.checking = true
	var depth depthWriter
	err := cc.Preprocess(cfg, sources, &depth)
	p.checkSources()
	switch {
	case err != nil && !errors.Is(err, errTooDeep):
		p.ccErrors(err)
	case err != nil:
		p.errs.add(p.current(), "%v", err)
	}
	p.checking = false
	p.restart()
	return len(p.errs) == 0
}

// restart forgets what was read.
func (p *parser) restart() {
	p.includes, p.stack = 0, nil
	p.src.files, p.src.seen, p.src.onces, p.src.bytes = nil, make(map[string]bool), nil, 0
}

// depthWriter refuses text that nests deeper than cc's parser can follow.
type depthWriter struct{ depth, chain int }

var errTooDeep = fmt.Errorf("macros nest brackets more than %d deep, or put more than %d operators in a row", maxNesting, maxChain)

// Write implements io.Writer.
func (w *depthWriter) Write(b []byte) (int, error) {
	if len(b) == 0 || b[0] == '"' || b[0] == '\'' {
		return len(b), nil // tokens come one by one
	}
	for _, c := range b {
		switch c {
		case '(', '[', '{':
			w.depth++
		case ')', ']', '}':
			w.depth = max(0, w.depth-1)
		case '*', '&', '!', '~', '-', '+', '^':
			w.chain++
		case ' ', '\n':
		default:
			w.chain = 0
		}
		if w.depth > maxNesting || w.chain > maxChain {
			return 0, errTooDeep
		}
	}
	return len(b), nil
}

// current returns where cc is, as far as is known.
func (p *parser) current() ctype.Pos {
	if n := len(p.stack); n > 0 {
		return ctype.Pos{File: p.src.name(p.stack[n-1])}
	}
	return ctype.Pos{}
}

// pragma is called by cc for each #pragma that it does not know.
func (p *parser) pragma(tokens []cc.Token) error {
	if len(tokens) == 0 {
		return nil
	}
	switch tokens[0].SrcStr() {
	case "once":
		p.src.once(tokens[0].Position().Filename)
	case "abigen":
		if len(tokens) != 2 {
			return nil
		}
		file := tokens[0].Position().Filename
		if name, ok := strings.CutPrefix(file, missingDir+"/"); ok {
			p.missing(name)
			return nil
		}
		if tokens[1].SrcStr() == "leave" {
			if n := len(p.stack); n > 0 {
				p.stack = p.stack[:n-1]
			}
			return nil
		}
		return p.enter(file)
	}
	return nil
}

// missing reports a header that an #include does not find.
func (p *parser) missing(name string) {
	if len(p.stack) == 0 {
		p.errs.add(ctype.Pos{File: name}, "header not found")
		return
	}
	pos, arg := p.includer(name)
	if arg == "" {
		arg = "<" + name + ">"
	}
	why := ""
	if strings.HasPrefix(strings.Trim(arg, `<"`), "/") {
		why = "; absolute names are not looked up"
	}
	p.errs.add(pos, "header not found: %s%s", arg, why)
}

// enter checks the limits as cc begins to read a file.
func (p *parser) enter(file string) error {
	if p.src.onces[file] && p.src.seen[file] {
		return cc.SkipSource
	}
	p.src.enter(file)
	p.includes++
	switch {
	case p.ctx.Err() != nil:
		panic(abort{})
	case p.checkSources():
		panic(abort{})
	case p.src.danger && !p.checking && !p.opt.Hostile && len(p.src.disk) == 0:
		panic(dangerous{})
	case p.includes > p.opt.MaxIncludes:
		p.errs.add(p.current(), "more than %d headers are included", p.opt.MaxIncludes)
		panic(abort{})
	case len(p.stack) >= p.opt.IncludeDepth:
		pos, _ := p.includer(file)
		p.errs.add(pos, "headers include each other more than %d deep: %s", p.opt.IncludeDepth, p.cycle(file))
		panic(abort{})
	case p.src.bytes > p.opt.MaxBytes:
		p.errs.add(p.current(), "headers are larger than %d bytes together", p.opt.MaxBytes)
		panic(abort{})
	}
	p.stack = append(p.stack, file)
	return nil
}

// checkSources takes over what was found wrong when files were read.
func (p *parser) checkSources() bool {
	if p.src.problem == nil {
		return false
	}
	p.errs = append(p.errs, p.src.problem)
	p.src.problem = nil
	return true
}

// includer returns where the innermost file includes a header of that name, and
// how it writes it there.
func (p *parser) includer(name string) (pos ctype.Pos, arg string) {
	pos = p.current()
	if len(p.stack) == 0 {
		return pos, ""
	}
	src := p.src.cache.get(p.stack[len(p.stack)-1])
	if src == nil {
		return pos, ""
	}
	base := path.Base(name)
	for i, line := range strings.Split(string(src.text), "\n") {
		rest, ok := strings.CutPrefix(strings.TrimLeft(line, " \t"), "#")
		if !ok || !strings.HasPrefix(strings.TrimLeft(rest, " \t"), "include") {
			continue
		}
		open := strings.IndexAny(line, `<"`)
		if open < 0 {
			continue
		}
		end := strings.IndexAny(line[open+1:], `>"`)
		if end < 0 || path.Base(line[open+1:open+1+end]) != base {
			continue
		}
		pos.Line, pos.Col = i, open+1 // line 0 is not the header's
		return pos, line[open : open+end+2]
	}
	return pos, ""
}

// cycle lists the files from the last time that file was entered.
func (p *parser) cycle(file string) string {
	from := len(p.stack)
	for i, name := range p.stack {
		if name == file {
			from = i
		}
	}
	if from == len(p.stack) {
		from = max(0, from-5)
	}
	var names []string
	for _, name := range append(p.stack[from:len(p.stack):len(p.stack)], file) {
		names = append(names, p.src.name(name))
	}
	return strings.Join(names, " includes ")
}
