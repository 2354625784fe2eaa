package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// session is one run: the store that its cases share and what it collects.
type session[S core.Store] struct {
	suite   Suite[S]
	harness Harness[S]
	options Options
	root    *scope // lives as long as the run
	store   S
	second  S
	info    core.Info
	prefix  string
	started time.Time
	around  []spanning[S]
	turn    sync.RWMutex // held for reading by cases that run, for writing by one that runs alone

	mu        sync.Mutex
	results   map[string]Result
	problems  []string
	leftovers []string
}

// spanning is a case about the whole run that has begun.
type spanning[S core.Store] struct {
	of    Case[S]
	began time.Time
	scope *scope
	after func()
}

func newSession[S core.Store](ctx context.Context, suite Suite[S], h Harness[S], o Options) *session[S] {
	var tag [4]byte
	_, _ = rand.Read(tag[:]) // never fails (its documentation)
	s := &session[S]{
		suite: suite, harness: h, options: o.filled(), prefix: "conformance-" + hex.EncodeToString(tag[:]),
		root: newScope(ctx, suite.Kind), results: map[string]Result{}, started: time.Now(),
	}
	s.problems = suite.Check()
	if err := o.check(); err != nil {
		s.problems = append(s.problems, err.Error())
	}
	for _, k := range o.Known {
		if !slices.ContainsFunc(suite.Cases, func(c Case[S]) bool { return c.ID == k.ID }) {
			s.problems = append(s.problems, fmt.Sprintf("known failure %q: there is no such case", k.ID))
		}
	}
	return s
}

// open opens the store and starts the cases that span the run. It reports whether cases can run.
func (s *session[S]) open() bool {
	if len(s.problems) > 0 {
		return false
	}
	ready := false
	s.root.do(func() {
		s.openStore()
		ready = true
	})
	if got := s.root.account(); !ready || got.failed {
		s.problem("the store could not be opened: " + strings.Join(append(got.errs, got.reason), "\n"))
		return false
	}
	for _, c := range s.suite.Cases {
		if c.Around != nil && s.options.selects(c.Entry(s.suite.Kind)) && s.verdictWithout(c) == nil {
			s.begin(c)
		}
	}
	return true
}

func (s *session[S]) openStore() {
	if s.harness.Open == nil {
		s.root.Fatal("the harness has no Open")
	}
	s.store = s.harness.Open(s.root)
	if isNil(s.store) {
		s.root.Fatal("the harness's Open returned nil")
	}
	s.closeAtEnd("the store", s.store)
	info, err := s.store.Describe(s.root.Context())
	if err != nil {
		s.root.Fatalf("Describe: %v", err)
	}
	s.info = info
	s.second = s.store
	if s.harness.Second == nil {
		return
	}
	s.second = s.harness.Second(s.root, s.store)
	if isNil(s.second) {
		s.root.Fatal("the harness's Second returned nil")
	}
	s.closeAtEnd("the second handle", s.second)
}

func (s *session[S]) closeAtEnd(what string, store S) {
	s.root.Cleanup(func() {
		if err := store.Close(); err != nil {
			s.problem("closing " + what + ": " + err.Error())
		}
	})
}

// isNil also knows a nil pointer in an interface.
func isNil(store any) bool {
	if store == nil {
		return true
	}
	v := reflect.ValueOf(store)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

func (s *session[S]) oneHandle() bool { return s.harness.Second == nil }

func (s *session[S]) begin(c Case[S]) {
	run := spanning[S]{of: c, began: time.Now(), scope: s.caseScope(c)}
	run.scope.do(func() { run.after = c.Around(run.scope, newEnv(s, c.ID)) })
	s.around = append(s.around, run)
}

// close ends the spanning cases, closes the store and returns the report.
func (s *session[S]) close() Report {
	for _, run := range s.around {
		if run.after != nil {
			run.scope.do(run.after)
		}
		run.scope.finish()
		s.record(s.judge(run.of, run.scope.account(), time.Since(run.began)))
	}
	s.root.finish()
	if got := s.root.account(); got.failed && len(s.problems) == 0 {
		s.problem(strings.Join(got.errs, "\n"))
	}
	return s.report()
}

func (s *session[S]) report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Report{
		Kind: s.suite.Kind, Store: s.info, Transport: s.harness.transport(), Level: s.options.Level, Seed: s.options.Seed,
		Started: s.started, Duration: time.Since(s.started), OneHandle: s.oneHandle(), Problems: s.problems, Leftovers: s.leftovers,
	}
	ran := 0
	for _, c := range s.suite.Cases {
		result, ok := s.results[c.ID]
		if !ok {
			continue
		}
		r.Results = append(r.Results, result)
		if result.Verdict != Skipped && result.Verdict != NotApplicable {
			ran++
		}
	}
	if ran == 0 {
		r.Problems = append(r.Problems, "no case ran")
	}
	return r
}

func (s *session[S]) record(r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[r.ID] = r
	if s.options.Progress != nil {
		s.options.Progress(r)
	}
}

func (s *session[S]) problem(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, text)
}

func (s *session[S]) leftover(id, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leftovers = append(s.leftovers, id+": "+text)
}
