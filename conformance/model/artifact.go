package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// ArtifactCases compares an artifact repository with the reference.
func ArtifactCases() []conformance.Case[core.ArtifactRepository] {
	return []conformance.Case[core.ArtifactRepository]{
		{
			ID: "AR-102", Name: "model/sequential", Level: conformance.Extended,
			Rule: "Any sequence of writing, deleting, listing, reading and reopening gives what the reference store gives.",
			Run:  artifacts,
		},
		faultCase("AR-103", "a Put", artifactCell),
	}
}

// shelf is a directory that lies in both repositories.
type shelf struct {
	sides[core.ArtifactRepository]
	ctx context.Context //nolint:containedctx // that of one sequence
	dir string
}

func artifacts(t conformance.T, e *conformance.Env[core.ArtifactRepository]) {
	store := e.Store
	if e.CanReopen() {
		store = e.Fresh(t)
	}
	check(t, e.Rand.Uint64(), func(r *rapid.T) {
		s := &shelf{ctx: r.Context(), dir: e.Name("dir")}
		s.real, s.oracle = store, mem.NewArtifacts()
		r.Cleanup(func() {
			err := s.real.Delete(context.WithoutCancel(s.ctx), s.dir, core.DeleteOptions{})
			if err != nil {
				t.Logf("cleaning up: %v", err)
			}
		})
		actions := map[string]func(*rapid.T){
			"": s.compare, "put": s.put, "delete": s.delete, "read": s.read, "stat": s.stat, "list": s.list,
		}
		if e.CanReopen() {
			actions["reopen"] = func(*rapid.T) {
				store = e.Reopen(t, store)
				s.real = store
			}
		}
		r.Repeat(actions)
	})
}

// name is one of few, so that files and directories get into each other's way.
func (s *shelf) name(t *rapid.T) string {
	return pick(t, "name", "a", "b", "a/a", "a/b", "b/a/a", "b/a", "ab", "a.b/c", "")
}

func (s *shelf) at(name string) string { return strings.TrimSuffix(s.dir+"/"+name, "/") }

// relative takes out what the two stores need not share: times, and digests that one does not know.
func (s *shelf) relative(a core.Artifact) core.Artifact {
	a.Path, a.ModTime, a.SHA256 = strings.TrimPrefix(a.Path, s.dir), 0, ""
	return a
}

func (s *shelf) put(t *rapid.T) {
	name, content := s.name(t), strings.Repeat(pick(t, "content", "x", "yz", ""), pick(t, "times", 1, 3, 5000))
	o := core.PutOptions{}
	if rapid.Bool().Draw(t, "with size") {
		o.Size = ptr(int64(len(content)) + pick(t, "wrong by", int64(0), 0, 1, -1))
		if *o.Size < 0 {
			o.Size = ptr(int64(0))
		}
	}
	what := fmt.Sprintf("Put(%q, %d bytes)", name, len(content))
	both(t, s.sides, what, func(r core.ArtifactRepository) (core.Artifact, error) {
		a, err := r.Put(s.ctx, s.at(name), strings.NewReader(content), o)
		if errors.Is(err, core.ErrDataLoss) { // as good an answer for bytes that are not those declared
			err = core.Invalid("size", "%w", err)
		}
		return s.relative(a), err
	})
}

func (s *shelf) delete(t *rapid.T) {
	name := s.name(t)
	both(t, s.sides, fmt.Sprintf("Delete(%q)", name), func(r core.ArtifactRepository) (done, error) {
		return done{}, r.Delete(s.ctx, s.at(name), core.DeleteOptions{})
	})
}

func (s *shelf) read(t *rapid.T) {
	name := s.name(t)
	o := core.ReadOptions{Offset: pick(t, "offset", int64(0), 1, 2, 4999, 15000)}
	if rapid.Bool().Draw(t, "with length") {
		o.Length = ptr(pick(t, "length", int64(0), 1, 5000))
	}
	both(t, s.sides, fmt.Sprintf("reading %q from %d", name, o.Offset), func(r core.ArtifactRepository) (string, error) {
		return s.content(r, name, o)
	})
}

func (s *shelf) content(r core.ArtifactRepository, name string, o core.ReadOptions) (string, error) {
	body, err := r.Open(s.ctx, s.at(name), o)
	if errors.Is(err, core.ErrInvalid) { // as good an answer for a directory
		err = core.State(name, "%w", err)
	}
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return string(text), errors.Join(err, body.Close())
}

func (s *shelf) stat(t *rapid.T) {
	name := s.name(t)
	both(t, s.sides, fmt.Sprintf("Stat(%q)", name), func(r core.ArtifactRepository) (core.Artifact, error) {
		a, err := r.Stat(s.ctx, s.at(name))
		return s.relative(a), err
	})
}

func (s *shelf) list(t *rapid.T) {
	dir, recursive, limit := s.name(t), rapid.Bool().Draw(t, "recursive"), pick(t, "limit", 0, 1, 2, 3)
	what := fmt.Sprintf("List(%q, recursive %v, limit %d)", dir, recursive, limit)
	both(t, s.sides, what, func(r core.ArtifactRepository) ([]core.Artifact, error) {
		return s.entries(r, dir, recursive, limit)
	})
}

func (s *shelf) entries(r core.ArtifactRepository, dir string, recursive bool, limit int) ([]core.Artifact, error) {
	var all []core.Artifact
	fetch := func(ctx context.Context, o core.PageOptions) (core.Page[core.Artifact], error) {
		return r.List(ctx, s.at(dir), core.ListOptions{Recursive: recursive, PageOptions: o})
	}
	for a, err := range core.All(s.ctx, fetch, core.PageOptions{Limit: limit}) {
		if err != nil {
			return nil, err
		}
		all = append(all, s.relative(a))
	}
	return all, nil
}

// compare looks at everything after each operation.
func (s *shelf) compare(t *rapid.T) {
	both(t, s.sides, "the files", func(r core.ArtifactRepository) ([]string, error) {
		entries, err := s.entries(r, "", true, 0)
		var all []string
		for _, a := range entries {
			text, readErr := s.content(r, strings.TrimPrefix(a.Path, "/"), core.ReadOptions{})
			err = errors.Join(err, readErr)
			all = append(all, fmt.Sprintf("%s: %d bytes, %.9q", a.Path, len(text), text))
		}
		return all, err
	})
}
