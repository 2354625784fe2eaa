package hook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Event is what happened, for the webhooks that want to be told of it. What happens to a model is another event where the
// model is a prompt.
type Event struct {
	Model  core.WebhookEvent // zero is none
	Prompt core.WebhookEvent // zero is none
	Name   string            // of the model that tells which of them it is; empty where Model is it
	Data   any               // becomes JSON
}

// Sender tells webhooks of events. Make one with NewSender.
type Sender struct {
	config Config
	store  core.RegistryStore
	log    *slog.Logger
	client *http.Client

	start  func()    // makes what follows; nil when there are no webhooks to tell
	begin  sync.Once // when the first event happens, for many servers know of none
	events chan Event
	ready  chan delivery // to one webhook each
	end    context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	known   []core.Webhook // the active ones
	learned time.Time      // when; zero is never
}

// waiting is how many events, and how many deliveries, may wait; more of them are dropped.
const waiting = 1000

// NewSender makes a sender to the webhooks of a registry, whose workers the first event starts; close it at the end, whether
// or not ctx ends. A registry without the ability has no webhooks.
func NewSender(ctx context.Context, c Config, store core.RegistryStore, log *slog.Logger) *Sender {
	c = c.filled()
	s := &Sender{config: c, store: store, log: log, client: &http.Client{
		Transport: &http.Transport{
			DialContext: c.dialer().DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns: c.Workers, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if _, ok := core.As[core.Webhooks](store); !ok {
		return s
	}
	ctx = context.WithoutCancel(ctx)
	s.start = func() {
		var working context.Context
		working, s.end = context.WithCancel(ctx)
		s.events, s.ready = make(chan Event, waiting), make(chan delivery, waiting)
		s.done.Go(func() { s.sort(working) })
		for range c.Workers {
			s.done.Go(func() { s.work(working) })
		}
	}
	return s
}

// Close ends what is being delivered, and drops what waits.
func (s *Sender) Close() {
	s.begin.Do(func() {}) // what happens from now on starts nothing
	if s.end != nil {
		s.end()
	}
	s.done.Wait()
	s.client.CloseIdleConnections()
}

// Tell lets the webhooks of an event know, soon, and returns at once.
func (s *Sender) Tell(e Event) {
	if s.start == nil {
		return
	}
	s.begin.Do(s.start)
	select {
	case s.events <- e:
	default:
		s.log.Error("an event is dropped: too many wait for their delivery", "model", e.Name)
	}
}

// Forget lets the sender ask anew which webhooks there are.
func (s *Sender) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned = time.Time{}
}

// sort makes deliveries of events.
func (s *Sender) sort(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.events:
			if err := s.address(ctx, e); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "webhooks are not told of an event", "model", e.Name, "error", err)
			}
		}
	}
}

// address makes a delivery for every webhook of an event.
func (s *Sender) address(ctx context.Context, e Event) error {
	hooks, err := s.active(ctx)
	if err != nil {
		return err
	}
	wanted := func(event core.WebhookEvent) bool {
		return slices.ContainsFunc(hooks, func(w core.Webhook) bool { return slices.Contains(w.Events, event) })
	}
	if !wanted(e.Model) && !wanted(e.Prompt) {
		return nil
	}
	event, err := s.which(ctx, e)
	if err != nil {
		return err
	}
	for _, w := range hooks {
		if !slices.Contains(w.Events, event) {
			continue
		}
		select {
		case s.ready <- delivery{w, event, e.Data}:
		default:
			s.log.ErrorContext(ctx, "a delivery is dropped: too many wait", "webhook", w.ID, "event", event.String())
		}
	}
	return nil
}

// work makes deliveries.
func (s *Sender) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-s.ready:
			result, err := s.send(ctx, d, s.config.Retries)
			switch {
			case ctx.Err() != nil:
			case err != nil:
				s.log.ErrorContext(ctx, "a webhook is not told of an event", "webhook", d.to.ID, "event", d.event.String(), "error", err)
			case !result.OK():
				s.log.ErrorContext(ctx, "a webhook refuses an event", "webhook", d.to.ID, "event", d.event.String(), "status", result.Status)
			}
		}
	}
}

// which is the event that happened: of a model or of a prompt.
func (s *Sender) which(ctx context.Context, e Event) (core.WebhookEvent, error) {
	if e.Name == "" {
		return e.Model, nil
	}
	m, err := s.store.Model(ctx, e.Name)
	switch {
	case errors.Is(err, core.ErrNotFound): // deleted since
	case err != nil:
		return core.WebhookEvent{}, err
	case strings.EqualFold(m.Tags[core.PromptTag], "true"):
		return e.Prompt, nil
	}
	return e.Model, nil
}

// active are the webhooks that want to be told of anything.
func (s *Sender) active(ctx context.Context) ([]core.Webhook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.learned.IsZero() && time.Since(s.learned) < s.config.Remember {
		return s.known, nil
	}
	store, ok := core.As[core.Webhooks](s.store)
	if !ok {
		return nil, nil
	}
	at, known := time.Now(), []core.Webhook(nil)
	for w, err := range core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Webhook], error) {
		return store.SearchWebhooks(ctx, core.WebhookQuery{PageOptions: o})
	}, core.PageOptions{}) {
		if err != nil {
			return nil, err
		}
		if w.Status == core.WebhookActive {
			known = append(known, w)
		}
	}
	s.known, s.learned = known, at
	return known, nil
}
