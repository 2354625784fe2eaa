package boundary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
)

func processCases[S core.Store]() []entry[S] {
	process := conformance.OwnProcess
	return []entry[S]{
		{
			id: "PL-019", name: "process/kill-during-call", level: conformance.Extended, run: killDuringCall[S],
			alone: true, hooks: []conformance.Hook{process, riggedHook, killHook},
			rule: "A call whose process dies is ErrUnavailable and tells how the process ended; the next call starts another.",
		},
		{
			id: "PL-020", name: "process/kill-between-pages", level: conformance.Extended, run: killBetweenPages[S],
			alone: true, hooks: []conformance.Hook{process, killHook, durableHook, pagesHook},
			rule: "A page token goes on where it was when another process answers.",
		},
		{
			id: "PL-021", name: "process/kill-during-upload", level: conformance.Extended, run: killDuringUpload[S],
			alone: true, hooks: []conformance.Hook{process, killHook, durableHook, streamHook},
			rule: "An upload whose process dies is an error, and nothing of it is visible then or later.",
		},
		{
			id: "PL-022", name: "process/stopped", level: conformance.Extended, run: frozen[S],
			alone: true, hooks: []conformance.Hook{process, freezeHook},
			rule: "Calls of a process that has stopped end by their deadline, and the store works again when it goes on or is replaced.",
		},
		{
			id: "PL-023", name: "process/host-dies", level: conformance.Extended, run: hostDies[S],
			hooks: []conformance.Hook{process, hostDiesHook},
			rule:  "A plugin whose host dies, in whatever way, ends by itself within a second.",
		},
		{
			id: "PL-024", name: "process/no-orphans", run: noOrphans[S], hooks: []conformance.Hook{process, aloneHook},
			rule: "When the last store is closed, no process, socket or file of the plugin is left.",
		},
		{
			id: "PL-025", name: "process/crash-loop", level: conformance.Extended, run: crashLoop[S],
			hooks: []conformance.Hook{process, crashLoopHook},
			rule:  "A plugin that ends whenever it starts is not started for ever: calls become a clear error that names it.",
		},
		{
			id: "PL-026", name: "process/stdout-noise", run: stdoutNoise[S], hooks: []conformance.Hook{process, riggedHook},
			rule: "What a plugin prints to its standard output, before it serves and while it does, disturbs nothing.",
		},
		{
			id: "PL-027", name: "process/stderr-flood", level: conformance.Extended, run: stderrFlood[S],
			alone: true, hooks: []conformance.Hook{process, riggedHook},
			rule: "100 MiB on standard error block no call.",
		},
	}
}

func killDuringCall[S core.Store](b *bench[S]) {
	s, word := b.rigged(), token()
	result := make(chan error, 1)
	go func() { result <- b.knock(b.Context(), s, fault.Word(fault.Waits, word)) }()
	b.waits(s, word)
	b.hooks.Kill(b, s)
	// A read is retried once by another process, where the same word waits again: that one is killed too.
	err := b.endsByKills(s, word, result)
	conformance.Refused(b, "a call whose process was killed", err, core.ErrUnavailable)
	if err != nil && !strings.Contains(err.Error(), "kill") {
		b.Errorf("the error does not tell how the process ended: %v", err)
	}
	b.survives(s)
}

// endsByKills waits for the end of a call, and kills the process under it as often as the call arrives again.
func (b *bench[S]) endsByKills(s S, word string, result chan error) error {
	b.Helper()
	var err error
	ended := b.eventually(patience, func() bool {
		select {
		case err = <-result:
			return true
		default:
		}
		if b.waited(s, word) == "running" {
			b.hooks.Kill(b, s)
		}
		return false
	})
	if !ended {
		return errors.New("the call has not ended")
	}
	return err
}

func killBetweenPages[S core.Store](b *bench[S]) {
	const n, limit = 7, 2
	prefix := b.env.Name("page")
	var want []string
	for i := range n {
		want = append(want, b.member(prefix, i))
		b.addTo(b.env.Store, want[i], "some text")
	}
	var got []string
	for o := (core.PageOptions{Limit: limit}); ; {
		var names []string
		var err error
		if !b.eventually(patience, func() bool { // a call may meet the process on its way back
			names, o.Token, err = b.again(prefix, o)
			return !errors.Is(err, core.ErrUnavailable)
		}) || err != nil {
			b.Fatalf("the page after a kill: %v", err)
		}
		got = append(got, names...)
		if o.Token == "" || len(got) > n {
			break
		}
		b.hooks.Kill(b, b.env.Store)
	}
	conformance.Equal(b, "the names in all pages", got, want)
}

// again asks for a page; the token stays when there is none.
func (b *bench[S]) again(prefix string, o core.PageOptions) ([]string, string, error) {
	names, next, err := b.page(b.Context(), b.env.Store, prefix, o)
	if err != nil {
		next = o.Token
	}
	return names, next, err
}

func killDuringUpload[S core.Store](b *bench[S]) {
	repository := b.stream(b.env.Store)
	at := b.env.Name("upload")
	b.undo(b.env.Store, at)
	pipe, w := io.Pipe()
	result := make(chan error, 1)
	go func() {
		_, err := repository.Put(b.Context(), at, pipe, core.PutOptions{})
		_ = pipe.CloseWithError(errors.New("it was Put that returned")) // never fails
		result <- err
	}()
	_, err := io.WriteString(w, longText(2<<20))
	conformance.NoError(b, "the first half of the file", err)
	b.hooks.Kill(b, b.env.Store)
	_, _ = io.WriteString(w, longText(1<<20)) // Put tells
	_ = w.Close()                             // never fails
	err = conformance.Ends(b, patience, "the upload whose process was killed", func() error { return <-result })
	conformance.Refused(b, "the upload whose process was killed", err, core.ErrUnavailable)
	for range 2 {
		b.survives(b.env.Store)
		_, err := repository.Stat(b.Context(), at)
		conformance.Refused(b, "Stat of what was half uploaded", err, core.ErrNotFound)
		b.hooks.Kill(b, b.env.Store)
	}
	b.survives(b.env.Store)
}

func frozen[S core.Store](b *bench[S]) {
	const given = time.Second
	s := b.env.Fresh(b)
	id := b.addTo(s, b.env.Name("before"), "some text")
	thaw := b.hooks.Freeze(b, s)
	defer thaw()
	for i, call := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"a write", func(ctx context.Context) error { return ignore(b.kind.add(ctx, b, s, b.env.Name("frozen"), "text")) }},
		{"a read", func(ctx context.Context) error { return b.knock(ctx, s, id) }},
		{"Describe", func(ctx context.Context) error { return ignore(s.Describe(ctx)) }},
	} {
		ctx, cancel := context.WithTimeout(b.Context(), given)
		err := conformance.Ends(b, given+soon, call.what+" of a stopped process", func() error { return call.do(ctx) })
		cancel()
		switch {
		case err != nil:
			conformance.RefusedAs(b, call.what+" of a stopped process", err, context.DeadlineExceeded, core.ErrUnavailable)
		case i == 0: // later the host may have found out and put another process in its place
			b.Errorf("%s of a stopped process succeeded", call.what)
		}
	}
	thaw()
	b.survives(s)
}

func hostDies[S core.Store](b *bench[S]) {
	if outlived := b.hooks.HostDies(b); outlived > soon {
		b.Errorf("the plugin outlived its host by %v, want at most %v", outlived, soon)
	}
}

func noOrphans[S core.Store](b *bench[S]) {
	s, left := b.hooks.Alone(b)
	id, err := b.kind.add(b.Context(), b, s, b.env.Name("alone"), "some text")
	conformance.NoError(b, "making something", err)
	conformance.NoError(b, "removing it", b.remove(b.Context(), s, id))
	if len(left()) == 0 {
		b.Error("while the store is open, the harness sees no process and no socket: it would see none afterwards either")
	}
	conformance.NoError(b, "Close", s.Close())
	var rest []string
	if !b.eventually(5*soon, func() bool { rest = left(); return len(rest) == 0 }) {
		b.Errorf("%v after Close there are still %q", 5*soon, rest)
	}
}

func crashLoop[S core.Store](b *bench[S]) {
	const calls, most = 60, 12
	loop := b.hooks.CrashLoop(b)
	var last error
	for i := range calls {
		last = conformance.Ends(b, patience, fmt.Sprintf("call %d of a plugin that cannot start", i), func() error {
			return loop.Call(b.Context())
		})
		if last == nil {
			b.Fatal("a call of a plugin that cannot start has succeeded")
		}
	}
	conformance.Refused(b, "a call of a plugin that cannot start", last, core.ErrUnavailable)
	if !strings.Contains(last.Error(), loop.Name) {
		b.Errorf("the error does not name the plugin %q: %v", loop.Name, last)
	}
	if n := loop.Starts(); n == 0 || n > most {
		b.Errorf("%d calls started the plugin %d times, want between 1 and %d", calls, n, most)
	}
}

func stdoutNoise[S core.Store](b *bench[S]) {
	s := b.rigged() // has printed a line before it served
	for _, kib := range []int{1, 1024} {
		err := conformance.Ends(b, patience, "a call that prints", func() error {
			return b.knock(b.Context(), s, fault.Word(fault.Stdout, strconv.Itoa(kib)))
		})
		conformance.Equal(b, "KiB printed", fault.Told(err, "printed"), strconv.Itoa(kib))
		b.works(s)
	}
}

func stderrFlood[S core.Store](b *bench[S]) {
	const kib = 100 << 10
	s := b.rigged()
	flood := make(chan error, 1)
	go func() { flood <- b.knock(b.Context(), s, fault.Word(fault.Stderr, strconv.Itoa(kib))) }()
	for range 10 {
		conformance.Within(b, patience, "a call beside the flood", func() { _ = b.knock(b.Context(), s, "conformance-is-not-there") })
	}
	err := conformance.Ends(b, 2*patience, "a call that prints 100 MiB", func() error { return <-flood })
	conformance.Equal(b, "KiB printed", fault.Told(err, "printed"), strconv.Itoa(kib))
	b.works(s)
	if b.hooks.Log == nil {
		return
	}
	if n := len(b.hooks.Log()); slices.Max([]int{n, 0}) > 64<<20 {
		b.Errorf("the host keeps %d bytes of what the plugin printed", n)
	}
}
