package attacks_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// surface is a place of the API that takes the path of an artifact.
type surface struct {
	name string
	send func(g *target, run, model, path string) answer // with the path as text
	wire bool                                            // path goes on the request line as it is
	only string                                          // what it does: "read", "write", "list" or "delete"
}

// surfaces lists every one of them.
func surfaces() []surface {
	var all []surface
	inURL := func(method, at, only string, body func(path string) string) {
		for _, api := range []string{"/api/2.0", "/ajax-api/2.0"} {
			all = append(all, surface{
				name: method + " " + api + at, wire: true, only: only,
				send: func(g *target, _, _, path string) answer {
					return g.send(method, api+"/mlflow-artifacts/"+at+path, body(path), jsonBody)
				},
			})
		}
	}
	none := func(string) string { return "" }
	text := func(s string) func(string) string { return func(string) string { return s } }
	inURL("GET", "artifacts/", "read", none)
	inURL("HEAD", "artifacts/", "read", none)
	inURL("PUT", "artifacts/", "write", text("payload"))
	inURL("DELETE", "artifacts/", "delete", none)
	inURL("GET", "presigned/", "read", none)
	inURL("POST", "mpu/create/", "write", text(`{"path":"f","num_parts":1}`))
	inURL("POST", "mpu/complete/", "write", text(`{"path":"f","upload_id":"u","parts":[{"part_number":1,"etag":"e"}]}`))
	inURL("POST", "mpu/abort/", "write", text(`{"path":"f","upload_id":"u"}`))
	inQuery := func(method, at, only, body string) {
		all = append(all, surface{
			name: method + " " + at, only: only,
			send: func(g *target, run, model, path string) answer {
				target := strings.NewReplacer("RUN", run, "MODEL", model).Replace(at)
				return g.send(method, target+query(path), body)
			},
		})
	}
	inQuery("GET", "/api/2.0/mlflow-artifacts/artifacts?path=", "list", "")
	inQuery("GET", "/ajax-api/2.0/mlflow-artifacts/artifacts?path=", "list", "")
	inQuery("GET", "/api/2.0/mlflow/artifacts/list?run_id=RUN&path=", "list", "")
	inQuery("GET", "/ajax-api/2.0/preview/mlflow/artifacts/list?run_id=RUN&path=", "list", "")
	inQuery("GET", "/get-artifact?run_id=RUN&path=", "read", "")
	inQuery("GET", "/get-artifact?run_uuid=RUN&path=", "read", "")
	inQuery("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=RUN&path=", "write", "payload")
	inQuery("GET", "/api/2.0/mlflow/logged-models/MODEL/artifacts/directories?artifact_directory_path=", "list", "")
	inQuery("GET", "/ajax-api/2.0/mlflow/logged-models/MODEL/artifacts/files?artifact_file_path=", "read", "")
	inQuery("GET", "/model-versions/get-artifact?name=m&version=1&path=", "read", "")
	for _, what := range []string{"upload", "download"} {
		only := map[string]string{"upload": "write", "download": "read"}[what]
		all = append(all, surface{
			name: "presigned-" + what + "-url", only: only,
			send: func(g *target, run, _, path string) answer {
				return g.call("POST", "/api/2.0/mlflow/artifacts/presigned-"+what+"-url", map[string]any{"run_id": run, "path": path})
			},
		})
	}
	return all
}

// refused are paths that no surface takes, as text. Ids are those of the attack catalogue.
func refused() map[string]string {
	paths := map[string]string{
		"A02":            "../../../../../../../../etc/passwd",
		"A02 short":      "..",
		"A02 to outside": "../outside/canary",
		"A04":            "a/../b",
		"A04 end":        "a/..",
		"A06":            ".",
		"A08":            "/etc/passwd",
		"A08 twice":      "//etc/passwd",
		"A12":            "....//canary",
		"A20":            "..%2f..%2fcanary",
		"A22":            "%252e%252e%252fcanary",
		"A26":            "%2fetc%2fpasswd",
		"A28":            "%c0%ae%c0%ae/canary",
		"A28 three":      "%e0%80%ae/",
		"A30":            "%2%0952e%2%0952e/canary",
		"A32":            "a\r\nSet-Cookie: s=1",
		"A34":            "a#b",
		"A34 encoded":    "a%23b",
		"A38":            "http://169.254.169.254/latest",
		"A38 s3":         "s3://other/k",
		"A38 file":       "file:///etc/passwd",
		"A44":            "\xff\xfe",
		"A44 cut":        "a\xe2\x82",
		"A48 share":      `\\host\share\x`,
		"A48 long":       `\\?\C:\x`,
		"A48 device":     `\\.\PhysicalDrive0`,
		"A48 slashes":    "//?/C:/x",
		"A48 drive":      "C:/",
		"A48 climb":      `a\..\b`,
		"A56":            strings.Repeat("a/", 512) + "a",
		"A56 longer":     strings.Repeat("abc/", 1024) + "a",
		"A54 over":       strings.Repeat("a", 256),
		"NUL":            "a\x00b",
		"NUL encoded":    "a%00b",
		"query climbs":   "a?/../../b",
	}
	climb := "../canary"
	for round := 1; round <= 11; round++ { // A24, and CVE-2024-1560
		climb = strings.ReplaceAll(climb, "%", "%25")
		if round == 1 {
			climb = "%2e%2e%2fcanary"
		}
		paths[fmt.Sprintf("A24 %d rounds", round)] = climb
	}
	return paths
}

func TestPathsThatAreRefused(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			_, run := g.runIn("paths")
			for id, path := range refused() {
				for _, s := range surfaces() {
					given := path
					if s.wire {
						given = escaped(path)
					}
					a := s.send(g, run, "m-none", given)
					if a.status != http.StatusBadRequest || !strings.Contains(s.name, "HEAD") && a.code() != "INVALID_PARAMETER_VALUE" {
						t.Errorf("%s: %s: %d %.300s", id, s.name, a.status, a.body)
					}
					if a.header.Get("Set-Cookie") != "" {
						t.Errorf("%s: %s: a header was injected", id, s.name)
					}
					if len(a.body) > 2000 {
						t.Errorf("%s: %s: an error of %d bytes", id, s.name, len(a.body))
					}
				}
			}
			if a := g.send("GET", "/api/2.0/mlflow-artifacts/artifacts", ""); a.body != "{}" {
				t.Errorf("something was written: %s", a.body)
			}
		})
	}
}

// What stands on the request line as it is. The router must neither clean it nor lead it elsewhere.
func TestPathsOnTheWire(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", nil)
	_, run := g.runIn("wire")
	g.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/keep/file", "kept")
	paths := []string{
		"../../../outside/canary", "a/../b", "a//b", "./a", "a/./b", "a/", "/a", "%2e%2e/%2e%2e/outside/canary", "..%2f..%2foutside%2fcanary",
		"%252e%252e%252foutside", "%2fetc%2fpasswd", "a%00b", "a%5c..%5cb", "%ff%fe", "%c0%ae%c0%ae/canary", "%e0%80%ae/", "%2%0952e/canary",
		"a%0d%0aSet-Cookie:%20s=1", "a%23b", "..;/x", "..%00/x", "%u002e%u002e/x", "..\\x", "C:/x", "file:%2f%2f/etc", "",
		"../../../mlflow/experiments/search", "../../../../get-artifact?run_id=" + run + "&path=x", "keep/../keep/file",
	}
	for _, path := range paths {
		for _, s := range surfaces() {
			if !s.wire {
				continue
			}
			a := s.send(g, run, "", path)
			if path == "..;/x" {
				continue // a name: judged below
			}
			if path == "" && (s.only == "list" || strings.Contains(s.name, "GET") && !strings.Contains(s.name, "presigned")) {
				continue
			}
			if a.status != http.StatusBadRequest {
				t.Errorf("%s with %q: %d %.200s", s.name, path, a.status, a.body)
			}
		}
	}
	for _, path := range []string{ // nothing else may be reached by a detour either
		"/api/2.0/mlflow-artifacts/../mlflow/experiments/search", "/health/../api/2.0/mlflow/experiments/search",
		"/static-files/../api/2.0/mlflow/runs/get", "/api/2.0//mlflow/runs/get", "//api/2.0/mlflow/runs/get", "/static-x",
		"/api/2.0/mlflow-artifacts%2fartifacts/keep/file", "/api/2.0/mlflow-artifacts/./artifacts/keep/file",
	} {
		for _, method := range []string{"GET", "PUT", "DELETE", "POST"} {
			a := g.send(method, path, "", jsonBody)
			if a.status != http.StatusNotFound || a.header.Get("Location") != "" {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.header.Get("Location"))
			}
		}
	}
	if a := g.send("GET", "/api/2.0/mlflow-artifacts/artifacts/keep/file", ""); a.body != "kept" {
		t.Errorf("the file has %d %s", a.status, a.body)
	}
}

// What is odd and yet a name: it is stored, listed, read and deleted under just this name.
func TestPathsThatAreNames(t *testing.T) {
	t.Parallel()
	literal := []string{
		"~/x", "~root/.ssh/id_rsa", "-rf", "--help", "-o/x", "a b", "a+b", "a&b=c", "a=b", "a,b", "'", `"`, "<x>", "a?b", "é", "e\u0301",
		"😀.bin", "..a", "a..", "...", ".hidden", "a;b", "..;/x", "$HOME", "${x}", "{{.}}", "`id`", "$(id)", "a|b", "*", strings.Repeat("a", 255),
		"%zz", "100%", "NUL", "con", "aux.txt", "COM1", "a.", "a ", " a", ".tmp-1", ".lock",
	}
	if runtime.GOOS == "windows" {
		literal = []string{"plain", "a b", "a+b", "é"}
	}
	g := newTarget(t, "sqlite", nil)
	experiment, run := g.runIn("names")
	for _, name := range literal {
		path := experiment + "/" + run + "/artifacts/" + name
		if a := g.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/"+escaped(path), "of "+name); a.status != http.StatusOK {
			t.Errorf("%q: PUT %d %s", name, a.status, a.body)
			continue
		}
		for _, at := range []string{
			"/api/2.0/mlflow-artifacts/artifacts/" + escaped(path), "/get-artifact?run_id=" + run + "&path=" + query(name),
		} {
			if a := g.send("GET", at, ""); a.body != "of "+name {
				t.Errorf("%q: GET %s: %d %s", name, at, a.status, a.body)
			}
		}
		if a := g.send("DELETE", "/ajax-api/2.0/mlflow-artifacts/artifacts/"+escaped(path), ""); a.status != http.StatusOK {
			t.Errorf("%q: DELETE %d %s", name, a.status, a.body)
		}
		if a := g.send("GET", "/get-artifact?run_id="+run+"&path="+query(name), ""); a.status != http.StatusNotFound {
			t.Errorf("%q: after DELETE: %d %s", name, a.status, a.body)
		}
	}
}

// 1J-h: what the body of an upload in parts calls the file is a name and no more, if anything.
func TestPathsInBodies(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", nil)
	for id, path := range refused() {
		for call, more := range map[string]string{
			"create": `"num_parts":1`, "complete": `"upload_id":"u","parts":[{"part_number":1,"etag":"e"}]`, "abort": `"upload_id":"u"`,
		} {
			body := fmt.Sprintf(`{"path":%q,%s}`, strings.ToValidUTF8(path, "x"), more)
			a := g.send("POST", "/api/2.0/mlflow-artifacts/mpu/"+call+"/d", body, jsonBody)
			if a.status != http.StatusBadRequest && a.status != http.StatusNotImplemented { // a folder takes no parts
				t.Errorf("%s: %s: %d %.300s", id, call, a.status, a.body)
			}
		}
	}
	if a := g.send("GET", "/api/2.0/mlflow-artifacts/artifacts", ""); a.body != "{}" {
		t.Errorf("something was written: %s", a.body)
	}
}

func TestPathsInTheWay(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", nil)
	const at = "/api/2.0/mlflow-artifacts/artifacts"
	g.send("PUT", at+"/d/f", "old")
	tests := []struct {
		id, method, path string
		status           int
	}{
		{"A64 a directory of that name", "PUT", "/d", 400},
		{"A64 below a file", "PUT", "/d/f/x", 400},
		{"A66", "GET", "/d", 400},
		{"A10", "PUT", "/d/", 400},
		{"A60", "PUT", "/.mlstore-tmp-x", 400},
		{"A60 MLflow's", "PUT", "/d/.artifact.uploading.x", 400},
		{"A60 read", "GET", "/.mlstore-tmp-x", 404},
		{"A06", "DELETE", "/", 400},
	}
	for _, test := range tests {
		if a := g.send(test.method, at+test.path, "new"); a.status != test.status {
			t.Errorf("%s: %d %s", test.id, a.status, a.body)
		}
	}
	for path, want := range map[string]string{ // A10, A68
		"d/": `{"files":[{"path":"f","is_dir":false,"file_size":3}]}`, "d/f": "{}", "nothing": "{}",
	} {
		if a := g.send("GET", at+"?path="+path, ""); a.body != want {
			t.Errorf("list %s: %d %s", path, a.status, a.body)
		}
	}
	if a := g.send("GET", at+"/d/f", ""); a.body != "old" {
		t.Errorf("the old file: %d %s", a.status, a.body)
	}
	if a := g.send("GET", "/"+strings.Repeat("a", 1<<20), ""); a.status != 0 && a.status != 414 && a.status != 431 { // A58
		t.Errorf("A58: %d", a.status)
	}
}
