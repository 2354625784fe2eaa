package registry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// mlflowScheme reports the schemes that MLflow knows (mlflow/store/artifact/artifact_repository_registry.py,
// mlflow/tracking/_tracking_service/utils.py) and words that it takes for a store. Who writes such a word alone does not
// mean a folder.
func mlflowScheme(word string) bool {
	return slices.Contains([]string{
		"s3", "r2", "b2", "gs", "wasb", "wasbs", "abfs", "abfss", "ftp", "sftp", "dbfs", "hdfs", "viewfs", "runs", "models",
		"http", "https", "mlflow-artifacts", "databricks", "databricks-uc", "uc", "sqlite", "postgresql", "postgres", "mysql",
		"mssql", "file",
	}, word)
}

// unreadable refuses a URI without a scheme that is meant to have one.
func unreadable(u core.URI) error {
	before, _, found := strings.Cut(u.Raw(), "://")
	if !found || len(before) == 1 { // a drive
		return nil
	}
	return core.Invalid("uri", "%q is no scheme: it must be a letter, then letters, digits, +, - or .", short(before))
}

// schemeAlone is the error for a URI that names a scheme and no store. It must not become a folder of that name.
func schemeAlone(scheme string, rule Rule) error {
	return core.Invalid("uri", "%q is the name of a scheme and names no store: write %s, or ./%s for a folder of that name",
		scheme, rule.form(scheme), scheme)
}

// unknown is the error for a scheme that nobody serves.
func (r *Resolver) unknown(u core.URI, scheme string) error {
	known := r.Schemes()
	text := fmt.Sprintf("no store serves the scheme %q of %s", short(scheme), short(u.String()))
	if near := nearest(scheme, known); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	if len(known) == 0 {
		text += "; this program has no stores linked in"
	} else {
		text += "; known schemes: " + strings.Join(known, ", ")
	}
	if slices.Contains(known, "file") {
		text += ", and plain paths"
	}
	text += ". Other stores come as plugins: install the one that serves this scheme, as its documentation says"
	return &core.Error{Code: core.InvalidArgument, Op: "open", Key: short(scheme), Err: errorf("%s", text)}
}

// nearest finds the known scheme that a typing error may have made of: one or two letters off, and less than half of them.
func nearest(scheme string, known []string) string {
	const most = 2
	if len(scheme) > 32 {
		return ""
	}
	best, found := most+1, ""
	for _, candidate := range known {
		if d := distance(scheme, candidate); d < best && 2*d < len(candidate) {
			best, found = d, candidate
		}
	}
	return found
}

// distance is Levenshtein's: how many letters to insert, delete or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
