package boundary

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// patience is how long a call may take that has nothing to wait for.
const patience = 30 * time.Second

// soon is how long the end of a caller may take to reach the far side.
const soon = time.Second

// startTime is a time in milliseconds that no unit but milliseconds keeps.
const startTime = 1_600_000_000_123

var errNone = errors.New("no error")

func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

// padded fills text up to n code points, of which most take two bytes.
func padded(text string, n int) string {
	return text + strings.Repeat("ü", max(0, n-utf8.RuneCountInString(text)))
}

// add makes a thing in the store that all cases share.
func (b *bench[S]) add(text string) (id string) {
	b.Helper()
	return b.addTo(b.env.Store, b.env.Name("thing"), text)
}

// addTo makes a thing of a name and registers its removal.
func (b *bench[S]) addTo(s S, name, text string) (id string) {
	b.Helper()
	id, err := b.kind.add(b.Context(), b, s, name, text)
	conformance.NoError(b, "making "+name, err)
	b.undo(s, id)
	return id
}

// undo registers the removal of a thing.
func (b *bench[S]) undo(s S, id string) {
	b.Helper()
	b.env.Undo(b, "removing "+id, func(ctx context.Context) error {
		err := b.remove(ctx, s, id)
		if errors.Is(err, core.ErrClosed) { // the case closed its handle; the shared one may reach the data
			err = b.remove(ctx, b.env.Store, id)
		}
		return err
	})
}

// works holds a store to answering: something can be made, found and removed.
func (b *bench[S]) works(s S) {
	b.Helper()
	id, err := b.kind.add(b.Context(), b, s, b.env.Name("works"), "some text")
	conformance.NoError(b, "making something", err)
	if b.read != nil {
		text, err := b.read(b.Context(), s, id)
		conformance.NoError(b, "reading it", err)
		conformance.Equal(b, "what was written", text, "some text")
	}
	conformance.NoError(b, "removing it", b.remove(b.Context(), s, id))
}

// survives is works for a store whose process may be on its way back: it has as long as patience.
func (b *bench[S]) survives(s S) {
	b.Helper()
	var last error
	if b.eventually(patience, func() bool {
		id, err := b.kind.add(b.Context(), b, s, b.env.Name("works"), "some text")
		if last = err; err == nil {
			b.undo(s, id)
		}
		return err == nil
	}) {
		return
	}
	b.Errorf("the store does not work again: %v", last)
}

// eventually asks until the answer is yes, but no longer than the time given.
func (b *bench[S]) eventually(within time.Duration, ask func() bool) bool {
	b.Helper()
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.Now().Add(within); ; {
		if ask() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		select {
		case <-b.Context().Done():
			return false
		case <-ticks.C:
		}
	}
}

// open opens data of its own with the hooks' opener.
func (b *bench[S]) open(request core.OpenRequest) (S, error) {
	b.Helper()
	var none S
	backend, err := b.hooks.Opener.Open(b.Context(), request)
	if err != nil {
		return none, err
	}
	s, ok := b.of(backend)
	if !ok {
		return none, errors.Join(fmt.Errorf("%s offers no store of this kind", request.URI), backend.Close())
	}
	return s, nil
}

// opened is open for what must succeed, and closes the store with the case.
func (b *bench[S]) opened(request core.OpenRequest) S {
	b.Helper()
	s, err := b.open(request)
	conformance.NoError(b, "opening "+request.URI.String(), err)
	b.Cleanup(func() { conformance.NoError(b, "closing the store", s.Close()) })
	return s
}

// rigged opens a store that misbehaves on request, and closes it with the case.
func (b *bench[S]) rigged() S {
	b.Helper()
	s := b.hooks.Rigged(b)
	b.Cleanup(func() { _ = s.Close() }) // the case may have ended its process
	return s
}

// token is a word that nobody else uses.
func token() string { return strings.ToLower(rand.Text()) }
