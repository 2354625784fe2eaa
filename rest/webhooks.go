package rest

import (
	"strings"

	"github.com/mlstore/mlstore/core"
)

// The calls on webhooks.
const (
	WebhooksCreate Endpoint = "POST /mlflow/webhooks"
	WebhooksList   Endpoint = "GET /mlflow/webhooks"
	WebhooksGet    Endpoint = "GET /mlflow/webhooks/{webhook_id}"
	WebhooksUpdate Endpoint = "PATCH /mlflow/webhooks/{webhook_id}"
	WebhooksDelete Endpoint = "DELETE /mlflow/webhooks/{webhook_id}"
	WebhooksTest   Endpoint = "POST /mlflow/webhooks/{webhook_id}/test"
)

// Webhook is core.Webhook on the wire, which has no secret.
type Webhook struct {
	WebhookID            string         `json:"webhook_id"`
	Name                 string         `json:"name"`
	Description          string         `json:"description,omitempty"`
	URL                  string         `json:"url"`
	Events               []WebhookEvent `json:"events,omitempty"`
	Status               string         `json:"status"`
	CreationTimestamp    Int            `json:"creation_timestamp"`
	LastUpdatedTimestamp Int            `json:"last_updated_timestamp"`
}

// WebhookEvent is core.WebhookEvent on the wire, in upper case.
type WebhookEvent struct {
	Entity string `json:"entity" rest:"required"`
	Action string `json:"action" rest:"required"`
}

// WebhookOf puts a webhook on the wire.
func WebhookOf(w core.Webhook) Webhook {
	return Webhook{
		WebhookID: string(w.ID), Name: w.Name, Description: w.Description, URL: w.URL, Events: WebhookEventsOf(w.Events),
		Status: string(w.Status), CreationTimestamp: Int(w.CreatedAt), LastUpdatedTimestamp: Int(w.UpdatedAt),
	}
}

// Core takes a webhook from the wire.
func (w Webhook) Core() core.Webhook {
	return core.Webhook{
		ID: core.WebhookID(w.WebhookID), Name: w.Name, Description: w.Description, URL: w.URL, Events: CoreEvents(w.Events),
		Status: core.WebhookStatus(w.Status), CreatedAt: core.Millis(w.CreationTimestamp),
		UpdatedAt: core.Millis(w.LastUpdatedTimestamp),
	}
}

// WebhookEventsOf puts events on the wire.
func WebhookEventsOf(list []core.WebhookEvent) []WebhookEvent {
	var events []WebhookEvent
	for _, e := range list {
		events = append(events, WebhookEvent{strings.ToUpper(e.Entity), strings.ToUpper(e.Action)})
	}
	return events
}

// CoreEvents takes events from the wire.
func CoreEvents(list []WebhookEvent) []core.WebhookEvent {
	var events []core.WebhookEvent
	for _, e := range list {
		events = append(events, core.WebhookEvent{Entity: strings.ToLower(e.Entity), Action: strings.ToLower(e.Action)})
	}
	return events
}

// CreateWebhook asks for WebhooksCreate.
type CreateWebhook struct {
	Name        string         `json:"name" rest:"required"`
	Description string         `json:"description,omitempty"`
	URL         string         `json:"url" rest:"required"`
	Events      []WebhookEvent `json:"events" rest:"required"`
	Secret      string         `json:"secret,omitempty"`
	Status      string         `json:"status,omitempty"`
}

// Spec is what to create.
func (w CreateWebhook) Spec() core.WebhookSpec {
	return core.WebhookSpec{
		Name: w.Name, Description: w.Description, URL: w.URL, Events: CoreEvents(w.Events),
		Status: core.WebhookStatus(w.Status), Secret: core.NewSecret(w.Secret),
	}
}

// UpdateWebhook asks for WebhooksUpdate.
type UpdateWebhook struct {
	WebhookID   string         `json:"-" rest:"path=webhook_id"`
	Name        string         `json:"name,omitempty"`
	Description *string        `json:"description,omitempty"`
	URL         string         `json:"url,omitempty"`
	Events      []WebhookEvent `json:"events,omitempty"`
	Secret      *string        `json:"secret,omitempty"`
	Status      string         `json:"status,omitempty"`
}

// Change is what to change.
func (w UpdateWebhook) Change() core.WebhookChange {
	change := core.WebhookChange{
		Name: w.Name, Description: w.Description, URL: w.URL, Events: CoreEvents(w.Events), Status: core.WebhookStatus(w.Status),
	}
	if w.Secret != nil {
		secret := core.NewSecret(*w.Secret)
		change.Secret = &secret
	}
	return change
}

// WebhookID asks for WebhooksGet and WebhooksDelete.
type WebhookID struct {
	WebhookID string `json:"-" rest:"path=webhook_id"`
}

// WebhookAnswer answers the calls that make, change or get a webhook.
type WebhookAnswer struct {
	Webhook Webhook `json:"webhook"`
}

// ListWebhooks asks for WebhooksList.
type ListWebhooks struct {
	MaxResults *Int   `json:"max_results,omitempty"`
	PageToken  string `json:"page_token,omitempty"`
}

// WebhooksPage answers it.
type WebhooksPage struct {
	Webhooks      []Webhook `json:"webhooks,omitempty"`
	NextPageToken string    `json:"next_page_token,omitempty"`
}

// WebhooksPageOf puts a page of webhooks on the wire.
func WebhooksPageOf(p core.Page[core.Webhook]) WebhooksPage {
	page := WebhooksPage{NextPageToken: p.Next}
	for _, w := range p.Items {
		page.Webhooks = append(page.Webhooks, WebhookOf(w))
	}
	return page
}

// TestWebhook asks for WebhooksTest. Without an event it is the first one of the webhook.
type TestWebhook struct {
	WebhookID string        `json:"-" rest:"path=webhook_id"`
	Event     *WebhookEvent `json:"event,omitempty"`
}

// TestWebhookAnswer answers it.
type TestWebhookAnswer struct {
	Result WebhookResult `json:"result"`
}

// WebhookResult is how a delivery ended.
type WebhookResult struct {
	Success        bool   `json:"success"`
	ResponseStatus *Int   `json:"response_status,omitempty"`
	ResponseBody   string `json:"response_body,omitempty"`
	ErrorMessage   string `json:"error_message,omitempty"`
}
