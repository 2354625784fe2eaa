package server

import (
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server/hook"
)

// What webhooks are told, in MLflow's words (mlflow/webhooks/types.py). Fields that are null there are there when empty.

type createdModel struct {
	Name        string            `json:"name"`
	Tags        map[string]string `json:"tags"`
	Description string            `json:"description"`
}

type createdVersion struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Source      string            `json:"source"`
	RunID       *string           `json:"run_id"`
	Tags        map[string]string `json:"tags"`
	Description *string           `json:"description"`
}

type createdPromptVersion struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Template    *string           `json:"template"`
	Tags        map[string]string `json:"tags"`
	Description *string           `json:"description"`
}

type changedTag struct {
	Name    string  `json:"name"`
	Version string  `json:"version,omitempty"`
	Key     string  `json:"key"`
	Value   *string `json:"value,omitempty"` // nil when it was deleted
}

type changedAlias struct {
	Name    string `json:"name"`
	Alias   string `json:"alias"`
	Version string `json:"version,omitempty"`
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Tags of prompts that webhooks do not see (mlflow/prompt/constants.py).
const (
	promptTextTag = "mlflow.prompt.text"
	promptTypeTag = "_mlflow_prompt_type"
)

// visible are the tags of a prompt that are its author's.
func visible(tags map[string]string) map[string]string {
	seen := map[string]string{}
	for key, value := range tags {
		if key != core.PromptTag && key != promptTextTag && key != promptTypeTag {
			seen[key] = value
		}
	}
	return seen
}

func modelCreated(q rest.CreateModel, tags map[string]string) hook.Event {
	if isPrompt(tags) {
		return hook.Event{
			Model: core.WebhookEvent{Entity: "prompt", Action: "created"}, Data: createdModel{q.Name, visible(tags), q.Description},
		}
	}
	return hook.Event{
		Model: core.WebhookEvent{Entity: "registered_model", Action: "created"}, Data: createdModel{q.Name, tags, q.Description},
	}
}

func modelTagSet(q rest.SetModelTag) hook.Event {
	return hook.Event{
		Prompt: core.WebhookEvent{Entity: "prompt_tag", Action: "set"}, Name: q.Name,
		Data: changedTag{Name: q.Name, Key: q.Key, Value: &q.Value},
	}
}

func modelTagDeleted(q rest.DeleteModelTag) hook.Event {
	return hook.Event{
		Prompt: core.WebhookEvent{Entity: "prompt_tag", Action: "deleted"}, Name: q.Name, Data: changedTag{Name: q.Name, Key: q.Key},
	}
}

func versionCreated(v core.Version) hook.Event {
	version := strconv.Itoa(v.Number)
	if isPrompt(v.Tags) {
		var template *string
		if text, there := v.Tags[promptTextTag]; there {
			template = &text
		}
		return hook.Event{
			Model: core.WebhookEvent{Entity: "prompt_version", Action: "created"},
			Data:  createdPromptVersion{v.Model, version, template, visible(v.Tags), orNull(v.Description)},
		}
	}
	return hook.Event{
		Model: core.WebhookEvent{Entity: "model_version", Action: "created"},
		Data:  createdVersion{v.Model, version, v.Source, orNull(string(v.RunID)), v.Tags, orNull(v.Description)},
	}
}

func versionTagSet(q rest.SetVersionTag) hook.Event {
	return hook.Event{
		Model:  core.WebhookEvent{Entity: "model_version_tag", Action: "set"},
		Prompt: core.WebhookEvent{Entity: "prompt_version_tag", Action: "set"}, Name: q.Name,
		Data: changedTag{Name: q.Name, Version: q.Version, Key: q.Key, Value: &q.Value},
	}
}

func versionTagDeleted(q rest.DeleteVersionTag) hook.Event {
	return hook.Event{
		Model:  core.WebhookEvent{Entity: "model_version_tag", Action: "deleted"},
		Prompt: core.WebhookEvent{Entity: "prompt_version_tag", Action: "deleted"}, Name: q.Name,
		Data: changedTag{Name: q.Name, Version: q.Version, Key: q.Key},
	}
}

func aliasCreated(q rest.SetAlias) hook.Event {
	return hook.Event{
		Model:  core.WebhookEvent{Entity: "model_version_alias", Action: "created"},
		Prompt: core.WebhookEvent{Entity: "prompt_alias", Action: "created"}, Name: q.Name,
		Data: changedAlias{Name: q.Name, Alias: q.Alias, Version: q.Version},
	}
}

func aliasDeleted(q rest.Alias) hook.Event {
	return hook.Event{
		Model:  core.WebhookEvent{Entity: "model_version_alias", Action: "deleted"},
		Prompt: core.WebhookEvent{Entity: "prompt_alias", Action: "deleted"}, Name: q.Name,
		Data: changedAlias{Name: q.Name, Alias: q.Alias},
	}
}
