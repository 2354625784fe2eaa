package core

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// Bounds of webhooks: what the columns of MLflow's schema hold (mlflow/store/model_registry/dbmodels/models.py), and the
// longest name of mlflow/utils/validation.py.
const (
	MostWebhookName   = 63
	MostWebhookText   = 1000 // code points of a description
	MostWebhookURL    = 500  // code points
	MostWebhookSecret = 687  // bytes: what 1000 characters hold when encrypted
)

// WebhookPage is how many webhooks a page has.
func WebhookPage() Bound { return Bound{Default: 100, Max: 1000} }

// CheckWebhookSpec refuses a bad webhook, and returns a good one with its events sorted, each once, and its status filled
// in.
func CheckWebhookSpec(s WebhookSpec) (WebhookSpec, error) {
	s.Status = cmp.Or(s.Status, WebhookActive)
	var err error
	if s.Events, err = checkWebhookEvents(s.Events); err != nil {
		return s, err
	}
	return s, first(
		checkWebhookName(s.Name), checkText("description", s.Description, MostWebhookText), checkWebhookURL(s.URL),
		checkWebhookStatus(s.Status), checkWebhookSecret(s.Secret),
	)
}

// CheckWebhookChange refuses a bad change, and returns a good one with its events sorted, each once.
func CheckWebhookChange(c WebhookChange) (WebhookChange, error) {
	var err error
	if len(c.Events) > 0 {
		if c.Events, err = checkWebhookEvents(c.Events); err != nil {
			return c, err
		}
	}
	if c.Name != "" {
		err = checkWebhookName(c.Name)
	}
	if err == nil && c.Description != nil {
		err = checkText("description", *c.Description, MostWebhookText)
	}
	if err == nil && c.URL != "" {
		err = checkWebhookURL(c.URL)
	}
	if err == nil && c.Status != "" {
		err = checkWebhookStatus(c.Status)
	}
	if err == nil && c.Secret != nil {
		err = checkWebhookSecret(*c.Secret)
	}
	return c, err
}

// CheckWebhookQuery refuses an event that there is not, and returns how many webhooks the page has.
func CheckWebhookQuery(q WebhookQuery) (int, error) {
	if q.Event != (WebhookEvent{}) {
		if err := CheckWebhookEvent(q.Event); err != nil {
			return 0, err
		}
	}
	return CheckPage(q.PageOptions, WebhookPage())
}

// CheckWebhookEvent refuses an event that there is not.
func CheckWebhookEvent(e WebhookEvent) error {
	if !slices.Contains(WebhookEvents(), e) {
		return fieldError("events", "Invalid action '%s' for entity '%s': there is no such event; there are %v",
			short(e.Action), short(e.Entity), WebhookEvents())
	}
	return nil
}

// Apply changes a webhook, at the time given, by a change that has been checked.
func (c WebhookChange) Apply(w *Webhook, at Millis) {
	w.Name, w.URL, w.Status = cmp.Or(c.Name, w.Name), cmp.Or(c.URL, w.URL), cmp.Or(c.Status, w.Status)
	if c.Description != nil {
		w.Description = *c.Description
	}
	if len(c.Events) > 0 {
		w.Events = slices.Clone(c.Events)
	}
	if c.Secret != nil {
		w.Secret, w.Sealed = *c.Secret, false
	}
	w.UpdatedAt = at
}

func checkWebhookName(name string) error {
	alphanumeric := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	good := name != "" && len(name) <= MostWebhookName && alphanumeric(name[0]) && alphanumeric(name[len(name)-1])
	for i := 0; good && i < len(name); i++ {
		good = alphanumeric(name[i]) || strings.IndexByte("._-", name[i]) >= 0
	}
	if !good {
		return fieldError("name", "Webhook name %q is invalid. It must start and end with a letter or digit, have at most %d "+
			"characters, and contain only letters, digits, dots, underscores and hyphens", short(name), MostWebhookName)
	}
	return nil
}

// checkWebhookURL refuses what is no address that a request could go to. Whether one may go there is the server's matter.
func checkWebhookURL(text string) error {
	if err := checkText("url", text, MostWebhookURL); err != nil {
		return err
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || strings.ContainsAny(text, " \t\\"):
		return fieldError("url", "Invalid webhook URL %q: write scheme://host/path", short(text))
	case u.Scheme != "http" && u.Scheme != "https":
		return fieldError("url", "Invalid webhook URL scheme %q: it must be https or http", short(u.Scheme))
	case u.User != nil:
		return fieldError("url", "a webhook URL takes no user or password: whoever lists webhooks would see them; use its secret")
	case u.Fragment != "":
		return fieldError("url", "a webhook URL takes no fragment")
	}
	return nil
}

func checkWebhookStatus(s WebhookStatus) error {
	if s != WebhookActive && s != WebhookDisabled {
		return fieldError("status", "Invalid webhook status %q: it must be ACTIVE or DISABLED", short(string(s)))
	}
	return nil
}

func checkWebhookSecret(s Secret) error {
	if err := checkText("secret", s.Reveal(), 0); err != nil {
		return err
	}
	if len(s.Reveal()) > MostWebhookSecret {
		return fieldError("secret", "'secret' exceeds the maximum length of %d bytes", MostWebhookSecret)
	}
	return nil
}

func checkWebhookEvents(events []WebhookEvent) ([]WebhookEvent, error) {
	if len(events) == 0 {
		return nil, fieldError("events", "Webhook events cannot be empty")
	}
	for _, e := range events {
		if err := CheckWebhookEvent(e); err != nil {
			return nil, err
		}
	}
	return SortedWebhookEvents(events), nil
}

// SortedWebhookEvents returns those of the events that there are, in the order of WebhookEvents, each once.
func SortedWebhookEvents(events []WebhookEvent) []WebhookEvent {
	return slices.DeleteFunc(WebhookEvents(), func(e WebhookEvent) bool { return !slices.Contains(events, e) })
}
