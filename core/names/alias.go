package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Alias checks the spelling of a model version alias: one or more word characters and dashes. Reading and deleting an alias
// need no more; setting one also needs [AliasReserved].
//
// Source: MLflow, mlflow/utils/validation.py; full match as since MLflow 3.18.
func Alias(alias string) error {
	return verdict("alias", alias, aliasRule(alias))
}

func aliasRule(alias string) string {
	switch {
	case alias == "":
		return ruleEmpty
	case !utf8.ValidString(alias):
		return ruleUTF8
	case !only(alias, isWordOrDash):
		return "may only contain letters, numbers, underscores and dashes"
	default:
		return ""
	}
}

// AliasReserved refuses the aliases that mean something by themselves: "latest" in any case, and the letter v in either case
// followed by digits of any script.
//
// Source: MLflow, mlflow/utils/validation.py; contract decision D-9.
func AliasReserved(alias string) error {
	rule := ""
	switch {
	case strings.EqualFold(alias, latest):
		rule = `must not be "latest", which always names the newest version`
	case len(alias) > 1 && (alias[0] == 'v' || alias[0] == 'V') && only(alias[1:], unicode.IsDigit):
		rule = `must not be "v" and a number, which reads as a version`
	}
	return verdict("alias", alias, rule)
}

// latest is the word that names the newest version of a model, in any case.
const latest = "latest"
