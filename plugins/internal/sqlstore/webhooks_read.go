package sqlstore

import (
	"context"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// hooks collects webhooks with their events.
type hooks struct {
	fernet fernet
	list   []*core.Webhook
	byID   map[core.WebhookID]*core.Webhook
}

func (r *Registry) newHooks() (*hooks, error) {
	f, err := newFernet(r.options.WebhookKey)
	return &hooks{fernet: f, byID: map[core.WebhookID]*core.Webhook{}}, err
}

const (
	selectHooks = "SELECT w.webhook_id, w.name, COALESCE(w.description, ''), w.url, w.status, w.secret, " +
		"COALESCE(w.creation_timestamp, 0), COALESCE(w.last_updated_timestamp, 0) FROM webhooks w WHERE " + liveHooks
	selectHookEvents = "SELECT e.webhook_id, e.entity, e.action FROM webhook_events e WHERE "
	liveHooks        = "w.workspace = 'default' AND w.deleted_timestamp IS NULL"
)

// fetch adds the queries of one webhook to a batch; suffix may lock it.
func (h *hooks) fetch(b *sqldb.Batch, id core.WebhookID, suffix string) {
	b.Query(sqldb.Each(h.hook), selectHooks+" AND w.webhook_id = $1"+suffix, string(id))
	b.Query(sqldb.Each(h.event), selectHookEvents+"e.webhook_id = $1", string(id))
}

func (h *hooks) hook(rows sqldb.Rows) error {
	var w core.Webhook
	var secret *string
	err := rows.Scan((*string)(&w.ID), &w.Name, &w.Description, &w.URL, (*string)(&w.Status), &secret,
		(*int64)(&w.CreatedAt), (*int64)(&w.UpdatedAt))
	if err != nil {
		return err
	}
	if secret != nil {
		text, ok := h.fernet.open(*secret)
		w.Secret, w.Sealed = core.NewSecret(text), !ok
	}
	h.list = append(h.list, &w)
	h.byID[w.ID] = &w
	return nil
}

func (h *hooks) event(rows sqldb.Rows) error {
	var id core.WebhookID
	var e core.WebhookEvent
	if err := rows.Scan((*string)(&id), &e.Entity, &e.Action); err != nil {
		return err
	}
	if w := h.byID[id]; w != nil {
		w.Events = append(w.Events, e)
	}
	return nil
}

// all are the webhooks in the order of their rows. Events that we do not know stay in the database alone.
func (h *hooks) all() []core.Webhook {
	all := make([]core.Webhook, len(h.list))
	for i, w := range h.list {
		all[i] = *w
		all[i].Events = core.SortedWebhookEvents(w.Events)
	}
	return all
}

// one is the webhook that was asked for.
func (h *hooks) one(id core.WebhookID) (core.Webhook, error) {
	if len(h.list) == 0 {
		return core.Webhook{}, core.Missing("webhook", id)
	}
	return h.all()[0], nil
}

// hookPlace is where a page of webhooks ended.
type hookPlace struct {
	At core.Millis
	ID core.WebhookID
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
	h, err := r.newHooks()
	if err != nil {
		return none, err
	}
	query := "webhooks " + q.Event.String()
	sql, args, err := hooksPage(q, query, limit)
	if err != nil {
		return none, err
	}
	err = r.db.Read(ctx, func(tx sqldb.Tx) error {
		h.list, h.byID = nil, map[core.WebhookID]*core.Webhook{}
		var b sqldb.Batch
		b.Query(sqldb.Each(h.hook), sql, args...)
		if err := tx.Do(ctx, &b); err != nil || len(h.list) == 0 {
			return err
		}
		ids := make([]string, len(h.list))
		for i, w := range h.list {
			ids[i] = string(w.ID)
		}
		b = sqldb.Batch{Last: true}
		b.Query(sqldb.Each(h.event), selectHookEvents+r.db.Dialect().In("e.webhook_id", 1), ids)
		return tx.Do(ctx, &b)
	})
	if err != nil {
		return none, err
	}
	page := core.Page[core.Webhook]{Items: h.all()}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next, err = seal(query, hookPlace{At: last.CreatedAt, ID: last.ID})
	}
	return page, err
}

// hooksPage is the statement of a page, of one webhook more than it has.
func hooksPage(q core.WebhookQuery, query string, limit int) (string, []any, error) {
	sql, args := selectHooks, []any{}
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	if q.Event != (core.WebhookEvent{}) {
		sql += " AND w.webhook_id IN (SELECT e.webhook_id FROM webhook_events e WHERE e.entity = " + arg(q.Event.Entity) +
			" AND e.action = " + arg(q.Event.Action) + ")"
	}
	if q.Token != "" {
		var after hookPlace
		if err := unseal(query, q.Token, &after); err != nil {
			return "", nil, err
		}
		at := arg(int64(after.At))
		sql += " AND (COALESCE(w.creation_timestamp, 0) < " + at + " OR COALESCE(w.creation_timestamp, 0) = " + at +
			" AND w.webhook_id > " + arg(string(after.ID)) + ")"
	}
	sql += " ORDER BY COALESCE(w.creation_timestamp, 0) DESC, w.webhook_id LIMIT " + arg(int64(limit+1))
	return sql, args, nil
}
