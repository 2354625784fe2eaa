package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/registryv1"
)

type webhooksServer struct {
	registryv1.UnimplementedWebhooksServiceServer
}

func (webhooksServer) CreateWebhook(
	ctx context.Context, r *registryv1.CreateWebhookRequest,
) (*registryv1.CreateWebhookResponse, error) {
	store, err := abilityOf[core.Webhooks](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	made, err := store.CreateWebhook(ctx, core.WebhookSpec{
		Name: r.GetName(), Description: r.GetDescription(), URL: r.GetUrl(), Events: each(r.GetEvents(), coreEvent),
		Status: core.WebhookStatus(r.GetStatus()), Secret: core.NewSecret(r.GetSecret()),
	})
	return &registryv1.CreateWebhookResponse{Webhook: pbWebhook(made)}, err
}

func (webhooksServer) GetWebhook(ctx context.Context, r *registryv1.GetWebhookRequest) (*registryv1.GetWebhookResponse, error) {
	store, err := abilityOf[core.Webhooks](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	found, err := store.Webhook(ctx, core.WebhookID(r.GetId()))
	return &registryv1.GetWebhookResponse{Webhook: pbWebhook(found)}, err
}

func (webhooksServer) UpdateWebhook(
	ctx context.Context, r *registryv1.UpdateWebhookRequest,
) (*registryv1.UpdateWebhookResponse, error) {
	store, err := abilityOf[core.Webhooks](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	change := core.WebhookChange{
		Name: r.GetName(), Description: r.Description, URL: r.GetUrl(), Events: each(r.GetEvents(), coreEvent),
		Status: core.WebhookStatus(r.GetStatus()),
	}
	if r.Secret != nil {
		change.Secret = new(core.NewSecret(r.GetSecret()))
	}
	changed, err := store.UpdateWebhook(ctx, core.WebhookID(r.GetId()), change)
	return &registryv1.UpdateWebhookResponse{Webhook: pbWebhook(changed)}, err
}

func (webhooksServer) DeleteWebhook(
	ctx context.Context, r *registryv1.DeleteWebhookRequest,
) (*registryv1.DeleteWebhookResponse, error) {
	store, err := abilityOf[core.Webhooks](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	return &registryv1.DeleteWebhookResponse{}, store.DeleteWebhook(ctx, core.WebhookID(r.GetId()))
}

func (webhooksServer) SearchWebhooks(
	ctx context.Context, r *registryv1.SearchWebhooksRequest,
) (*registryv1.SearchWebhooksResponse, error) {
	store, err := abilityOf[core.Webhooks](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	page, err := store.SearchWebhooks(ctx, core.WebhookQuery{Event: coreEvent(r.GetEvent()), PageOptions: corePage(r.GetPage())})
	return &registryv1.SearchWebhooksResponse{Webhooks: each(page.Items, pbWebhook), Next: page.Next}, err
}

// CreateWebhook creates a webhook.
func (s *registry) CreateWebhook(ctx context.Context, spec core.WebhookSpec) (core.Webhook, error) {
	reply, err := s.webhooks.CreateWebhook(ctx, &registryv1.CreateWebhookRequest{
		Name: spec.Name, Description: spec.Description, Url: spec.URL, Events: each(spec.Events, pbEvent),
		Status: string(spec.Status), Secret: spec.Secret.Reveal(),
	})
	if err != nil {
		return core.Webhook{}, err
	}
	made := coreWebhook(reply.GetWebhook())
	return answer(made, s.blame(checkID("webhook", made.ID)))
}

// webhookAnswer is for calls that name their webhook.
func (r *remote) webhookAnswer(asked core.WebhookID, pb *registryv1.Webhook, err error) (core.Webhook, error) {
	if err != nil {
		return core.Webhook{}, err
	}
	w := coreWebhook(pb)
	return answer(w, r.blame(checkSame("webhook", asked, w.ID)))
}

// Webhook returns a webhook.
func (s *registry) Webhook(ctx context.Context, id core.WebhookID) (core.Webhook, error) {
	reply, err := s.webhooks.GetWebhook(ctx, &registryv1.GetWebhookRequest{Id: string(id)})
	return s.webhookAnswer(id, reply.GetWebhook(), err)
}

// UpdateWebhook changes a webhook.
func (s *registry) UpdateWebhook(ctx context.Context, id core.WebhookID, change core.WebhookChange) (core.Webhook, error) {
	request := &registryv1.UpdateWebhookRequest{
		Id: string(id), Name: change.Name, Description: change.Description, Url: change.URL,
		Events: each(change.Events, pbEvent), Status: string(change.Status),
	}
	if change.Secret != nil {
		request.Secret = new(change.Secret.Reveal())
	}
	reply, err := s.webhooks.UpdateWebhook(ctx, request)
	return s.webhookAnswer(id, reply.GetWebhook(), err)
}

// DeleteWebhook deletes a webhook.
func (s *registry) DeleteWebhook(ctx context.Context, id core.WebhookID) error {
	_, err := s.webhooks.DeleteWebhook(ctx, &registryv1.DeleteWebhookRequest{Id: string(id)})
	return err
}

// SearchWebhooks lists webhooks.
func (s *registry) SearchWebhooks(ctx context.Context, q core.WebhookQuery) (core.Page[core.Webhook], error) {
	request := &registryv1.SearchWebhooksRequest{Page: pbPage(q.PageOptions)}
	if q.Event != (core.WebhookEvent{}) {
		request.Event = pbEvent(q.Event)
	}
	reply, err := s.webhooks.SearchWebhooks(ctx, request)
	if err != nil {
		return core.Page[core.Webhook]{}, err
	}
	page := core.Page[core.Webhook]{Items: each(reply.GetWebhooks(), coreWebhook), Next: reply.GetNext()}
	return answer(page, s.blame(checkPage(len(page.Items), page.Next, q.PageOptions, core.WebhookPage())))
}

func pbWebhook(w core.Webhook) *registryv1.Webhook {
	return &registryv1.Webhook{
		Id: string(w.ID), Name: w.Name, Description: w.Description, Url: w.URL, Events: each(w.Events, pbEvent),
		Status: string(w.Status), Secret: w.Secret.Reveal(), Sealed: w.Sealed, CreatedAt: int64(w.CreatedAt),
		UpdatedAt: int64(w.UpdatedAt),
	}
}

func coreWebhook(pb *registryv1.Webhook) core.Webhook {
	return core.Webhook{
		ID: core.WebhookID(pb.GetId()), Name: pb.GetName(), Description: pb.GetDescription(), URL: pb.GetUrl(),
		Events: each(pb.GetEvents(), coreEvent), Status: core.WebhookStatus(pb.GetStatus()),
		Secret: core.NewSecret(pb.GetSecret()), Sealed: pb.GetSealed(), CreatedAt: core.Millis(pb.GetCreatedAt()),
		UpdatedAt: core.Millis(pb.GetUpdatedAt()),
	}
}

func pbEvent(e core.WebhookEvent) *registryv1.WebhookEvent {
	return &registryv1.WebhookEvent{Entity: e.Entity, Action: e.Action}
}

func coreEvent(pb *registryv1.WebhookEvent) core.WebhookEvent {
	return core.WebhookEvent{Entity: pb.GetEntity(), Action: pb.GetAction()}
}
