package registrystore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const webhooks core.Capability = "webhooks"

func webhookCases() []entry {
	return needing(webhooks, []entry{
		{
			ID: "RG-117", Name: "webhook/round-trip", Rule: "A webhook comes back as it was created, active unless said otherwise.",
			Run: withHooks(webhookRoundTrip),
		},
		{
			ID: "RG-118", Name: "webhook/refused", Rule: "A bad name, address, event, status or length is ErrInvalid, without effect.",
			Run: withHooks(webhookRefused),
		},
		{
			ID: "RG-119", Name: "webhook/missing", Rule: "An unknown or deleted webhook is ErrNotFound and named.",
			Run: withHooks(webhookMissing),
		},
		{
			ID: "RG-120", Name: "webhook/update", Rule: "A change touches what it names and advances the time of the update.",
			Run: withHooks(webhookUpdate),
		},
		{
			ID: "RG-121", Name: "webhook/delete", Rule: "A deleted webhook is found no longer, and others stay.",
			Run: withHooks(webhookDelete),
		},
		{
			ID: "RG-122", Name: "webhook/search", Rule: "Webhooks are listed the newest first, all or those of an event, page by page.",
			Run: withHooks(webhookSearch),
		},
		{
			ID: "RG-123", Name: "webhook/secret",
			Rule: "A secret comes back as it was given, or is refused with ErrState and without effect where it cannot be kept safe.",
			Run:  withHooks(webhookSecret),
		},
	})
}

// hookCase is a case with the ability and what it needs all the time.
type hookCase struct {
	check
	env   *env
	hooks core.Webhooks
}

func withHooks(f func(*hookCase)) func(check, *env) {
	return func(t check, e *env) {
		h, _ := core.As[core.Webhooks](e.Store)
		f(&hookCase{check: t, env: e, hooks: h})
	}
}

func (c *hookCase) spec() core.WebhookSpec {
	return core.WebhookSpec{
		Name: "hook.of-this_1", Description: "größe\n", URL: "https://example.org:8443/in?a=b", Events: []core.WebhookEvent{
			{Entity: "model_version_alias", Action: "deleted"}, {Entity: "registered_model", Action: "created"},
		},
	}
}

// create makes a webhook that goes with the case.
func (c *hookCase) create(spec core.WebhookSpec) core.Webhook {
	c.Helper()
	w, err := c.hooks.CreateWebhook(c.Context(), spec)
	conformance.NoError(c, "CreateWebhook", err)
	c.env.Undo(c, "deleting webhook "+string(w.ID), func(ctx context.Context) error {
		return c.hooks.DeleteWebhook(ctx, w.ID)
	})
	return w
}

// saw observes a webhook.
func (c *hookCase) saw(want core.Webhook) {
	c.Helper()
	c.env.Observe(c, func(ctx context.Context, s store) error {
		reader, ok := core.As[core.Webhooks](s)
		if !ok {
			return errors.New("the second handle has no webhooks")
		}
		w, err := reader.Webhook(ctx, want.ID)
		return differs("webhook", shownHook(w), shownHook(want), err)
	})
}

// shownHook is a webhook whose secret a comparison sees.
func shownHook(w core.Webhook) string {
	return fmt.Sprintf("%+v with the secret %q", w, w.Secret.Reveal())
}

func webhookRoundTrip(c *hookCase) {
	spec := c.spec()
	w := c.create(spec)
	want := core.Webhook{
		ID: w.ID, Name: spec.Name, Description: spec.Description, URL: spec.URL, Status: core.WebhookActive,
		Events: core.SortedWebhookEvents(spec.Events), CreatedAt: w.CreatedAt, UpdatedAt: w.CreatedAt,
	}
	conformance.Equal(c, "the new webhook", shownHook(w), shownHook(want))
	if w.ID == "" || w.CreatedAt == 0 {
		c.Errorf("a webhook without id or time: %+v", w)
	}
	c.saw(want)
	spec.Status, spec.Events = core.WebhookDisabled, core.WebhookEvents()
	other := c.create(spec) // of the same name
	conformance.Equal(c, "status", other.Status, core.WebhookDisabled)
	conformance.Equal(c, "events", other.Events, core.WebhookEvents())
	c.saw(other)
	c.saw(want)
}

func webhookRefused(c *hookCase) {
	w := c.create(c.spec())
	for what, spoil := range map[string]func(*core.WebhookSpec){
		"no name":          func(s *core.WebhookSpec) { s.Name = "" },
		"name with dash":   func(s *core.WebhookSpec) { s.Name = "-a" },
		"name with space":  func(s *core.WebhookSpec) { s.Name = "a b" },
		"name with break":  func(s *core.WebhookSpec) { s.Name = "a\n" },
		"long name":        func(s *core.WebhookSpec) { s.Name = strings.Repeat("a", core.MostWebhookName+1) },
		"long description": func(s *core.WebhookSpec) { s.Description = padded("ä", core.MostWebhookText+1) },
		"no address":       func(s *core.WebhookSpec) { s.URL = "" },
		"relative address": func(s *core.WebhookSpec) { s.URL = "/in" },
		"no host":          func(s *core.WebhookSpec) { s.URL = "https://:80/in" },
		"other scheme":     func(s *core.WebhookSpec) { s.URL = "ftp://example.org/in" },
		"file":             func(s *core.WebhookSpec) { s.URL = "file:///etc/passwd" },
		"user":             func(s *core.WebhookSpec) { s.URL = "https://user:password@example.org" },
		"long address":     func(s *core.WebhookSpec) { s.URL = padded("https://example.org/", core.MostWebhookURL+1) },
		"no events":        func(s *core.WebhookSpec) { s.Events = nil },
		"unknown event":    func(s *core.WebhookSpec) { s.Events[0].Action = "renamed" },
		"unknown entity":   func(s *core.WebhookSpec) { s.Events[0].Entity = "run" },
		"unknown status":   func(s *core.WebhookSpec) { s.Status = "PAUSED" },
		"long secret":      func(s *core.WebhookSpec) { s.Secret = core.NewSecret(padded("s", core.MostWebhookSecret+1)) },
	} {
		spec := c.spec()
		spoil(&spec)
		_, err := c.hooks.CreateWebhook(c.Context(), spec)
		conformance.Refused(c, "CreateWebhook with "+what, err, core.ErrInvalid)
		change := core.WebhookChange{
			Name: spec.Name, Description: &spec.Description, URL: spec.URL, Events: spec.Events, Status: spec.Status,
			Secret: &spec.Secret,
		}
		if spec.Name == "" || spec.URL == "" || len(spec.Events) == 0 {
			continue // that is no change
		}
		_, err = c.hooks.UpdateWebhook(c.Context(), w.ID, change)
		conformance.Refused(c, "UpdateWebhook with "+what, err, core.ErrInvalid)
	}
	c.saw(w)
	spec := c.spec()
	spec.Name, spec.Description = strings.Repeat("a", core.MostWebhookName), padded("ä", core.MostWebhookText)
	spec.URL = padded("https://example.org/", core.MostWebhookURL)
	c.saw(c.create(spec))
	_, err := c.hooks.SearchWebhooks(c.Context(), core.WebhookQuery{Event: core.WebhookEvent{Entity: "run", Action: "created"}})
	conformance.Refused(c, "SearchWebhooks of an unknown event", err, core.ErrInvalid)
}

func webhookMissing(c *hookCase) {
	gone := c.create(c.spec())
	conformance.NoError(c, "DeleteWebhook", c.hooks.DeleteWebhook(c.Context(), gone.ID))
	for _, id := range []core.WebhookID{gone.ID, core.NewWebhookID(), "no-such-hook"} {
		_, err := c.hooks.Webhook(c.Context(), id)
		conformance.Refused(c, "Webhook", err, core.ErrNotFound, string(id))
		_, err = c.hooks.UpdateWebhook(c.Context(), id, core.WebhookChange{Name: "other"})
		conformance.Refused(c, "UpdateWebhook", err, core.ErrNotFound, string(id))
		conformance.Refused(c, "DeleteWebhook", c.hooks.DeleteWebhook(c.Context(), id), core.ErrNotFound, string(id))
	}
}

func webhookUpdate(c *hookCase) {
	w, other := c.create(c.spec()), c.create(c.spec())
	empty := ""
	for _, change := range []core.WebhookChange{
		{Name: "renamed"},
		{URL: "http://example.org/other"},
		{Status: core.WebhookDisabled},
		{Description: &empty},
		{Events: core.WebhookEvents()[3:5]},
		{Name: "back", Status: core.WebhookActive, Events: core.WebhookEvents()[:1]},
		{},
	} {
		want := w
		change.Apply(&want, w.UpdatedAt)
		got, err := c.hooks.UpdateWebhook(c.Context(), w.ID, change)
		conformance.NoError(c, "UpdateWebhook", err)
		if got.UpdatedAt < w.UpdatedAt {
			c.Errorf("the time of the update went from %d back to %d", w.UpdatedAt, got.UpdatedAt)
		}
		want.UpdatedAt = got.UpdatedAt
		conformance.Equal(c, "the changed webhook", shownHook(got), shownHook(want))
		c.saw(want)
		w = got
	}
	c.saw(other)
}

func webhookDelete(c *hookCase) {
	goes, stays := c.create(c.spec()), c.create(c.spec())
	conformance.NoError(c, "DeleteWebhook", c.hooks.DeleteWebhook(c.Context(), goes.ID))
	conformance.Refused(c, "a second DeleteWebhook", c.hooks.DeleteWebhook(c.Context(), goes.ID), core.ErrNotFound, string(goes.ID))
	found := c.found(core.WebhookEvent{}, goes.ID, stays.ID)
	conformance.Equal(c, "webhooks", found, []core.WebhookID{stays.ID})
	c.saw(stays)
}

// found walks the webhooks of an event, two a page, and returns those of the ids given in the order in which they came.
func (c *hookCase) found(event core.WebhookEvent, ids ...core.WebhookID) []core.WebhookID {
	c.Helper()
	var found []core.WebhookID
	last := core.Webhook{CreatedAt: 1 << 62}
	for w, err := range core.All(c.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Webhook], error) {
		return c.hooks.SearchWebhooks(ctx, core.WebhookQuery{Event: event, PageOptions: o})
	}, core.PageOptions{Limit: 2}) {
		conformance.NoError(c, "SearchWebhooks", err)
		if w.CreatedAt > last.CreatedAt {
			c.Errorf("webhook %s of %d comes after %s of %d", w.ID, w.CreatedAt, last.ID, last.CreatedAt)
		}
		if slices.Contains(ids, w.ID) {
			found = append(found, w.ID)
		}
		last = w
	}
	return found
}

func webhookSearch(c *hookCase) {
	var all, told []core.WebhookID
	event := core.WebhookEvent{Entity: "prompt_alias", Action: "deleted"}
	for i := range 7 {
		spec := c.spec()
		if i%2 == 0 {
			spec.Events = append(spec.Events, event)
		}
		w := c.create(spec)
		all = append(all, w.ID)
		if i%2 == 0 {
			told = append(told, w.ID)
		}
	}
	same := func(what string, got, want []core.WebhookID) {
		c.Helper()
		slices.Sort(got)
		slices.Sort(want)
		conformance.Equal(c, what, got, want)
	}
	same("all webhooks", c.found(core.WebhookEvent{}, all...), all)
	same("webhooks of an event", c.found(event, all...), told)
	for _, o := range []core.PageOptions{{Limit: -1}, {Limit: core.WebhookPage().Max + 1}, {Token: "nonsense"}} {
		_, err := c.hooks.SearchWebhooks(c.Context(), core.WebhookQuery{PageOptions: o})
		conformance.Refused(c, fmt.Sprintf("SearchWebhooks(%+v)", o), err, core.ErrInvalid)
	}
	page, err := c.hooks.SearchWebhooks(c.Context(), core.WebhookQuery{PageOptions: core.PageOptions{Limit: 2}})
	conformance.NoError(c, "SearchWebhooks", err)
	_, err = c.hooks.SearchWebhooks(c.Context(), core.WebhookQuery{Event: event, PageOptions: core.PageOptions{Token: page.Next}})
	conformance.Refused(c, "the token of another query", err, core.ErrInvalid)
}

func webhookSecret(c *hookCase) {
	spec := c.spec()
	spec.Secret = core.NewSecret("pass " + padded("ß", core.MostWebhookSecret/2-4) + "\x00")
	w, err := c.hooks.CreateWebhook(c.Context(), spec)
	if errors.Is(err, core.ErrState) {
		plain := c.create(c.spec())
		_, err := c.hooks.UpdateWebhook(c.Context(), plain.ID, core.WebhookChange{Name: "other", Secret: &spec.Secret})
		conformance.Refused(c, "UpdateWebhook with a secret", err, core.ErrState)
		c.saw(plain)
		return
	}
	conformance.NoError(c, "CreateWebhook with a secret", err)
	c.env.Undo(c, "deleting webhook "+string(w.ID), func(ctx context.Context) error {
		return c.hooks.DeleteWebhook(ctx, w.ID)
	})
	conformance.Equal(c, "secret", w.Secret.Reveal(), spec.Secret.Reveal())
	c.saw(w)
	for _, change := range []core.WebhookChange{
		{Name: "other"}, {Secret: new(core.NewSecret("new"))}, {Status: core.WebhookDisabled}, {Secret: &core.Secret{}},
	} {
		want := w
		change.Apply(&want, w.UpdatedAt)
		w, err = c.hooks.UpdateWebhook(c.Context(), w.ID, change)
		conformance.NoError(c, "UpdateWebhook", err)
		conformance.Equal(c, "secret", w.Secret.Reveal(), want.Secret.Reveal())
		c.saw(w)
	}
}
