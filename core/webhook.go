package core

import "context"

// WebhookID identifies a webhook.
type WebhookID string

// WebhookStatus says whether a webhook is told of events. The names are MLflow's.
type WebhookStatus string

// The states of a webhook. The zero value means ACTIVE in a specification and "no change" in a change.
const (
	WebhookActive   WebhookStatus = "ACTIVE"
	WebhookDisabled WebhookStatus = "DISABLED"
)

// WebhookEvent is what a webhook may be told of: an action on a kind of entity, in MLflow's lower-case words, such as
// registered_model and created.
type WebhookEvent struct {
	Entity string
	Action string
}

func (e WebhookEvent) String() string { return e.Entity + "." + e.Action }

// WebhookEvents lists the events that there are (mlflow/entities/webhook.py).
func WebhookEvents() []WebhookEvent {
	return []WebhookEvent{
		{"registered_model", "created"},
		{"model_version", "created"},
		{"model_version_tag", "set"},
		{"model_version_tag", "deleted"},
		{"model_version_alias", "created"},
		{"model_version_alias", "deleted"},
		{"prompt", "created"},
		{"prompt_version", "created"},
		{"prompt_tag", "set"},
		{"prompt_tag", "deleted"},
		{"prompt_version_tag", "set"},
		{"prompt_version_tag", "deleted"},
		{"prompt_alias", "created"},
		{"prompt_alias", "deleted"},
		{"budget_policy", "exceeded"},
	}
}

// Webhook is an address that wants to be told of events.
type Webhook struct {
	ID          WebhookID
	Name        string
	Description string
	URL         string
	Events      []WebhookEvent // at least one, in the order of WebhookEvents
	Status      WebhookStatus
	Secret      Secret // signs what is delivered; zero is none
	Sealed      bool   // it has a secret that the store cannot read: nothing may be delivered
	CreatedAt   Millis
	UpdatedAt   Millis
}

// WebhookSpec describes a webhook to create.
type WebhookSpec struct {
	Name        string
	Description string
	URL         string
	Events      []WebhookEvent
	Status      WebhookStatus // empty is ACTIVE
	Secret      Secret
}

// WebhookChange changes what is given, all or nothing.
type WebhookChange struct {
	Name        string         // empty is unchanged
	Description *string        // nil is unchanged, "" clears it
	URL         string         // empty is unchanged
	Events      []WebhookEvent // empty is unchanged
	Status      WebhookStatus  // empty is unchanged
	Secret      *Secret        // nil is unchanged, the zero Secret removes it
}

// WebhookQuery lists webhooks, the newest first.
type WebhookQuery struct {
	Event WebhookEvent // only those that are told of it; zero is all
	PageOptions
}

// Webhooks is the ability of a RegistryStore to keep webhooks. It delivers nothing: that is the server's. Names need not
// differ. A store that keeps secrets where others can read them MUST encrypt them, or refuse them with ErrState [RG-123].
type Webhooks interface {
	// CreateWebhook creates a webhook whose two times are equal [RG-117]. A bad name, address or event is ErrInvalid
	// [RG-118].
	CreateWebhook(ctx context.Context, spec WebhookSpec) (Webhook, error)

	// Webhook returns a webhook with its secret; an unknown or deleted one is ErrNotFound and named [RG-119].
	Webhook(ctx context.Context, id WebhookID) (Webhook, error)

	// UpdateWebhook changes a webhook, advances its UpdatedAt and returns it [RG-120]. Errors are those of creation, without
	// effect, and ErrNotFound.
	UpdateWebhook(ctx context.Context, id WebhookID, change WebhookChange) (Webhook, error)

	// DeleteWebhook removes a webhook; a second time is ErrNotFound [RG-121].
	DeleteWebhook(ctx context.Context, id WebhookID) error

	// SearchWebhooks lists the webhooks, or those of an event, page by page [RG-122].
	SearchWebhooks(ctx context.Context, query WebhookQuery) (Page[Webhook], error)
}
