package mem

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// CreateWebhook creates a webhook.
func (r *Registry) CreateWebhook(ctx context.Context, spec core.WebhookSpec) (_ core.Webhook, err error) {
	defer named(&err, "create webhook", spec.Name)
	if err := r.change(ctx); err != nil {
		return core.Webhook{}, err
	}
	if spec, err = core.CheckWebhookSpec(spec); err != nil {
		return core.Webhook{}, err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	now := core.Now()
	w := core.Webhook{
		ID: core.NewWebhookID(), Name: spec.Name, Description: spec.Description, URL: spec.URL, Events: spec.Events,
		Status: spec.Status, Secret: spec.Secret, CreatedAt: now, UpdatedAt: now,
	}
	if d.webhooks == nil {
		d.webhooks = map[core.WebhookID]core.Webhook{}
	}
	d.webhooks[w.ID] = w
	return cloneWebhook(w), nil
}

// Webhook returns a webhook with its secret.
func (r *Registry) Webhook(ctx context.Context, id core.WebhookID) (_ core.Webhook, err error) {
	defer named(&err, "get webhook", string(id))
	if err := r.read(ctx); err != nil {
		return core.Webhook{}, err
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	w, found := d.webhooks[id]
	if !found {
		return core.Webhook{}, core.Missing("webhook", id)
	}
	return cloneWebhook(w), nil
}

// UpdateWebhook changes a webhook, all or nothing.
func (r *Registry) UpdateWebhook(
	ctx context.Context, id core.WebhookID, change core.WebhookChange,
) (_ core.Webhook, err error) {
	defer named(&err, "update webhook", string(id))
	if err := r.change(ctx); err != nil {
		return core.Webhook{}, err
	}
	if change, err = core.CheckWebhookChange(change); err != nil {
		return core.Webhook{}, err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	w, found := d.webhooks[id]
	if !found {
		return core.Webhook{}, core.Missing("webhook", id)
	}
	change.Apply(&w, later(w.UpdatedAt))
	d.webhooks[id] = w
	return cloneWebhook(w), nil
}

// DeleteWebhook removes a webhook.
func (r *Registry) DeleteWebhook(ctx context.Context, id core.WebhookID) (err error) {
	defer named(&err, "delete webhook", string(id))
	if err := r.change(ctx); err != nil {
		return err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, found := d.webhooks[id]; !found {
		return core.Missing("webhook", id)
	}
	delete(d.webhooks, id)
	return nil
}

// hookPlace is where a page of webhooks ended.
type hookPlace struct {
	At core.Millis
	ID core.WebhookID
}

func (p hookPlace) compare(q hookPlace) int {
	return cmp.Or(cmp.Compare(q.At, p.At), cmp.Compare(p.ID, q.ID))
}

// SearchWebhooks lists the webhooks, or those of an event, the newest first.
func (r *Registry) SearchWebhooks(ctx context.Context, q core.WebhookQuery) (_ core.Page[core.Webhook], err error) {
	defer named(&err, "search webhooks", "")
	none := core.Page[core.Webhook]{}
	if err := r.read(ctx); err != nil {
		return none, err
	}
	limit, err := core.CheckWebhookQuery(q)
	if err != nil {
		return none, err
	}
	var after hookPlace
	query := "webhooks " + q.Event.String()
	if q.Token != "" {
		if err := unseal(query, q.Token, &after); err != nil {
			return none, err
		}
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	var page core.Page[core.Webhook]
	for _, w := range d.webhooks {
		told := q.Event == (core.WebhookEvent{}) || slices.Contains(w.Events, q.Event)
		if told && (q.Token == "" || after.compare(placeOf(w)) < 0) {
			page.Items = append(page.Items, cloneWebhook(w))
		}
	}
	slices.SortFunc(page.Items, func(a, b core.Webhook) int { return placeOf(a).compare(placeOf(b)) })
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		page.Next, err = seal(query, placeOf(page.Items[limit-1]))
	}
	return page, err
}

func placeOf(w core.Webhook) hookPlace { return hookPlace{At: w.CreatedAt, ID: w.ID} }
