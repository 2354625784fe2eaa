package server

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server/hook"
)

// webhookRoutes are for administrators, as with MLflow: a webhook makes the server send requests.
func (s *Server) webhookRoutes() []route {
	return []route{
		json(rest.WebhooksCreate, administrators[rest.CreateWebhook], s.createWebhook),
		json(rest.WebhooksList, administrators[rest.ListWebhooks], s.listWebhooks),
		json(rest.WebhooksGet, administrators[rest.WebhookID], s.getWebhook),
		json(rest.WebhooksUpdate, administrators[rest.UpdateWebhook], s.updateWebhook),
		json(rest.WebhooksDelete, administrators[rest.WebhookID], s.deleteWebhook),
		json(rest.WebhooksTest, administrators[rest.TestWebhook], s.testWebhook),
	}
}

func administrators[Q any](Q) []need { return []need{{permission: admin}} }

func (s *Server) webhooks() (core.Webhooks, error) {
	return registryAbility[core.Webhooks](s, "webhooks")
}

func noWebhook(err error, id string) error {
	return phrased(err, core.NotFound, "Webhook with ID %s not found.", cut(id))
}

func (s *Server) createWebhook(c *call, q rest.CreateWebhook) (rest.WebhookAnswer, error) {
	webhooks, err := s.webhooks()
	if err != nil {
		return rest.WebhookAnswer{}, err
	}
	spec, err := core.CheckWebhookSpec(q.Spec())
	if err != nil {
		return rest.WebhookAnswer{}, err
	}
	if err := s.config.Webhooks.CheckURL(c.ctx(), spec.URL); err != nil {
		return rest.WebhookAnswer{}, err
	}
	w, err := webhooks.CreateWebhook(c.ctx(), spec)
	s.hooks.Forget()
	return rest.WebhookAnswer{Webhook: rest.WebhookOf(w)}, err
}

func (s *Server) listWebhooks(c *call, q rest.ListWebhooks) (rest.WebhooksPage, error) {
	webhooks, err := s.webhooks()
	if err != nil {
		return rest.WebhooksPage{}, err
	}
	limit, err := pageLimit(q.MaxResults)
	if err != nil {
		return rest.WebhooksPage{}, err
	}
	page, err := webhooks.SearchWebhooks(c.ctx(), core.WebhookQuery{
		PageOptions: core.PageOptions{Limit: limit, Token: q.PageToken},
	})
	return rest.WebhooksPageOf(page), err
}

func (s *Server) webhook(c *call, id string) (core.Webhook, error) {
	webhooks, err := s.webhooks()
	if err != nil {
		return core.Webhook{}, err
	}
	w, err := webhooks.Webhook(c.ctx(), core.WebhookID(id))
	return w, noWebhook(err, id)
}

func (s *Server) getWebhook(c *call, q rest.WebhookID) (rest.WebhookAnswer, error) {
	w, err := s.webhook(c, q.WebhookID)
	return rest.WebhookAnswer{Webhook: rest.WebhookOf(w)}, err
}

func (s *Server) updateWebhook(c *call, q rest.UpdateWebhook) (rest.WebhookAnswer, error) {
	webhooks, err := s.webhooks()
	if err != nil {
		return rest.WebhookAnswer{}, err
	}
	change, err := core.CheckWebhookChange(q.Change())
	if err != nil {
		return rest.WebhookAnswer{}, err
	}
	if change.URL != "" {
		if err := s.config.Webhooks.CheckURL(c.ctx(), change.URL); err != nil {
			return rest.WebhookAnswer{}, err
		}
	}
	w, err := webhooks.UpdateWebhook(c.ctx(), core.WebhookID(q.WebhookID), change)
	s.hooks.Forget()
	return rest.WebhookAnswer{Webhook: rest.WebhookOf(w)}, noWebhook(err, q.WebhookID)
}

func (s *Server) deleteWebhook(c *call, q rest.WebhookID) (rest.None, error) {
	webhooks, err := s.webhooks()
	if err != nil {
		return rest.None{}, err
	}
	err = webhooks.DeleteWebhook(c.ctx(), core.WebhookID(q.WebhookID))
	s.hooks.Forget()
	return rest.None{}, noWebhook(err, q.WebhookID)
}

// testWebhook delivers an example of an event, once, and answers how that ended.
func (s *Server) testWebhook(c *call, q rest.TestWebhook) (rest.TestWebhookAnswer, error) {
	w, err := s.webhook(c, q.WebhookID)
	if err != nil {
		return rest.TestWebhookAnswer{}, err
	}
	var event core.WebhookEvent
	switch {
	case q.Event != nil:
		event = rest.CoreEvents([]rest.WebhookEvent{*q.Event})[0]
	case len(w.Events) > 0:
		event = w.Events[0]
	}
	if err := core.CheckWebhookEvent(event); err != nil {
		return rest.TestWebhookAnswer{}, err
	}
	result, err := s.hooks.Try(c.ctx(), w, event, exampleOf(event))
	answer := rest.WebhookResult{Success: err == nil && result.OK()}
	if err != nil {
		answer.ErrorMessage = "Failed to test webhook: " + rest.MessageOf(err)
		return rest.TestWebhookAnswer{Result: answer}, nil
	}
	status := rest.Int(result.Status)
	answer.ResponseStatus, answer.ResponseBody = &status, result.Body
	return rest.TestWebhookAnswer{Result: answer}, nil
}

// tell lets webhooks know what happened.
func (s *Server) tell(e hook.Event) { s.hooks.Tell(e) }
