package names

import "strings"

// VersionSource checks the source of a model version as a store sees it: any URI or local path that climbs nowhere. The
// store keeps it verbatim; whether a remote caller may name a local path is the server's decision.
//
// Source: MLflow, mlflow/server/handlers.py; security rule R3.
func VersionSource(uri string) error {
	rule := storedURIRule(uri)
	if rule == "" {
		rule = fileHostRule(splitURI(uri))
	}
	return verdict("version source", redactURI(uri), rule)
}

// fileHostRule: a file URI names this machine (RFC 8089, section 2; MLflow: mlflow/utils/uri.py).
func fileHostRule(u uriParts) string {
	if u.scheme != "file" {
		return ""
	}
	host, _, _ := strings.Cut(u.authority, ":")
	switch strings.ToLower(host) {
	case "", ".", "localhost", "127.0.0.1":
		return ""
	default:
		return "must not be a file URI of another host"
	}
}
