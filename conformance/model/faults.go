package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// cell is one value of a store, "" while there is none.
type cell struct {
	write func(ctx context.Context, value string) error
	read  func(ctx context.Context) (string, error)
}

// faultCase is a case on a cell that is reached over a path that breaks. What prepare returns is the cell through a handle.
func faultCase[S core.Store](id, what string, prepare func(conformance.T, *conformance.Env[S]) func(S) cell) conformance.Case[S] {
	return conformance.Case[S]{
		ID: id, Name: "model/with-faults", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.FaultsHook},
		Rule: "When " + what + " meets a fault, it is done entirely or not at all, and the next read tells which for ever (D-17).",
		Run: func(t conformance.T, e *conformance.Env[S]) {
			over, faults := e.Faulty(t)
			defer faults.Heal() // before the clean-up
			through := prepare(t, e)
			forked(t, e, faults, through(over), through(e.Store))
		},
	}
}

// forked writes and reads in random order. A write whose answer is lost leaves two values possible, of which the next read
// shows one.
func forked[S core.Store](t conformance.T, e *conformance.Env[S], faults conformance.Faults, over, clean cell) {
	t.Helper()
	const operations = 200
	possible := map[string]bool{"": true}
	broken := []conformance.Fault{"", conformance.LoseRequest, conformance.LoseReply, conformance.Reset}
	hit := 0
	for i := range operations {
		f := broken[e.Rand.IntN(len(broken))]
		armed := f != "" && faults.Break(f)
		value := fmt.Sprintf("v%d", i)
		var err error
		if e.Rand.IntN(2) == 0 {
			err = over.write(t.Context(), value)
			if err == nil {
				clear(possible)
			}
			possible[value] = true
		} else if value, err = over.read(t.Context()); err == nil {
			settle(t, fmt.Sprintf("operation %d", i), possible, value)
		}
		faults.Heal()
		switch {
		case err == nil:
		case !armed:
			t.Fatalf("operation %d met no fault: got error %v, want success", i, err)
		case !errors.Is(err, core.ErrUnavailable):
			t.Fatalf("operation %d met the fault %s: got error %v, want %v", i, f, err, core.ErrUnavailable)
		default:
			hit++
		}
	}
	t.Logf("%d of %d operations were lost", hit, operations)
	value, err := clean.read(t.Context())
	conformance.NoError(t, "reading over a path without faults", err)
	settle(t, "in the end", possible, value)
}

// settle leaves the one value that was read.
func settle(t conformance.T, when string, possible map[string]bool, value string) {
	t.Helper()
	if !possible[value] {
		t.Fatalf("%s: read %q, possible are %q", when, value, slices.Sorted(maps.Keys(possible)))
	}
	clear(possible)
	possible[value] = true
}

func trackingCell(t conformance.T, e *conformance.Env[core.TrackingStore]) func(core.TrackingStore) cell {
	t.Helper()
	x, err := e.Store.CreateExperiment(t.Context(), core.ExperimentSpec{Name: e.Name("cell")})
	conformance.NoError(t, "CreateExperiment", err)
	e.Undo(t, "deleting experiment "+x.Name, func(ctx context.Context) error {
		return e.Store.UpdateExperiment(ctx, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	})
	run, err := e.Store.CreateRun(t.Context(), x.ID, core.RunSpec{StartTime: 1})
	conformance.NoError(t, "CreateRun", err)
	return func(s core.TrackingStore) cell {
		return cell{
			write: func(ctx context.Context, value string) error {
				tags := []core.Tag{{Key: "one", Value: value}, {Key: "two", Value: value}}
				return s.LogBatch(ctx, run.ID, core.Batch{Tags: tags})
			},
			read: func(ctx context.Context) (string, error) {
				r, err := s.Run(ctx, run.ID)
				if err == nil && e.Info.Has(core.AtomicBatch) && r.Tags["one"] != r.Tags["two"] {
					t.Errorf("of one batch there are %q and %q", r.Tags["one"], r.Tags["two"])
				}
				return r.Tags["one"], err
			},
		}
	}
}

func artifactCell(t conformance.T, e *conformance.Env[core.ArtifactRepository]) func(core.ArtifactRepository) cell {
	t.Helper()
	const times = 20_000
	dir := e.Name("cell")
	at := dir + "/f"
	e.Undo(t, dir, func(ctx context.Context) error { return e.Store.Delete(ctx, dir, core.DeleteOptions{}) })
	return func(s core.ArtifactRepository) cell {
		return cell{
			write: func(ctx context.Context, value string) error {
				_, err := s.Put(ctx, at, strings.NewReader(strings.Repeat(value+" ", times)), core.PutOptions{})
				return err
			},
			read: func(ctx context.Context) (string, error) {
				content, err := whole(ctx, s, at)
				value, _, _ := strings.Cut(content, " ")
				if err == nil && content != "" && content != strings.Repeat(value+" ", times) {
					t.Errorf("the file that begins with %q has %d bytes, or those of another", value, len(content))
				}
				return value, err
			},
		}
	}
}

// whole reads a file; "" is none.
func whole(ctx context.Context, s core.ArtifactRepository, at string) (string, error) {
	r, err := s.Open(ctx, at, core.ReadOptions{})
	if errors.Is(err, core.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(r)
	return string(content), errors.Join(err, r.Close())
}

func registryCell(t conformance.T, e *conformance.Env[core.RegistryStore]) func(core.RegistryStore) cell {
	t.Helper()
	name := e.Name("cell")
	_, err := e.Store.CreateModel(t.Context(), core.ModelSpec{Name: name})
	conformance.NoError(t, "CreateModel", err)
	e.Undo(t, "deleting model "+name, func(ctx context.Context) error { return e.Store.DeleteModel(ctx, name) })
	return func(s core.RegistryStore) cell {
		return cell{
			write: func(ctx context.Context, value string) error {
				tags := core.TagChange{Set: map[string]string{"k": value}}
				_, err := s.UpdateModel(ctx, name, core.ModelChange{Description: &value, Tags: tags})
				return err
			},
			read: func(ctx context.Context) (string, error) {
				m, err := s.Model(ctx, name)
				if err == nil && e.Info.Has(core.AtomicBatch) && m.Tags["k"] != m.Description {
					t.Errorf("of one change there are %q and %q", m.Description, m.Tags["k"])
				}
				return m.Description, err
			},
		}
	}
}
