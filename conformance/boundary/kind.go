package boundary

import (
	"context"
	"slices"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// What a kind of store must have for a case to mean something, as a hook that the table brings.
const (
	textHook    conformance.Hook = "a kind that keeps text"
	pagesHook   conformance.Hook = "a kind that lists in pages"
	hugeHook    conformance.Hook = "a kind with answers of any length"
	numbersHook conformance.Hook = "a kind with numbers"
	streamHook  conformance.Hook = "a kind with streams"
	statusHook  conformance.Hook = "a kind with a status that may be unknown"
)

// kind is what the cases do with one kind of store. Functions that it does not have are nil.
type kind[S core.Store] struct {
	name string // of the suite
	serv string // as a manifest names the kind
	of   func(core.Backend) (S, bool)

	// knock asks for the thing of the name, whichever kind of thing that is.
	knock func(context.Context, S, string) error
	// add makes a thing of the name. Where the kind keeps text, the thing holds the text, which read returns.
	add    func(ctx context.Context, t conformance.T, s S, name, text string) (id string, err error)
	read   func(ctx context.Context, s S, id string) (string, error)
	remove func(ctx context.Context, s S, id string) error

	// page lists the names of the things whose names begin with the prefix.
	page func(ctx context.Context, s S, prefix string, o core.PageOptions) (names []string, next string, err error)
	// hugeRequest puts more than 4 MiB into the thing of the id by one request, hugeAnswer reads it back by one.
	hugeRequest func(ctx context.Context, s S, id string, size int) error
	hugeAnswer  func(ctx context.Context, s S, id string, size int) error

	// The following look at the thing of the id, and return what is wrong.
	numbers  func(ctx context.Context, s S, id string, info core.Info) error
	presence func(ctx context.Context, s S, id string) error // nil and empty, absent and zero (D-20)
	times    func(ctx context.Context, s S, id string) error

	status func(ctx context.Context, s S, name string) (core.RunStatus, error)
	stream func(S) core.ArtifactRepository
	limits func(core.Limits) []limit[S]
}

// limit is one length that a store announces. try gives the store something of a length, on the thing of the id or on a new
// one of the name, whose id it then returns.
type limit[S core.Store] struct {
	name string
	most int
	try  func(ctx context.Context, s S, id, name string, length int) (string, error)
}

// member is the name of the i-th of several things whose names begin alike.
func (k kind[S]) member(prefix string, i int) string {
	if k.stream != nil { // in a directory
		return prefix + "/" + strconv.Itoa(100+i)
	}
	return prefix + "-" + strconv.Itoa(100+i)
}

// brings lists what the kind has.
func (k kind[S]) brings() []conformance.Hook {
	var all []conformance.Hook
	for _, hook := range []struct {
		name  conformance.Hook
		there bool
	}{
		{textHook, k.read != nil},
		{pagesHook, k.page != nil},
		{hugeHook, k.hugeAnswer != nil},
		{numbersHook, k.numbers != nil},
		{streamHook, k.stream != nil},
		{statusHook, k.status != nil},
	} {
		if hook.there {
			all = append(all, hook.name)
		}
	}
	return all
}

// subject is what a case works on: a kind of store with the hooks that reach behind it.
type subject[S core.Store] struct {
	kind[S]
	hooks Hooks[S]
}

// entry is a case as the tables of this package write it.
type entry[S core.Store] struct {
	id, name string
	level    conformance.Level
	needs    []core.Capability
	hooks    []conformance.Hook
	rule     string
	why      string
	alone    bool
	run      func(*bench[S])
}

// bench is where one case works.
type bench[S core.Store] struct {
	conformance.T
	subject[S]
	env *conformance.Env[S]
}

// suite makes the table for one kind of store.
func (k kind[S]) suite(h Hooks[S]) conformance.Suite[S] {
	s := conformance.Suite[S]{Kind: k.name + "-boundary", Offers: slices.Concat(h.names(), k.brings())}
	for _, c := range slices.Concat(
		describeCases[S](), errorCases[S](), messageCases[S](), contextCases[S](), streamCases[S](),
		processCases[S](), instanceCases[S](), versionCases[S](),
	) {
		s.Cases = append(s.Cases, conformance.Case[S]{
			ID: c.id, Name: c.name, Level: c.level, Needs: c.needs, Hooks: c.hooks, Rule: c.rule, Why: c.why, Alone: c.alone,
			Run: func(t conformance.T, e *conformance.Env[S]) { c.run(&bench[S]{t, subject[S]{k, h}, e}) },
		})
	}
	return s
}
