package names

import (
	"strings"
	"unicode/utf8"
)

// ModelName checks the name of a registered model: not blank, no slash or colon (they separate the parts of a models:/ URI),
// and nothing that reads as another path (".", leading "..").
//
// Source: MLflow, mlflow/utils/validation.py.
func ModelName(name string) error {
	return verdict("model name", name, modelNameRule(name))
}

func modelNameRule(name string) string {
	if rule := freeTextRule(name); rule != "" {
		return rule
	}
	if strings.ContainsAny(name, "/:") {
		return `must not contain "/" or ":"`
	}
	return pathFormRule(name)
}

// loggedModelForbidden are the characters that MLflow keeps out of logged model names.
const loggedModelForbidden = `/:.%"'`

// LoggedModelName checks the name of a logged model (MLflow 3). A store that lets the caller leave the name out picks one
// and does not ask here.
//
// Source: MLflow, mlflow/utils/validation.py.
func LoggedModelName(name string) error {
	rule := ""
	switch {
	case name == "":
		rule = ruleEmpty
	case !utf8.ValidString(name):
		rule = ruleUTF8
	case strings.Contains(name, "\x00"):
		rule = ruleNUL
	case strings.ContainsAny(name, loggedModelForbidden):
		rule = `must not contain any of the characters / : . % " '`
	}
	return verdict("logged model name", name, rule)
}
