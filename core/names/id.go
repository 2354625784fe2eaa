package names

import (
	"fmt"
	"unicode/utf8"
)

// Longest ids, in code points.
const (
	maxRunID         = 256
	maxExperimentID  = 64
	maxLoggedModelID = 256
)

// RunID checks the spelling of a run id: an ASCII letter or digit, then up to 255 word characters and dashes. Such an id is
// one safe path component.
//
// Source: MLflow, mlflow/utils/validation.py.
func RunID(id string) error { return verdict("run id", id, idRule(id, maxRunID)) }

// ExperimentID checks the spelling of an experiment id: an ASCII letter or digit, then up to 63 word characters and dashes.
// Stores that number their experiments refuse more.
//
// Source: MLflow, mlflow/utils/validation.py.
func ExperimentID(id string) error {
	return verdict("experiment id", id, idRule(id, maxExperimentID))
}

// LoggedModelID checks the spelling of a logged model's id by the rule of run ids. MLflow's own are "m-" and 32 hexadecimal
// digits, but it reads any single path component.
//
// Source: MLflow 3.18, mlflow/store/tracking/file_store.py.
func LoggedModelID(id string) error {
	return verdict("logged model id", id, idRule(id, maxLoggedModelID))
}

func idRule(id string, limit int) string {
	switch {
	case id == "":
		return ruleEmpty
	case !utf8.ValidString(id):
		return ruleUTF8
	case !isASCIIAlnum(id[0]):
		return "must start with an ASCII letter or digit"
	case !only(id, isWordOrDash):
		return "may only contain letters, numbers, underscores and dashes"
	case utf8.RuneCountInString(id) > limit:
		return fmt.Sprintf("must not be longer than %d characters", limit)
	default:
		return ""
	}
}
