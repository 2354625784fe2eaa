package schema

import (
	"context"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// derivation is the part of a step that statements cannot do: values that are worked out in the program.
type derivation struct {
	revision string
	before   string // how the statement begins that comes after it; empty where none does
	what     string // it does, for people
	do       func(context.Context, sqldb.Tx, sqldb.Dialect) error
}

func derivations() []derivation { return []derivation{analytics(), issueFacets()} }

// derivation is that of the step, and where among its statements it belongs: at -1 there is none.
func (s step) derivation() (derivation, int) {
	for _, d := range derivations() {
		switch {
		case d.revision != s.revision:
		case d.before == "":
			return d, len(s.statements)
		default:
			return d, slices.IndexFunc(s.statements, func(sql string) bool { return strings.HasPrefix(sql, d.before) })
		}
	}
	return derivation{}, -1
}

// run runs the statements, and between them what statements cannot do.
func (s step) run(ctx context.Context, tx sqldb.Tx, dialect sqldb.Dialect) error {
	d, at := s.derivation()
	switch {
	case at < 0 && d.do != nil:
		return core.Errorf(core.Internal, "the step to revision %s lacks its place for what is derived", s.revision)
	case at < 0:
		return run(ctx, tx, s.statements)
	}
	if err := run(ctx, tx, s.statements[:at]); err != nil {
		return err
	}
	if err := d.do(ctx, tx, dialect); err != nil {
		return err
	}
	return run(ctx, tx, s.statements[at:])
}

// shown are the statements for people, with a comment in place of what they cannot do.
func (s step) shown() []string {
	d, at := s.derivation()
	if at < 0 {
		return s.statements
	}
	return slices.Insert(slices.Clone(s.statements), at,
		"-- not in SQL, and missing where these statements are run by hand: "+d.what)
}
