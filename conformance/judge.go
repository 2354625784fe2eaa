package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// caseScope makes the T of a case.
func (s *session[S]) caseScope(c Case[S]) *scope { return newScope(s.root.Context(), c.Title()) }

// run runs one case to its verdict.
func (s *session[S]) run(c Case[S]) Result {
	began := time.Now()
	result := s.verdictWithout(c)
	if result == nil {
		r := s.judge(c, s.inTurn(c), time.Since(began))
		result = &r
	}
	result.Duration = time.Since(began)
	s.record(*result)
	return *result
}

// verdictWithout is the verdict of a case that need not run, or nil: left out by the user, or not applicable.
func (s *session[S]) verdictWithout(c Case[S]) *Result {
	r := Result{Entry: c.Entry(s.suite.Kind)}
	if s.options.skips(r.Entry) {
		r.Verdict, r.Reason = Skipped, "left out by the user"
		s.forbid(&r)
		return &r
	}
	if r.Lacks = s.lacking(c); len(r.Lacks) > 0 {
		s.lacks(&r)
		return &r
	}
	missing := slices.DeleteFunc(slices.Clone(c.Needs), s.info.Has)
	if len(missing) == 0 {
		return s.verdictOnClaim(c, r)
	}
	scope := s.caseScope(c)
	scope.do(func() {
		for _, name := range missing {
			s.checkUndeclared(scope, name)
		}
	})
	scope.finish()
	if got := scope.account(); got.failed {
		r = s.judge(c, got, 0)
		return &r
	}
	r.Verdict, r.Reason = NotApplicable, fmt.Sprintf("the store does not declare %v", missing)
	return &r
}

// verdictOnClaim refuses a store that declares an ability which it does not have.
func (s *session[S]) verdictOnClaim(c Case[S], r Result) *Result {
	has := core.CapabilitiesOf(s.store)
	for _, name := range c.Needs {
		if slices.Contains(core.AbilityNames(), name) && !slices.Contains(has, name) {
			r.Verdict, r.Message = Fail, fmt.Sprintf("the store declares the ability %q, but core.As does not find it", name)
			r.Repro = s.options.Repro(c.ID, s.options.Seed)
			return &r
		}
	}
	return nil
}

// checkUndeclared holds a store to what it does not declare: the ability is not found, or refuses every call.
func (s *session[S]) checkUndeclared(t T, name core.Capability) {
	if !slices.Contains(core.AbilityNames(), name) || !slices.Contains(core.CapabilitiesOf(s.store), name) {
		return
	}
	refuse, ok := s.suite.Refuses[name]
	if !ok {
		t.Errorf("the store does not declare %q, and yet core.As finds it", name)
		return
	}
	if err := refuse(t, s.store); !errors.Is(err, core.ErrUnsupported) {
		t.Errorf("the store does not declare %q, and yet it answers: got error %v, want %v", name, err, core.ErrUnsupported)
	}
}

// inTurn performs a case beside others, or alone.
func (s *session[S]) inTurn(c Case[S]) account {
	if c.Alone {
		s.turn.Lock()
		defer s.turn.Unlock()
	} else {
		s.turn.RLock()
		defer s.turn.RUnlock()
	}
	return s.perform(c)
}

// perform runs the function of a case, but no longer than its time allows.
func (s *session[S]) perform(c Case[S]) account {
	scope := s.caseScope(c)
	done := make(chan struct{})
	go func() {
		defer close(done)
		scope.do(func() { c.Run(scope, newEnv(s, c.ID)) })
		scope.finish()
	}()
	timer := time.NewTimer(s.options.Timeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		scope.Errorf("the case did not end within %v", s.options.Timeout)
		scope.cancel()
		grace := time.NewTimer(min(s.options.Timeout, time.Second))
		defer grace.Stop()
		select { // a call that heeds its context ends now; one that does not is left behind
		case <-done:
		case <-grace.C:
		}
	}
	return scope.account()
}

// judge turns what a case reported into a verdict.
func (s *session[S]) judge(c Case[S], got account, took time.Duration) Result {
	r := Result{Entry: c.Entry(s.suite.Kind), Verdict: Pass, Duration: took, Log: got.lines}
	switch {
	case got.panicked:
		r.Verdict = Broken
	case got.failed:
		r.Verdict = Fail
	case got.skipped:
		r.Verdict, r.Reason = Skipped, got.reason
		s.forbid(&r)
		return r
	}
	r.Message = strings.Join(got.errs, "\n")
	if k, known := s.options.known(c.ID); known {
		excuse(&r, k)
	}
	if r.Verdict == Fail || r.Verdict == Broken {
		r.Repro = s.options.Repro(c.ID, s.options.Seed)
	}
	return r
}

// excuse applies an entry of the list of known failures.
func excuse(r *Result, k KnownFailure) {
	switch {
	case r.Verdict == Pass:
		r.Verdict, r.Message = Fail, "listed as a known failure ("+k.Reason+"), but it passes: take it off the list"
	case r.Verdict != Fail:
	case time.Now().After(k.Expires):
		r.Message += fmt.Sprintf("\n(known failure: %s; the excuse ended on %s)", k.Reason, k.Expires.Format(time.DateOnly))
	default:
		r.Verdict, r.Reason = Skipped, "known failure: "+k.Reason
	}
}

// forbid turns a skip into an error where skips are forbidden. A known failure is not forbidden: it has an end.
func (s *session[S]) forbid(r *Result) {
	if s.options.ForbidSkip {
		r.Verdict, r.Message = Broken, "skipped, which is forbidden: "+r.Reason
		r.Reason = ""
	}
}
