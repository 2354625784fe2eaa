package server

import (
	"strings"

	"github.com/mlstore/mlstore/core"
)

// exampleOf is what a webhook is told to try it.
func exampleOf(e core.WebhookEvent) any {
	const name, version, key, value, alias, about = "example", "1", "example_key", "example_value", "champion", "An example"
	text, tags := value, map[string]string{key: value}
	description := about
	if e.Action == "deleted" {
		switch e.Entity {
		case "model_version_tag", "prompt_version_tag":
			return changedTag{Name: name, Version: version, Key: key}
		case "prompt_tag":
			return changedTag{Name: name, Key: key}
		}
		return changedAlias{Name: name, Alias: alias}
	}
	switch e.Entity {
	case "registered_model", "prompt":
		return createdModel{name, tags, about}
	case "model_version":
		run := strings.Repeat("0123456789abcdef", 2)
		return createdVersion{name, version, "models:/m-" + run, &run, tags, &description}
	case "prompt_version":
		template := "Hello {{name}}!"
		return createdPromptVersion{name, version, &template, tags, &description}
	case "model_version_tag", "prompt_version_tag":
		return changedTag{Name: name, Version: version, Key: key, Value: &text}
	case "prompt_tag":
		return changedTag{Name: name, Key: key, Value: &text}
	case "model_version_alias", "prompt_alias":
		return changedAlias{Name: name, Alias: alias, Version: version}
	}
	return map[string]any{"budget_policy_id": name, "budget_amount": 100.0, "current_spend": 101.5}
}
