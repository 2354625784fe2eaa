package names

import "strings"

// RunsURI takes a URI of the form runs:/<run id>/<path> apart. The path is "" for the run's root. Nothing in it is
// percent-decoded.
//
// Source: MLflow, mlflow/store/artifact/runs_artifact_repo.py.
func RunsURI(uri string) (runID, path string, err error) {
	runID, path, rule := cutRunsURI(uri)
	if rule != "" {
		return "", "", verdict("runs URI", redactURI(uri), rule)
	}
	return runID, path, nil
}

func cutRunsURI(uri string) (runID, path, rule string) {
	rest, rule := cutReference(uri, "runs", "runs:/<run id>/<path>")
	if rule != "" {
		return "", "", rule
	}
	runID, path, _ = strings.Cut(rest, "/")
	if rule = idRule(runID, maxRunID); rule != "" {
		return "", "", "has a run id that " + rule
	}
	if path, rule = artifactDirRule(path); rule != "" {
		return "", "", "has a path that " + rule
	}
	return runID, path, ""
}

// cutReference checks what runs:/ and models:/ URIs have in common and returns what follows the first slash of the path.
func cutReference(uri, scheme, form string) (rest, rule string) {
	if rule = uriTextRule(uri); rule != "" {
		return "", rule
	}
	u := splitURI(uri)
	switch {
	case u.scheme != scheme:
		return "", "must have the form " + form
	case u.authority != "":
		return "", "must not name an authority (the part after //), which only an MLflow server of Databricks reads; use " + form
	case strings.ContainsAny(uri, "?#"):
		return "", `must not contain "?" or "#"`
	case len(u.path) < 2 || u.path[0] != '/':
		return "", "must have the form " + form
	default:
		return u.path[1:], ""
	}
}
