package verify

import (
	"context"
	"errors"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"strconv"

	"golang.org/x/tools/go/packages"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
)

// Package compares the Go package that stands in dir with the plan it should
// have been made from, as it is on one architecture: the size of every
// record, the offset and size of every field, the value of every constant.
// The numbers are the Go type checker's, with the sizes of the gc compiler.
func Package(ctx context.Context, dir string, plan *namespace.Plan, arch string) (Result, error) {
	unit := plan.Unit(arch)
	pkg, sizes, err := load(ctx, dir, arch)
	if err != nil {
		return Result{}, err
	}
	c := &checker{scope: pkg.Scope(), sizes: sizes, unit: unit}
	index := plan.Index(arch)
	for _, r := range unit.Records {
		if planned, ok := plan.Record(arch, r.Name); ok && r == index.Record(r.Name) {
			c.record(planned)
		}
	}
	for _, k := range unit.Consts {
		if planned, ok := plan.Const(arch, k.Name); ok && k == index.Const(k.Name) {
			c.constant(planned)
		}
	}
	return c.res, nil
}

// load type-checks the package as a Go compiler for arch sees it.
func load(ctx context.Context, dir, arch string) (*types.Package, types.Sizes, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil, fmt.Errorf("there is no package to verify (run abigen generate first): %w", err)
	}
	pkgs, err := packages.Load(&packages.Config{
		Context: ctx,
		Dir:     dir,
		Mode:    packages.NeedName | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedImports,
		Env:     append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0"),
	}, ".")
	if err != nil {
		return nil, nil, fmt.Errorf("loading %s for %s: %w", dir, arch, err)
	}
	var errs []error
	packages.Visit(pkgs, nil, func(p *packages.Package) { // imports first: they say why
		for _, e := range p.Errors {
			errs = append(errs, e)
		}
	})
	if len(errs) > 0 {
		return nil, nil, fmt.Errorf("package in %s does not compile for %s: %w", dir, arch, errors.Join(errs...))
	}
	return pkgs[0].Types, pkgs[0].TypesSizes, nil
}

type checker struct {
	scope *types.Scope
	sizes types.Sizes
	unit  *ctype.Unit
	res   Result
}

func (c *checker) fail(pos ctype.Pos, what, want, got string) {
	c.res.Differences = append(c.res.Differences, Difference{
		Target: c.unit.Target, Judge: "the Go package", What: what, Pos: pos, Want: want, Got: got,
	})
}

func (c *checker) equal(pos ctype.Pos, what string, want, got int64) {
	c.res.Claims++
	if want != got {
		c.fail(pos, what, strconv.FormatInt(want, 10), strconv.FormatInt(got, 10))
	}
}

// typeOf returns the named type of the package, or nil after reporting that
// there is none.
func (c *checker) typeOf(name string, pos ctype.Pos, what string) types.Type {
	obj, ok := c.scope.Lookup(name).(*types.TypeName)
	if !ok {
		c.res.Claims++
		c.fail(pos, what, "type "+name, "none")
		return nil
	}
	return obj.Type()
}

func (c *checker) record(r *namespace.Record) {
	t := c.typeOf(r.Go, r.C.Pos, r.C.Name)
	if t == nil {
		return
	}
	c.equal(r.C.Pos, "size of "+r.C.Name, r.C.Size, c.sizes.Sizeof(t))
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return // bytes: the size is all there is
	}
	fields := make([]*types.Var, s.NumFields())
	for i := range fields {
		fields[i] = s.Field(i)
	}
	offsets := c.sizes.Offsetsof(fields)
	at := map[string]int{}
	for i, f := range fields {
		at[f.Name()] = i
	}
	for _, f := range r.Fields {
		what := r.C.Name + "." + f.Name
		switch f.Form {
		case namespace.Plain:
			i, ok := at[f.Go]
			if !ok {
				c.res.Claims++
				c.fail(f.C.Pos, what, "field "+f.Go, "none")
				continue
			}
			c.equal(f.C.Pos, "offset of "+what, f.Offset, offsets[i])
			c.equal(f.C.Pos, "size of "+what, f.Size, c.sizes.Sizeof(fields[i].Type()))
		case namespace.Flexible:
			c.flexible(r, f)
		default:
			c.accessor(t, f, what)
		}
	}
}

// flexible checks the constant that stands for a member without storage.
func (c *checker) flexible(r *namespace.Record, f *namespace.Field) {
	name := "Offsetof" + r.Go + f.Go
	obj, ok := c.scope.Lookup(name).(*types.Const)
	if !ok {
		return // nothing was promised where the name was taken
	}
	v, _ := constant.Int64Val(constant.ToInt(obj.Val()))
	c.equal(f.C.Pos, "offset of "+r.C.Name+"."+f.Name, f.Offset, v)
}

// accessor checks that the member's accessor is there, and that what it gives
// is as large as the member. Where it looks is tested by running it.
func (c *checker) accessor(t types.Type, f *namespace.Field, what string) {
	obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, nil, f.Go)
	method, ok := obj.(*types.Func)
	if !ok {
		c.res.Claims++
		c.fail(f.C.Pos, what, "accessor "+f.Go, "none")
		return
	}
	if f.Form == namespace.Bits {
		return
	}
	got := method.Signature().Results().At(0).Type()
	if p, ok := got.(*types.Pointer); ok {
		got = p.Elem()
	}
	c.equal(f.C.Pos, "size of "+what, f.Size, c.sizes.Sizeof(got))
}

func (c *checker) constant(k *namespace.Constant) {
	c.res.Claims++
	what := "value of " + k.C.Name
	obj, ok := c.scope.Lookup(k.Go).(*types.Const)
	if !ok {
		c.fail(k.C.Pos, what, "constant "+k.Go, "none")
		return
	}
	var want constant.Value
	switch k.C.Kind {
	case ctype.ConstFloat:
		want = constant.MakeFloat64(k.C.Float)
	case ctype.ConstString:
		want = constant.MakeString(k.C.String)
	default:
		want = constant.MakeUint64(k.C.Int.Bits)
		if n, ok := k.C.Int.Int64(); ok {
			want = constant.MakeInt64(n)
		}
	}
	if got := obj.Val(); !sameValue(want, got) {
		c.fail(k.C.Pos, what, want.ExactString(), got.ExactString())
	}
}

// sameValue compares two constants as a program that uses them would: a
// number written with a point is the number.
func sameValue(a, b constant.Value) bool {
	if a.Kind() == constant.String || b.Kind() == constant.String {
		return a.Kind() == b.Kind() && constant.StringVal(a) == constant.StringVal(b)
	}
	if a.Kind() == constant.Float || b.Kind() == constant.Float {
		x, _ := constant.Float64Val(a)
		y, _ := constant.Float64Val(b)
		return x == y
	}
	return constant.Compare(a, token.EQL, b)
}
