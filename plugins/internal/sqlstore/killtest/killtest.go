// Package killtest is what the tests of the SQL stores share that kill programs: a program that logs batches and says which
// were acknowledged, and the check of what is there afterwards.
package killtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Writers is how many callers log at once.
const Writers = 4

// Log logs batches to the run until one fails, by Writers callers. Steps begin at from; each step is one batch of two
// metrics, a param and a tag. It calls acknowledged, one call at a time, after each batch that succeeded.
func Log(ctx context.Context, s core.TrackingStore, run core.RunID, from int64, acknowledged func(step int64)) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	errs := make([]error, Writers)
	for writer := range errs {
		wg.Go(func() {
			for step := from + int64(writer); errs[writer] == nil; step += Writers {
				if errs[writer] = s.LogBatch(ctx, run, batch(step)); errs[writer] == nil {
					mu.Lock()
					acknowledged(step)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func batch(step int64) core.Batch {
	b := core.Batch{Metrics: []core.Metric{
		{Key: "first", Step: step, Value: float64(step)}, {Key: "second", Step: step, Value: float64(step)},
	}}
	if step%3 == 0 { // the others are metrics alone, which take another way
		b.Params = []core.Param{{Key: fmt.Sprintf("step/%d", step), Value: "logged"}}
		b.Tags = []core.Tag{{Key: fmt.Sprintf("step/%d", step), Value: "logged"}}
	}
	return b
}

// mostReadings is how often Check reads a run until it stands still. What a killed program has sent may still be committed by
// a server, a batch of each of its Writers.
const mostReadings = 100

// Check reports what is wrong with the run: a step of those acknowledged that is missing, or half of a batch. It judges
// what two readings agree on, since the server of a program that was killed a moment ago may still commit what it was sent.
func Check(ctx context.Context, s core.TrackingStore, run core.RunID, acknowledged []int64) error {
	before, err := readLogged(ctx, s, run)
	for range mostReadings {
		if err != nil {
			return err
		}
		var now logged
		if now, err = readLogged(ctx, s, run); err == nil && now.sameSteps(before) {
			// Whatever is read between two equal readings of the histories belongs to them.
			return now.check(acknowledged)
		}
		before = now
	}
	return errors.Join(err, fmt.Errorf("the run still grows after %d readings: the program that logs is not dead", mostReadings))
}

// logged is what a run holds, the run itself being read before the histories.
type logged struct {
	run           core.Run
	first, second map[int64]bool // steps of the two metrics
}

func readLogged(ctx context.Context, s core.TrackingStore, run core.RunID) (l logged, err error) {
	if l.run, err = s.Run(ctx, run); err != nil {
		return l, err
	}
	if l.first, err = steps(ctx, s, run, "first"); err != nil {
		return l, err
	}
	l.second, err = steps(ctx, s, run, "second")
	return l, err
}

func (l logged) sameSteps(other logged) bool {
	return maps.Equal(l.first, other.first) && maps.Equal(l.second, other.second)
}

func (l logged) check(acknowledged []int64) error {
	for _, step := range acknowledged {
		if !l.first[step] {
			return fmt.Errorf("step %d was acknowledged and is lost", step)
		}
	}
	for step := range l.first {
		name := fmt.Sprintf("step/%d", step)
		mixed := step%3 == 0
		if !l.second[step] || (l.run.Params[name] != "") != mixed || (l.run.Tags[name] != "") != mixed {
			return fmt.Errorf("step %d is there by half: second metric %t, param %q, tag %q",
				step, l.second[step], l.run.Params[name], l.run.Tags[name])
		}
	}
	if len(l.first) != len(l.second) {
		return fmt.Errorf("%d first metrics and %d second ones", len(l.first), len(l.second))
	}
	if len(l.first) == 0 {
		return nil
	}
	if last := slices.Max(slices.Collect(maps.Keys(l.first))); l.run.Metrics["first"].Step != last {
		return fmt.Errorf("the latest step is %d, the history ends at %d", l.run.Metrics["first"].Step, last)
	}
	return nil
}

func steps(ctx context.Context, s core.TrackingStore, run core.RunID, key string) (map[int64]bool, error) {
	all := map[int64]bool{}
	fetch := func(ctx context.Context, o core.PageOptions) (core.Page[core.Metric], error) {
		return s.MetricHistory(ctx, run, key, core.HistoryOptions{PageOptions: o})
	}
	for m, err := range core.All(ctx, fetch, core.PageOptions{}) {
		if err != nil {
			return nil, err
		}
		all[m.Step] = true
	}
	return all, nil
}

// Program is a test program that runs itself again as a child, which Serve makes the one that logs.
type Program struct {
	Variable string // of the environment; set in a child alone
}

// Serve logs to the store in a child, and says so on standard output, until it fails or is killed. It reports whether this
// process is a child.
func (p Program) Serve(open func(uri string) (core.TrackingStore, error)) (child bool, err error) {
	var run, uri string
	var from int64
	text := os.Getenv(p.Variable)
	if text == "" {
		return false, nil
	}
	if _, err := fmt.Sscan(text, &run, &from, &uri); err != nil {
		return true, err
	}
	s, err := open(uri)
	if err != nil {
		return true, err
	}
	return true, Log(context.Background(), s, core.RunID(run), from, func(step int64) { fmt.Println(step) })
}

// Kill runs a child, kills it after some acknowledged batches, and returns all that it acknowledged.
func (p Program) Kill(ctx context.Context, uri string, run core.RunID, from int64, after int) ([]int64, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var complaints strings.Builder
	child := exec.CommandContext(ctx, self, "-test.run=^$")
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", p.Variable, run, from, uri))
	child.Stderr = &complaints
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, err
	}
	acknowledged, err := read(out, func(count int) error {
		if count == after {
			return child.Process.Kill()
		}
		return nil
	})
	_ = child.Wait() // it was killed
	if err == nil && len(acknowledged) < after {
		err = fmt.Errorf("the child ended by itself: %s", complaints.String())
	}
	return acknowledged, err
}

// read reads steps, whose last line may be torn, and calls each after every one.
func read(out io.Reader, each func(count int) error) ([]int64, error) {
	var all []int64
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return all, nil //nolint:nilerr // the child is dead
		}
		var step int64
		if _, err := fmt.Sscan(line, &step); err != nil {
			return all, err
		}
		all = append(all, step)
		if err := each(len(all)); err != nil {
			return all, err
		}
	}
}
