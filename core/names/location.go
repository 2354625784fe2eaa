package names

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxLocation is the longest artifact location, in code points (MLflow: MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH).
const maxLocation = 2048

// ArtifactLocation checks the artifact location of an experiment: a URI or a local path, relative or absolute, without a
// fragment or path parameters, and not a runs:/ URI, which would point at itself. A store accepts local paths; whether a
// remote caller may name one is the server's decision.
//
// Source: MLflow, mlflow/server/handlers.py; security rule R3.
func ArtifactLocation(uri string) error {
	return verdict("artifact location", redactURI(uri), locationRule(uri))
}

func locationRule(uri string) string {
	if utf8.RuneCountInString(uri) > maxLocation {
		return fmt.Sprintf("must not be longer than %d characters", maxLocation)
	}
	if rule := storedURIRule(uri); rule != "" {
		return rule
	}
	u := splitURI(uri)
	switch {
	case u.scheme == "runs":
		return "must not be a runs:/ URI"
	case u.hasFragment:
		return `must not have a fragment ("#")`
	case strings.Contains(u.authority+u.path, ";"):
		return `must not have path parameters (";")`
	default:
		return ""
	}
}
