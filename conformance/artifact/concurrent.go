package artifact

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func concurrencyCases() []entry {
	return []entry{
		{
			ID: "AR-079", Name: "conc/distinct", Rule: "Writers of different files do not disturb each other.", Run: inYard(concDistinct),
		},
		{
			ID: "AR-080", Name: "conc/one-path", Needs: []core.Capability{core.PutAtomic},
			Rule: "Of several writers of one path one wins entirely.", Run: inYard(concOnePath),
		},
		{
			ID: "AR-081", Name: "conc/if-absent-race", Needs: []core.Capability{core.PutIfAbsent},
			Rule: "Of several writers with IfAbsent exactly one succeeds, and its file is the one that is there.",
			Run:  inYard(concIfAbsent),
		},
		{
			ID: "AR-111", Name: "conc/file-against-directory", Needs: []core.Capability{core.PutAtomic},
			Rule: "Of two writers of a path and of one below it exactly one succeeds, and no path is a file and a directory.",
			Run:  inYard(concFileAgainstDirectory),
		},
		{
			ID: "AR-082", Name: "conc/put-delete-read", Level: conformance.Extended, Needs: []core.Capability{core.PutAtomic},
			Rule: "Writing, deleting and reading one file take effect at one moment each.", Run: inYard(concRegister),
		},
		{
			ID: "AR-083", Name: "conc/list-under-load", Level: conformance.Extended, Needs: []core.Capability{core.PutAtomic},
			Rule: "A listing shows no torn, double or invented entry while others write.", Run: inYard(concList),
		},
	}
}

// gate lets writers overlap: the readers that it makes hold their second half back until all have been asked for the
// first one, or for a moment, since a store may let writers of one path take turns.
type gate struct {
	missing atomic.Int64
	open    chan struct{}
}

func newGate(writers int) *gate {
	g := &gate{open: make(chan struct{})}
	g.missing.Store(int64(writers))
	return g
}

func (g *gate) reader(content string) io.Reader {
	half := len(content) / 2
	return io.MultiReader(newText(content[:half]), &gated{gate: g}, newText(content[half:]))
}

// gated has no bytes of its own.
type gated struct{ gate *gate }

func (r *gated) Read([]byte) (int, error) {
	const moment = 200 * time.Millisecond
	if r.gate.missing.Add(-1) == 0 {
		close(r.gate.open)
	}
	timer := time.NewTimer(moment)
	defer timer.Stop()
	select {
	case <-r.gate.open:
	case <-timer.C:
	}
	return 0, io.EOF
}

func concDistinct(y *yard) {
	const writers = 20
	contents := make([]string, writers)
	names := make([]string, writers)
	for i := range writers {
		contents[i] = noise(y.env.Rand, 20_000+i)
		names[i] = fmt.Sprintf("shared/%02d", i)
	}
	errs := make([]error, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			_, errs[i] = y.store.Put(y.ctx, y.at(names[i]), newText(contents[i]), core.PutOptions{})
		})
	}
	all.Wait()
	conformance.NoError(y, "Put", errors.Join(errs...))
	y.listsAll("", names...)
	for i, name := range names {
		y.holds(name, contents[i])
	}
}

func concOnePath(y *yard) {
	const writers = 16
	contents := make([]string, writers)
	put := make([]core.Artifact, writers)
	errs := make([]error, writers)
	together := newGate(writers)
	var all sync.WaitGroup
	for i := range writers {
		contents[i] = strings.Repeat(fmt.Sprintf("%02d", i), 50_000+1000*i)
		all.Go(func() {
			put[i], errs[i] = y.store.Put(y.ctx, y.at("f"), together.reader(contents[i]), core.PutOptions{})
		})
	}
	all.Wait()
	conformance.NoError(y, "Put", errors.Join(errs...))
	got, err := readAll(y.ctx, y.env.Second(), y.at("f"), core.ReadOptions{})
	conformance.NoError(y, "reading", err)
	winner := slices.Index(contents, string(got))
	if winner < 0 {
		y.Fatalf("the file (%d bytes) is what none of the writers wrote", len(got))
	}
	a := y.stat("f")
	conformance.Equal(y, "size of the winner", a.Size, put[winner].Size)
	if a.SHA256 != "" {
		conformance.Equal(y, "SHA-256 of the winner", a.SHA256, put[winner].SHA256)
	}
	y.lists("", "f")
}

func concIfAbsent(y *yard) {
	const writers, rounds = 16, 5
	for round := range rounds {
		at := y.at(fmt.Sprintf("f%d", round))
		errs := make([]error, writers)
		together := newGate(writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				r := together.reader(fmt.Sprintf("writer %d", i))
				_, errs[i] = y.store.Put(y.ctx, at, r, core.PutOptions{IfAbsent: true})
			})
		}
		all.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				y.Errorf("writers %d and %d have both won", winner, i)
			case err == nil:
				winner = i
			default:
				conformance.Refused(y, "Put of a loser", err, core.ErrExists)
			}
		}
		y.holds(fmt.Sprintf("f%d", round), fmt.Sprintf("writer %d", winner))
	}
}

func concFileAgainstDirectory(y *yard) {
	const rounds = 5
	for round := range rounds {
		file := fmt.Sprintf("p%d", round)
		below := file + "/deep/f"
		names := []string{file, below}
		errs := make([]error, len(names))
		together := newGate(len(names))
		var both sync.WaitGroup
		for i, name := range names {
			both.Go(func() {
				_, errs[i] = y.store.Put(y.ctx, y.at(name), together.reader("in "+name), core.PutOptions{})
			})
		}
		both.Wait()
		winner := slices.Index(errs, nil)
		if winner < 0 || errs[1-winner] == nil {
			y.Fatalf("Put of %q: %v; Put of %q: %v; want one success", file, errs[0], below, errs[1])
		}
		conformance.Refused(y, "Put of the loser", errs[1-winner], core.ErrState)
		y.holds(names[winner], "in "+names[winner])
		y.listsAll("", names[winner])
		y.remove(file)
	}
}

// registerOp is one operation on a file: a write, a deletion or a read.
type registerOp struct {
	kind    string
	content string // written or read; empty is no file
}

// register says what may happen to one file when nothing is torn or late.
func register() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, _, output any) (bool, any) {
			op, _ := output.(registerOp)
			if op.kind == "read" {
				return op.content == state, state
			}
			return true, op.content
		},
		DescribeOperation: func(_, output any) string { return fmt.Sprintf("%+v", output) },
	}
}

func concRegister(y *yard) {
	const clients, each = 6, 60
	if y.env.Info.Settle > 0 {
		y.Skip("the store shows changes late, as it announces")
	}
	began := time.Now()
	history := make([][]porcupine.Operation, clients)
	errs := make([]error, clients)
	kinds := make([][]int, clients)
	for c := range clients {
		for range each {
			kinds[c] = append(kinds[c], y.env.Rand.IntN(5))
		}
	}
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			s := y.store
			if c%2 == 1 {
				s = y.env.Second()
			}
			for i, kind := range kinds[c] {
				call := time.Since(began).Nanoseconds()
				op, err := doRegister(y, s, kind, fmt.Sprintf("client %d, write %d", c, i))
				if err != nil {
					errs[c] = err
					return
				}
				history[c] = append(history[c], porcupine.Operation{
					ClientId: c, Output: op, Call: call, Return: time.Since(began).Nanoseconds(),
				})
			}
		})
	}
	all.Wait()
	conformance.NoError(y, "the operations", errors.Join(errs...))
	switch porcupine.CheckOperationsTimeout(register(), slices.Concat(history...), patience) {
	case porcupine.Ok:
	case porcupine.Illegal:
		y.Errorf("no order of the %d operations explains what the readers saw", clients*each)
	case porcupine.Unknown:
		y.Skip("the order of the operations could not be decided in time")
	}
}

func doRegister(y *yard, s store, kind int, content string) (registerOp, error) {
	switch kind {
	case 0, 1:
		_, err := s.Put(y.ctx, y.at("f"), newText(content), core.PutOptions{})
		return registerOp{"write", content}, err
	case 2:
		return registerOp{kind: "delete"}, s.Delete(y.ctx, y.at("f"), core.DeleteOptions{})
	default:
		got, err := readAll(y.ctx, s, y.at("f"), core.ReadOptions{})
		if errors.Is(err, core.ErrNotFound) {
			return registerOp{kind: "read"}, nil
		}
		return registerOp{"read", string(got)}, err
	}
}

func concList(y *yard) {
	const writers, each, listings = 4, 40, 60
	stays := y.lasting(10)
	errs := make([]error, writers+1)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				at := y.at(fmt.Sprintf("w%d/%d", w, i%7))
				_, err := y.store.Put(y.ctx, at, newText("four"), core.PutOptions{})
				if i%3 == 2 {
					err = errors.Join(err, y.store.Delete(y.ctx, at, core.DeleteOptions{}))
				}
				errs[w] = errors.Join(errs[w], err)
			}
		})
	}
	all.Go(func() {
		for range listings {
			entries, err := list(y.ctx, y.env.Second(), y.dir, core.ListOptions{Recursive: true})
			if err == nil {
				err = plausible(y, entries, stays)
			}
			if err != nil {
				errs[writers] = err
				return
			}
		}
	})
	all.Wait()
	conformance.NoError(y, "writing and listing at once", errors.Join(errs...))
}

// plausible is nil for a listing that could have been at some moment.
func plausible(y *yard, entries []core.Artifact, stays []string) error {
	names := y.names(entries)
	if !slices.IsSorted(names) {
		return fmt.Errorf("the listing is not in order: %q", names)
	}
	if got := onlyLasting(names); !slices.Equal(got, stays) {
		return fmt.Errorf("the files that stay: got %q, want %q", got, stays)
	}
	for i, a := range entries {
		switch {
		case i > 0 && a.Path == entries[i-1].Path:
			return fmt.Errorf("%q is listed twice", a.Path)
		case a.Dir:
			return fmt.Errorf("a recursive listing shows the directory %q", a.Path)
		case strings.HasPrefix(names[i], "w") && a.Size != 4:
			return fmt.Errorf("%q is listed with %d bytes, but always has 4", a.Path, a.Size)
		case !strings.HasPrefix(names[i], "w") && !slices.Contains(stays, names[i]):
			return fmt.Errorf("%q is listed, which nobody wrote", a.Path)
		}
	}
	return nil
}
