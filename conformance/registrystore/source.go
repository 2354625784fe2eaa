package registrystore

import (
	"errors"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func versionSourceCases() []entry {
	return []entry{
		{
			ID: "RG-033", Name: "version/source-verbatim", Rule: "A source comes back as it was given, byte by byte.",
			Needs: []core.Capability{core.VersionVerbatim}, Run: sourceVerbatim,
		},
		{
			ID: "RG-034", Name: "version/source-traversal", Rule: "A source that climbs, however it is spelled, is ErrInvalid.",
			Why: "MLflow served files outside of the artifact root (CVE-2023-1177 and its successors)", Run: sourceTraversal,
		},
		{
			ID: "RG-036", Name: "version/source-scheme-case", Rule: "FILE: and File: are file:, and get no weaker checks.",
			Run: sourceSchemeCase,
		},
		{
			ID: "RG-037", Name: "version/download-uri", Rule: "The location to download from is the one given, else the source.",
			Needs: []core.Capability{core.VersionVerbatim}, Run: sourceDownload,
		},
		{ID: "RG-038", Name: "version/run-link-optional", Rule: "A version needs no run.", Run: sourceWithoutRun},
		{
			ID: "RG-110", Name: "version/field-limits", Rule: "Source and description may be as long as announced, and no longer.",
			Run: sourceLimits,
		},
	}
}

func sourceVerbatim(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	for _, source := range []string{
		"s3://bucket/path/to/model", "S3://Bucket/Path", "s3://b/k/", "s3://b//k", "s3://b/a b", "s3://b/100%", "s3://b/a%20b",
		"s3://b/é", "gs://b/k?generation=1", "s3://b/a#b", "wasbs://container@account.blob.core.windows.net/x", "dbfs:/a/b",
		"models:/m/1",
		"models:/m-0123456789abcdef0123456789abcdef", "runs:/0123456789abcdef0123456789abcdef/model",
		"mlflow-artifacts:/1/r/artifacts/m", "file:///abs/path", "/abs/path", "relative/path", "dummy-source",
		"http://host/api/2.0/artifacts",
		"s3://b/a..b/...",
	} {
		v := newVersion(t, e, name, core.VersionSpec{Source: source})
		conformance.Equal(t, "source", v.Source, source)
		sawVersion(t, e, v)
	}
}

// climbing are the tails of sources that lead upwards once somebody decodes them.
func climbing() []string {
	return []string{
		"..", "../x", "a/../../x", "%2e%2e/x", "%2E%2e/x", ".%2e/x", "%252e%252e/x", "%25252e%25252e/x", "..%2fx", "..%252fx",
		"a%2f..%2fx", "x%00", "x%2500", "x\x00", `..\x`, "..%5cx",
	}
}

func refuseSource(t check, e *env, model, source string) {
	t.Helper()
	_, err := e.Store.CreateVersion(t.Context(), model, core.VersionSpec{Source: source})
	conformance.Refused(t, fmt.Sprintf("CreateVersion with the source %q", source), err, core.ErrInvalid)
	_, err = e.Store.CreateVersion(t.Context(), model, core.VersionSpec{Source: "s3://b/k", Location: source})
	if source != "" {
		conformance.Refused(t, fmt.Sprintf("CreateVersion with the location %q", source), err, core.ErrInvalid)
	}
}

func sourceTraversal(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	for _, start := range []string{"s3://bucket/models/", "file:///srv/models/", "mlflow-artifacts:/", "s3:", "", "models/"} {
		for _, tail := range climbing() {
			refuseSource(t, e, name, start+tail)
		}
	}
	_, err := e.Store.CreateVersion(t.Context(), name, core.VersionSpec{})
	conformance.Refused(t, "CreateVersion without a source", err, core.ErrInvalid)
	sawVersions(t, e, core.VersionQuery{Filter: "name = '" + name + "'"})
	conformance.Equal(t, "the first number after refusals", newVersion(t, e, name, core.VersionSpec{}).Number, 1)
}

func sourceSchemeCase(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	for _, scheme := range []string{"FILE", "File", "fILE", "file"} {
		for _, tail := range []string{"://elsewhere.example/x", ":///srv/../etc/passwd", ":/srv/%2e%2e/x", "://localhost/../x"} {
			refuseSource(t, e, name, scheme+tail)
		}
		source := scheme + ":///srv/models/m"
		v, err := e.Store.CreateVersion(t.Context(), name, core.VersionSpec{Source: source})
		if errors.Is(err, core.ErrInvalid) {
			continue
		}
		conformance.NoError(t, "CreateVersion, which is not ErrInvalid", err)
		conformance.Equal(t, "source", v.Source, source)
		sawVersion(t, e, v)
	}
}

func sourceDownload(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	plain := newVersion(t, e, name, core.VersionSpec{Source: "s3://b/k"})
	conformance.Equal(t, "DownloadURI without a location", plain.DownloadURI(), "s3://b/k")
	const logged = "models:/m-0123456789abcdef0123456789abcdef"
	located := newVersion(t, e, name, core.VersionSpec{Source: logged, Location: "s3://b/real"})
	conformance.Equal(t, "source", located.Source, logged)
	conformance.Equal(t, "DownloadURI", located.DownloadURI(), "s3://b/real")
	same := newVersion(t, e, name, core.VersionSpec{Source: "s3://b/k", Location: "s3://b/k"})
	conformance.Equal(t, "a location that is the source", same.Location, "")
	sawVersion(t, e, plain)
	sawVersion(t, e, located)
	sawVersion(t, e, same)
}

func sourceWithoutRun(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	v := newVersion(t, e, name, core.VersionSpec{Source: "s3://b/k"})
	conformance.Equal(t, "run", v.RunID, "")
	conformance.Equal(t, "run link", v.RunLink, "")
	sawVersion(t, e, v)
	_, err := e.Store.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k", RunID: "../x"})
	conformance.Refused(t, "CreateVersion with a run id that is none", err, core.ErrInvalid)
}

func sourceLimits(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	if limit := e.Limits.VersionSource; limit > 0 {
		source := padded("s3://b/", limit)
		sawVersion(t, e, newVersion(t, e, name, core.VersionSpec{Source: source}))
		_, err := e.Store.CreateVersion(t.Context(), name, core.VersionSpec{Source: source + "ü"})
		conformance.Refused(t, "CreateVersion with a long source", err, core.ErrInvalid)
	}
	if limit := e.Limits.ModelDesc; limit > 0 {
		text := padded("", limit)
		v := newVersion(t, e, name, core.VersionSpec{Description: text})
		sawVersion(t, e, v)
		_, err := e.Store.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k", Description: text + "ü"})
		conformance.Refused(t, "CreateVersion with a long description", err, core.ErrInvalid)
		_, err = e.Store.UpdateVersion(t.Context(), refOf(v), core.VersionChange{Description: ptr(text + "ü")})
		conformance.Refused(t, "UpdateVersion with a long description", err, core.ErrInvalid)
		sawVersion(t, e, v)
	}
}
