package boundary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
)

func errorCases[S core.Store]() []entry[S] {
	return []entry[S]{
		{
			id: "PL-005", name: "error/code-and-identity", hooks: []conformance.Hook{riggedHook}, run: errorsCross[S],
			rule: "An error arrives as it left: code, reason, operation, key, fields, outcome, time to wait, text, and what it Is.",
			why:  "a transport that knows codes alone turns a caller's mistake into a failure of the server",
		},
		{
			id: "PL-006", name: "error/canceled-and-deadline", run: contextErrors[S],
			rule: "A context that has ended is context.Canceled or context.DeadlineExceeded, on its way there and on its way back.",
		},
		{
			id: "PL-007", name: "error/panic-in-plugin", hooks: []conformance.Hook{riggedHook, conformance.FarSide}, run: panics[S],
			rule: "A panic on the far side is an ErrInternal that says so; the store and all others go on.",
		},
		{
			id: "PL-008", name: "error/no-secrets", hooks: []conformance.Hook{openerHook}, run: noSecrets[S],
			rule: "Neither errors nor logs show what came in as a secret or as the password of a URI.",
		},
	}
}

func errorsCross[S core.Store](b *bench[S]) {
	s := b.rigged()
	for code := core.Canceled; code <= core.Unauthenticated; code++ {
		what := "an error of the code " + code.String()
		sent := fault.Sample(code)
		got := b.knock(b.Context(), s, fault.Word(fault.Fails, strconv.Itoa(int(code))))
		want, _ := errors.AsType[*core.Error](sent)
		e, ok := errors.AsType[*core.Error](got)
		if !ok {
			b.Errorf("%s: got %T (%v), want a *core.Error", what, got, got)
			continue
		}
		conformance.Equal(b, what+": code", e.Code, want.Code)
		conformance.Equal(b, what+": reason", e.Reason, want.Reason)
		conformance.Equal(b, what+": operation", e.Op, want.Op)
		conformance.Equal(b, what+": key", e.Key, want.Key)
		conformance.Equal(b, what+": fields", e.Fields, want.Fields)
		conformance.Equal(b, what+": outcome", e.Outcome, want.Outcome)
		conformance.Equal(b, what+": retry after", e.RetryAfter, want.RetryAfter)
		conformance.Equal(b, what+": text", got.Error(), sent.Error())
		for _, sentinel := range sentinels() {
			if errors.Is(got, sentinel) != errors.Is(sent, sentinel) {
				b.Errorf("%s: errors.Is(%v) is %v", what, sentinel, errors.Is(got, sentinel))
			}
		}
	}
	b.works(s)
}

func sentinels() []error {
	return []error{
		core.ErrInvalid, core.ErrNotFound, core.ErrExists, core.ErrPermission, core.ErrUnauthenticated, core.ErrState, core.ErrAborted,
		core.ErrRange, core.ErrUnsupported, core.ErrExhausted, core.ErrUnavailable, core.ErrDataLoss, core.ErrInternal, core.ErrClosed,
		context.Canceled, context.DeadlineExceeded,
	}
}

func contextErrors[S core.Store](b *bench[S]) {
	canceled, cancel := context.WithCancel(b.Context())
	cancel()
	expired, cancel := context.WithDeadline(b.Context(), time.Now().Add(-time.Second))
	defer cancel()
	id := b.add("some text")
	for want, ctx := range map[error]context.Context{context.Canceled: canceled, context.DeadlineExceeded: expired} {
		for what, call := range map[string]func() error{
			"Describe": func() error { return ignore(b.env.Store.Describe(ctx)) },
			"a read":   func() error { return b.knock(ctx, b.env.Store, id) },
			"a write":  func() error { return ignore(b.kind.add(ctx, b, b.env.Store, b.env.Name("late"), "text")) },
		} {
			err := conformance.Ends(b, patience, what, call)
			conformance.Refused(b, what+" under a context that has ended", err, want)
			conformance.Equal(b, what+": code", core.CodeOf(err), core.CodeOf(want))
		}
	}
}

func panics[S core.Store](b *bench[S]) {
	s, other := b.rigged(), b.rigged()
	for range 3 {
		err := conformance.Ends(b, patience, "a call that panics", func() error {
			return b.knock(b.Context(), s, fault.Word(fault.Panics, "now"))
		})
		conformance.Refused(b, "a call that panics", err, core.ErrInternal)
		if err != nil && !strings.Contains(err.Error(), "panic") {
			b.Errorf("the error does not say that there was a panic: %v", err)
		}
		if err != nil && strings.Contains(err.Error(), "goroutine ") {
			b.Errorf("the error shows the stack of the far side: %v", err)
		}
	}
	b.survives(s)
	b.survives(other)
}

func noSecrets[S core.Store](b *bench[S]) {
	secret := "hunter2" + token()
	base := b.hooks.Fresh(b)
	var told []string
	try := func(what string, change func(*core.OpenRequest)) {
		b.Helper()
		request := base
		request.Options, request.Secrets = maps.Clone(base.Options), maps.Clone(base.Secrets)
		change(&request)
		s, err := b.open(request)
		if err == nil { // it took the secret; then a failure of the store must hide it
			err = b.knock(b.Context(), s, "conformance-is-not-there")
			conformance.NoError(b, "closing the store", s.Close())
		}
		told = append(told, fmt.Sprintf("%s: %v, %+v, %#v", what, err, err, err))
	}
	try("an unknown secret", func(r *core.OpenRequest) {
		r.Secrets = with(r.Secrets, "conformance_unknown", core.NewSecret(secret))
	})
	try("a bad option beside a secret", func(r *core.OpenRequest) {
		r.Secrets = with(r.Secrets, "token", core.NewSecret(secret))
		r.Options = with(r.Options, "conformance_unknown", "1")
	})
	for _, form := range []string{
		"%s://user:%s@conformance.invalid/p", "%s://user:%s@conformance.invalid/%%zz?conformance_unknown=1",
	} {
		text := fmt.Sprintf(form, base.URI.Scheme(), secret)
		try("a password in the URI", func(r *core.OpenRequest) {
			uri, err := core.ParseURI(text)
			if err != nil {
				told = append(told, err.Error())
				return
			}
			r.URI = uri
		})
	}
	if b.hooks.Log != nil {
		told = append(told, b.hooks.Log())
	}
	for _, text := range told {
		if strings.Contains(text, secret) {
			b.Errorf("the secret shows: %.2000s", strings.ReplaceAll(text, secret, "<the secret>"))
		}
	}
}

func with[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}

// odd are texts that something on the way may change.
func odd() []string {
	return []string{
		"", " ", "\t\n\r", "line\nline\r\nline", "\u2028\u2029\u0085", "𝄞😀", "e\u0301é", "\ufeffBOM",
		"عربي עברית", "\u202eright to left", `"quotes" 'and' \backslashes\`, "%2F%00%zz ${HOME} $(x) `x`", "<xml/>&amp;",
		"{\"json\": [1]}", "'; DROP TABLE runs; --", "\x7f\x1b[31m",
	}
}
