package boundary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const secretUpdater core.Capability = "secret_updater"

func instanceCases[S core.Store]() []entry[S] {
	opener := []conformance.Hook{openerHook}
	return []entry[S]{
		{
			id: "PL-037", name: "instance/new-secrets", needs: []core.Capability{secretUpdater}, run: newSecrets[S],
			rule: "New secrets that a store does not know are ErrInvalid, by name and unseen, and the store goes on as it was.",
		},
		{
			id: "PL-028", name: "instance/two-uris-one-process", hooks: opener, run: twoInstances[S],
			rule: "Two openings on two sets of data share nothing: neither data nor errors nor the end.",
		},
		{
			id: "PL-029", name: "instance/config-validation", hooks: opener, run: badConfig[S],
			rule: "A bad URI or option is ErrInvalid that names the field, and nothing is opened.",
		},
		{
			id: "PL-030", name: "instance/open-close-100", hooks: opener, run: openAndClose[S],
			rule: "Opening and closing again and again leaves no goroutine and no file behind.",
		},
	}
}

func twoInstances[S core.Store](b *bench[S]) {
	first, second := b.opened(b.hooks.Fresh(b)), b.opened(b.hooks.Fresh(b))
	name := b.env.Name("same")
	ids := map[int]string{}
	for i, s := range []S{first, second} {
		id, err := b.kind.add(b.Context(), b, s, name, strings.Repeat("x", i+1))
		conformance.NoError(b, "making a thing of one name in each store", err)
		b.undo(s, id)
		ids[i] = id
	}
	if b.read != nil {
		for i, s := range []S{first, second} {
			text, err := b.read(b.Context(), s, ids[i])
			conformance.NoError(b, "reading it", err)
			conformance.Equal(b, "the text in one of two stores", text, strings.Repeat("x", i+1))
		}
	}
	if ids[0] != ids[1] {
		conformance.Refused(b, "asking a store for what another has", b.knock(b.Context(), second, ids[0]), core.ErrNotFound)
	}
	var both sync.WaitGroup
	for _, s := range []S{first, second} {
		both.Go(func() {
			for range 20 {
				if err := b.knock(b.Context(), s, "conformance-is-not-there"); !errors.Is(err, core.ErrNotFound) {
					b.Errorf("two stores at once: got error %v, want %v", err, core.ErrNotFound)
				}
			}
		})
	}
	both.Wait()
	third := b.opened(b.hooks.Fresh(b))
	conformance.NoError(b, "Close of one of three", third.Close())
	conformance.Refused(b, "a call of the one that was closed", b.knock(b.Context(), third, name), core.ErrClosed)
	b.works(first)
	b.works(second)
}

func badConfig[S core.Store](b *bench[S]) {
	const unknown = "conformance_unknown"
	base := b.hooks.Fresh(b)
	request := base
	request.Options = with(maps.Clone(base.Options), unknown, "1")
	s, err := b.open(request)
	conformance.Refused(b, "opening with an option that nobody knows", err, core.ErrInvalid, unknown)
	if err == nil {
		conformance.NoError(b, "Close", s.Close())
	}
	// The good request still opens, and finds nothing of what was refused.
	b.works(b.opened(base))
	canceled, cancel := context.WithCancel(b.Context())
	cancel()
	backend, err := b.hooks.Opener.Open(canceled, base)
	if err == nil { // an opener that waits for nothing need not look
		conformance.NoError(b, "Close", backend.Close())
		return
	}
	conformance.Refused(b, "opening under a context that has ended", err, context.Canceled)
}

func openAndClose[S core.Store](b *bench[S]) {
	request := b.hooks.Fresh(b)
	b.works(b.opened(request)) // what is made once is made now
	conformance.NoLeak(b, func(ctx context.Context, _ int) error {
		for range 2 {
			backend, err := b.hooks.Opener.Open(ctx, request)
			if err != nil {
				return err
			}
			s, _ := b.of(backend)
			if err := b.knock(ctx, s, "conformance-is-not-there"); !errors.Is(err, core.ErrNotFound) {
				return errors.Join(err, backend.Close())
			}
			if err := backend.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

func newSecrets[S core.Store](b *bench[S]) {
	const unknown = "conformance_unknown"
	s := b.env.Fresh(b)
	updater, _ := core.As[core.SecretUpdater](s)
	secret := "hunter2" + token()
	secrets := map[string]core.Secret{unknown: core.NewSecret(secret)}
	refused := func(ctx context.Context, what string, want error, keys ...string) {
		b.Helper()
		err := conformance.Ends(b, patience, what, func() error { return updater.UpdateSecrets(ctx, secrets) })
		conformance.Refused(b, what, err, want, keys...)
		if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
			b.Errorf("%s: the error shows the secret", what)
		}
	}
	canceled, cancel := context.WithCancel(b.Context())
	cancel()
	refused(canceled, "new secrets under a context that has ended", context.Canceled)
	refused(b.Context(), "a secret that nobody knows", core.ErrInvalid, unknown)
	b.works(s)
	conformance.NoError(b, "Close", s.Close())
	refused(b.Context(), "new secrets after Close", core.ErrClosed)
}
