package names

import (
	"strings"
	"unicode/utf8"
)

// ExperimentName checks the name of an experiment: any text in valid UTF-8 that is not blank and without NUL, which
// PostgreSQL cannot keep. Slashes, quotes, line breaks and surrounding blanks are part of the name.
//
// Source: MLflow, mlflow/utils/validation.py; blank names are refused since MLflow 3.18.
func ExperimentName(name string) error {
	return verdict("experiment name", name, freeTextRule(name))
}

// freeTextRule is the rule for names that people choose freely.
func freeTextRule(s string) string {
	switch {
	case s == "":
		return ruleEmpty
	case !utf8.ValidString(s):
		return ruleUTF8
	case strings.Contains(s, "\x00"):
		return ruleNUL
	case isBlank(s):
		return ruleBlank
	default:
		return ""
	}
}
