package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// patience is how long a call may take that has nothing to wait for.
const patience = 10 * time.Second

// yard is the directory of one case, and the handle that works in it.
type yard struct {
	check
	env   *env
	store store
	ctx   context.Context //nolint:containedctx // that of the case
	dir   string
}

// inYard makes the function of a case from one that works in a directory of its own.
func inYard(f func(*yard)) func(check, *env) {
	return func(t check, e *env) { f(newYard(t, e, e.Store)) }
}

func newYard(t check, e *env, s store) *yard {
	y := &yard{check: t, env: e, store: s, ctx: t.Context(), dir: e.Name("dir")}
	e.Undo(t, y.dir, func(ctx context.Context) error {
		err := s.Delete(ctx, y.dir, core.DeleteOptions{})
		if errors.Is(err, core.ErrClosed) { // the case closed its handle; the shared one may reach the data
			return e.Store.Delete(ctx, y.dir, core.DeleteOptions{})
		}
		return err
	})
	return y
}

// at is the path of name in the yard.
func (y *yard) at(name string) string {
	if name == "" {
		return y.dir
	}
	return y.dir + "/" + name
}

// put stores a file and stops the case when that fails.
func (y *yard) put(name, content string) core.Artifact {
	y.Helper()
	a, err := y.store.Put(y.ctx, y.at(name), strings.NewReader(content), core.PutOptions{})
	conformance.NoError(y, fmt.Sprintf("Put(%.80q)", name), err)
	return a
}

// takes stores a file, unless the store does not declare ArtifactVerbatim and refuses the name.
func (y *yard) takes(name, content string) bool {
	y.Helper()
	_, err := y.store.Put(y.ctx, y.at(name), strings.NewReader(content), core.PutOptions{})
	if errors.Is(err, core.ErrInvalid) && !y.env.Info.Has(core.ArtifactVerbatim) {
		return false
	}
	conformance.NoError(y, fmt.Sprintf("Put(%.80q)", name), err)
	return true
}

// remove deletes what is at name.
func (y *yard) remove(name string) {
	y.Helper()
	conformance.NoError(y, fmt.Sprintf("Delete(%.80q)", name), y.store.Delete(y.ctx, y.at(name), core.DeleteOptions{}))
}

// holds observes that the file has the content, and no other.
func (y *yard) holds(name, content string) {
	y.Helper()
	y.env.Observe(y, func(ctx context.Context, s store) error {
		got, err := readAll(ctx, s, y.at(name), core.ReadOptions{})
		if err != nil {
			return fmt.Errorf("reading %.80q: got error %w, want success", name, err)
		}
		return sameBytes(name, got, content)
	})
}

// lacks observes that nothing is at name, whichever way one looks.
func (y *yard) lacks(name string) {
	y.Helper()
	y.env.Observe(y, func(ctx context.Context, s store) error { return absent(ctx, s, y.at(name)) })
}

// lists observes what lies directly in dir, directories with a slash at their end.
func (y *yard) lists(dir string, want ...string) {
	y.Helper()
	y.listing(dir, false, want)
}

// listsAll observes all files below dir.
func (y *yard) listsAll(dir string, want ...string) {
	y.Helper()
	y.listing(dir, true, want)
}

func (y *yard) listing(dir string, recursive bool, want []string) {
	y.Helper()
	y.env.Observe(y, func(ctx context.Context, s store) error {
		entries, err := list(ctx, s, y.at(dir), core.ListOptions{Recursive: recursive})
		if err != nil {
			return fmt.Errorf("List(%.80q): got error %w, want success", dir, err)
		}
		if got := y.names(entries); !conformance.Same(got, want) {
			return fmt.Errorf("List(%.80q, recursive %v): got %.900q, want %.900q", dir, recursive, got, want)
		}
		return nil
	})
}

// names are the paths of entries below the yard, directories with a slash at their end.
func (y *yard) names(entries []core.Artifact) []string {
	var all []string
	for _, a := range entries {
		name, ok := strings.CutPrefix(a.Path, y.dir+"/")
		if !ok {
			name = "(not below " + y.dir + ") " + a.Path
		}
		if a.Dir {
			name += "/"
		}
		all = append(all, name)
	}
	return all
}

// stat describes what is at name, through the second handle.
func (y *yard) stat(name string) core.Artifact {
	y.Helper()
	var got core.Artifact
	y.env.Observe(y, func(ctx context.Context, s store) (err error) {
		got, err = s.Stat(ctx, y.at(name))
		return err
	})
	return got
}

// readAll reads a file or a part of it to its end.
func readAll(ctx context.Context, s store, at string, o core.ReadOptions) (content []byte, err error) {
	r, err := s.Open(ctx, at, o)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errors.New("there is neither a reader nor an error from Open")
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}

// list walks all pages of a listing, but not for ever.
func list(ctx context.Context, s store, dir string, o core.ListOptions) ([]core.Artifact, error) {
	const most = 20_000
	var all []core.Artifact
	fetch := func(ctx context.Context, page core.PageOptions) (core.Page[core.Artifact], error) {
		return s.List(ctx, dir, core.ListOptions{Recursive: o.Recursive, PageOptions: page})
	}
	for a, err := range core.All(ctx, fetch, o.PageOptions) {
		if err != nil {
			return all, err
		}
		if all = append(all, a); len(all) > most {
			return all, fmt.Errorf("the pages of %q have more than %d entries and do not end", dir, most)
		}
	}
	return all, nil
}

// absent is nil when Stat, Open and List agree that nothing is at the path.
func absent(ctx context.Context, s store, at string) error {
	if a, err := s.Stat(ctx, at); !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("Stat(%.80q): got %+v, %w, want %w", at, a, orNone(err), core.ErrNotFound)
	}
	if got, err := readAll(ctx, s, at, core.ReadOptions{}); !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("reading %.80q: got %d bytes and error %w, want %w", at, len(got), orNone(err), core.ErrNotFound)
	}
	for _, recursive := range []bool{false, true} {
		entries, err := list(ctx, s, path.Dir(at), core.ListOptions{Recursive: recursive})
		if err != nil {
			return fmt.Errorf("List(%.80q): got error %w, want success", path.Dir(at), err)
		}
		for _, a := range entries {
			if a.Path == at || strings.HasPrefix(a.Path, at+"/") {
				return fmt.Errorf("List(%.80q, recursive %v) shows %q, which should not be there", path.Dir(at), recursive, a.Path)
			}
		}
	}
	return nil
}

var errNone = errors.New("no error")

func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

// sameBytes compares long contents without printing them.
func sameBytes(what string, got []byte, want string) error {
	if string(got) == want {
		return nil
	}
	if len(want) <= 200 && len(got) <= 200 {
		return fmt.Errorf("%.80q: got %q, want %q", what, got, want)
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	return fmt.Errorf("%.80q: got %d bytes, want %d; the first difference is at %d", what, len(got), len(want), at)
}

// noise is n bytes that do not repeat.
func noise(r *rand.Rand, n int) string {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	_, _ = io.CopyN(&b, rand.NewChaCha8(seed), int64(n)) // neither of them fails
	return b.String()
}

func ptr[V any](v V) *V { return &v }
