package attacks_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server"
)

// locations are places for artifacts that no client may name. OUTSIDE, OWN and EVIL stand for a folder beside the server's, one
// of the server's, and the host that listens.
func locations() map[string]string {
	places := map[string]string{
		"1":            "file:///etc",
		"1 outside":    "file://OUTSIDE",
		"2":            "OUTSIDE",
		"2 Windows":    `C:\`,
		"2 drive":      "C:/x",
		"3":            "file://EVIL/../../../../",
		"4":            "file://./etc",
		"5":            "http:///?/../../../../etc/",
		"6":            "//proc/self/root",
		"6 cwd":        "/proc/self/cwd",
		"6 fd":         "/dev/fd/3",
		"7":            "http:///#/../../../../etc/",
		"8":            "http://host#/../../etc/",
		"9":            "http://host/;..%2F..%2Fetc",
		"11 case":      "FILE:///etc",
		"11 opaque":    "file:etc",
		"11 backslash": `file:\\x`,
		"11 host":      "localhost:/x",
		"12":           "dbfs:/a?/../../etc",
		"12 params":    "dbfs:/a;/../etc",
		"U10":          " file:///etc",
		"U10 tab":      "\tfile:///etc",
		"U10 end":      "file:///etc\n",
		"U10 zero":     "\u200bfile:///etc",
		"U12":          "s3://bucket/../other",
		"U12 encoded":  "s3://bucket/a/%2e%2e/b",
		"U12 twice":    "s3://bucket/a/%252e%252e/b",
		"U14":          "s3://KEY:SECRETWORD@bucket/p",
		"U16":          "gs://b/../c",
		"U16 abfss":    "abfss://c@evil.example/p",
		"U22":          "runs:/../x",
		"U24":          "dbfs:/Volumes/../x",
		"U28":          "../../x://",
		"U28 slash":    "a/b://",
		"U36":          "s3://b/" + strings.Repeat("a", 2049),
		"U38":          "runs:/0123456789abcdef0123456789abcdef/x",
		"relative":     "../outside",
		"own records":  "OWN/mlruns/0",
		"own files":    "OWN/artifacts/0",
		"own file URI": "file://OWN/mlruns",
		"proxy":        "mlflow-artifacts:/../x",
		"proxy host":   "mlflow-artifacts://EVIL/%2e%2e/x",
		"proxy path":   "http://EVIL/api/2.0/mlflow-artifacts/artifacts/../x",
		"ftp":          "ftp://EVIL/a",
		"sftp":         "sftp://EVIL/a",
		"hdfs":         "hdfs://EVIL/a",
		"http":         "http://EVIL/a",
		"https":        "https://EVIL/a",
		"r2":           "r2://EVIL/a",
	}
	for _, host := range ssrfHosts() { // N01–N12
		places["N "+host] = "http://" + host + "/a"
	}
	return places
}

func ssrfHosts() []string {
	return []string{
		"169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "127.0.0.1:PORT", "127.1:PORT", "0x7f.1:PORT", "2130706433:PORT",
		"017700000001:PORT", "[::ffff:127.0.0.1]:PORT", "[::ffff:169.254.169.254]", "[::1]:PORT", "0.0.0.0:PORT", "localhost.:PORT",
	}
}

// fill puts this server's folders and hosts into a URI.
func (g *target) fill(uri string) string {
	_, port, _ := strings.Cut(g.evil, ":")
	return strings.NewReplacer(
		"OUTSIDE", filepath.ToSlash(g.outside), "OWN", filepath.ToSlash(g.dir), "EVIL", g.evil, "PORT", port,
	).Replace(uri)
}

func TestLocationsThatClientsMayNotName(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		for _, serving := range []bool{true, false} {
			t.Run(backend, func(t *testing.T) {
				t.Parallel()
				g := newTarget(t, backend, func(c *server.Config) {
					if !serving {
						c.ArtifactsDestination = ""
					}
				})
				for id, uri := range locations() {
					for _, api := range []string{"/api/2.0", "/ajax-api/2.0", "/api/2.0/preview"} {
						a := g.call("POST", api+"/mlflow/experiments/create", map[string]any{"name": "at " + id + api, "artifact_location": g.fill(uri)})
						if a.status != http.StatusBadRequest || a.code() != "INVALID_PARAMETER_VALUE" {
							t.Errorf("%s: %s: %d %.300s", id, uri, a.status, a.body)
						}
						if strings.Contains(a.body, "SECRETWORD") {
							t.Errorf("%s: the answer shows a password: %s", id, a.body)
						}
					}
				}
				a := g.call("POST", "/api/2.0/mlflow/experiments/search", map[string]any{"max_results": 1000})
				if strings.Contains(a.body, `"at `) {
					t.Errorf("an experiment was made: %s", a.body)
				}
			})
		}
	}
}

// What got into the store all the same, by an older server or another door, is judged again when it is used (R5).
func TestStoredLocationsAreJudgedAgain(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			_, made := g.runIn("stored")
			importer, ok := core.As[core.Importer](g.tracking)
			if !ok {
				t.Fatal("the store imports nothing")
			}
			run, err := g.tracking.Run(t.Context(), core.RunID(made))
			must(t, err)
			judged := 0
			for id, uri := range locations() {
				uri = g.fill(uri)
				if uri == "file:etc" || id == "own files" {
					continue // judged below: what lies in the server's own folders may be read
				}
				run.ID, run.ArtifactURI = core.NewRunID(), uri
				if err := importer.ImportRun(t.Context(), run); err != nil {
					continue // the store itself refuses it
				}
				judged++
				for _, call := range []struct{ method, path, body string }{
					{"GET", "/get-artifact?path=passwd&run_id=RUN", ""},
					{"GET", "/get-artifact?path=etc/passwd&run_id=RUN", ""},
					{"GET", "/get-artifact?path=canary&run_id=RUN", ""},
					{"GET", "/api/2.0/mlflow/artifacts/list?run_id=RUN", ""},
					{"GET", "/api/2.0/mlflow/artifacts/list?path=etc&run_id=RUN", ""},
					{"POST", "/ajax-api/2.0/mlflow/upload-artifact?path=canary&run_uuid=RUN", "overwritten"},
				} {
					a := g.send(call.method, strings.Replace(call.path, "RUN", string(run.ID), 1), call.body)
					if a.status < 400 || a.status >= 500 && a.status != http.StatusNotImplemented {
						if id == "own records" || id == "own file URI" {
							continue // a folder of MLflow's layout holds artifacts as well
						}
						t.Errorf("%s: %s %s: %d %.300s", uri, call.method, call.path, a.status, a.body)
					}
					if strings.Contains(a.body, "SECRETWORD") {
						t.Errorf("%s: the answer shows a password: %s", uri, a.body)
					}
				}
				for _, what := range []string{"upload", "download"} {
					a := g.call("POST", "/api/2.0/mlflow/artifacts/presigned-"+what+"-url", map[string]any{"run_id": run.ID, "path": "passwd"})
					if a.status < 400 {
						t.Errorf("%s: presigned %s: %d %s", uri, what, a.status, a.body)
					}
				}
			}
			if judged < 40 {
				t.Errorf("the store took only %d of them", judged)
			}
		})
	}
}

// Where a client may point is inside the proxy, or a bucket; and there it stays inside.
func TestLocationsThatClientsMayName(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "sqlite", nil)
	for _, uri := range []string{
		"mlflow-artifacts:/mine", "mlflow-artifacts:/a/b/", "http://EVIL/api/2.0/mlflow-artifacts/artifacts/mine", "s3://bucket/prefix",
		"mlflow-artifacts://EVIL/mine", "gs://bucket/prefix", "dbfs:/prefix",
	} {
		a := g.call("POST", "/api/2.0/mlflow/experiments/create", map[string]any{"name": uri, "artifact_location": g.fill(uri)})
		if a.status != http.StatusOK {
			t.Errorf("%s: %d %s", uri, a.status, a.body)
		}
		e := g.send("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name="+url.QueryEscape(uri), "")
		if !strings.Contains(e.body, strings.TrimSuffix(g.fill(uri), "/")) {
			t.Errorf("%s was kept as %s", uri, e.body)
		}
	}
}

func TestFoldersThatLieInOneAnother(t *testing.T) {
	t.Parallel()
	dir := filepath.ToSlash(t.TempDir())
	for name, c := range map[string]server.Config{
		"the same":        {ArtifactsDestination: dir + "/mlruns"},
		"inside":          {ArtifactsDestination: dir + "/mlruns/artifacts"},
		"around":          {ArtifactsDestination: dir},
		"around, as URI":  {ArtifactsDestination: "file://" + dir},
		"around the page": {ArtifactsDestination: dir + "/files", UIDir: dir + "/files/ui"},
	} {
		uri, err := core.ParseURI(dir + "/mlruns")
		must(t, err)
		c.Tracking = uri
		if _, err := server.New(t.Context(), c); err == nil || !strings.Contains(err.Error(), "lie in one another") {
			t.Errorf("%s: %v", name, err)
		}
	}
	uri, err := core.ParseURI("sqlite:///" + dir + "/files/mlflow.db")
	must(t, err)
	c := server.Config{Tracking: uri, ArtifactsDestination: dir + "/files"}
	if _, err := server.New(t.Context(), c); err == nil || !strings.Contains(err.Error(), "lie in one another") {
		t.Errorf("a database among the files: %v", err)
	}
}
