package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompletionOffersLiveNames(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	s.ok("models", "register", "--name", "net", "--model-uri", "file:///models/net")
	for _, test := range []struct {
		want string
		args []string
	}{
		{runA + "\trun ?[31ma FINISHED\n", []string{"runs", "get", ""}},
		{runB + "\t", []string{"artifacts", "list", "--run-id", ""}},
		{"7\tfirst\n", []string{"runs", "list", "--experiment-id", ""}},
		{"first\n", []string{"experiments", "get", "--experiment-name", ""}},
		{"net\n", []string{"models", "versions", ""}},
		{"jsonl\n", []string{"runs", "list", "--output", ""}},
		{"TS-158\t", []string{"conformance", "explain", ""}},
		{"Production\n", []string{"models", "stage", "net", "--stage", ""}},
	} {
		if got := s.ok(append([]string{"__complete"}, test.args...)...); !strings.Contains(got, test.want) {
			t.Errorf("completing %q gives %q, want %q in it", test.args, got, test.want)
		}
	}
	for _, name := range []string{"bash", "zsh", "fish", "powershell"} {
		if s.ok("completion", name) == "" {
			t.Errorf("no completion for %s", name)
		}
	}
	if r := s.run("__complete", "--tracking-uri", "nobody://x", "runs", "get", ""); r.code != 0 || !strings.Contains(r.stdout, ":1") {
		t.Errorf("completing without a store: %+v", r)
	}
}

func TestNothingShowsSecrets(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = append(s.env, "MLFLOW_TRACKING_URI=http://ann:s3cr3t@host/?token=t0k3n", "MLFLOW_TRACKING_PASSWORD=s3cr3t",
		"MLFLOW_RUN_CONTEXT={\"key\": \"s3cr3t\"}", "MLSTORE_NEW_THING=s3cr3t", "OTHER=s3cr3t",
		"MLFLOW_HTTP_REQUEST_MAX_RETRIES=0")
	for _, args := range [][]string{
		{"resolve"},
		{"resolve", "postgresql://ann:s3cr3t@db/x?sslpassword=t0k3n"},
		{"resolve", "file:/x?token=t0k3n"},
		{"doctor"},
		{"doctor", "-o", "json"},
		{"runs", "list"},
		{"runs", "list", "-o", "json"},
		{"models", "list", "--registry-uri", "x://ann:s3cr3t@h"},
		{"conformance", "run", "http://ann:s3cr3t@host/"},
		{"doctor", "--tracking-uri", "postgresql://ann:s3/cr3t@db/x"},
	} {
		r := s.run(args...)
		for _, secret := range []string{"s3cr3t", "t0k3n", "cr3t"} {
			if strings.Contains(r.stdout+r.stderr, secret) {
				t.Errorf("mlstore %q shows a secret:\n%s%s", args, r.stdout, r.stderr)
			}
		}
		if r.stdout+r.stderr == "" {
			t.Errorf("mlstore %q says nothing", args)
		}
	}
}

func TestResolveExplains(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	for args, wants := range map[string][]string{
		"resolve":                            {"working directory", "tracking, artifacts, registry"},
		"resolve ./mlruns":                   {"scheme", "file", "linked in"},
		"resolve runs:/" + runA + "/x":       {"7/" + runA + "/artifacts", "artifacts of run"},
		"resolve --tracking-uri ./elsewhere": {"--tracking-uri", "elsewhere"},
	} {
		got := s.ok(strings.Fields(args)...)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("mlstore %s gives\n%s\nwant %q in it", args, got, want)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "elsewhere")); err == nil {
		t.Error("resolve made a folder")
	}
}

func TestDoctorNamesWhatIsMalformed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	s.must(os.WriteFile(filepath.Join(s.dir, "mlruns", "7", runB, "meta.yaml"), []byte("run_id: ["), 0o600))
	s.must(os.Mkdir(filepath.Join(s.dir, "mlruns", "9"), 0o700))
	r := s.run("doctor")
	if r.code != exitFailure || !strings.Contains(r.stdout, runB) || !strings.Contains(r.stdout, "9/meta.yaml") {
		t.Errorf("got %+v", r)
	}
	var d struct {
		Findings []finding
		Stores   []struct{ Kind, Error string }
	}
	s.must(json.Unmarshal([]byte(s.run("doctor", "-o", "json").stdout), &d))
	if len(d.Findings) != 2 || len(d.Stores) != 2 || d.Stores[0].Error != "" {
		t.Errorf("as JSON: %+v", d)
	}
	if got := s.ok("runs", "list", "--experiment-id", "7", "-o", "csv", "--columns", "params.lr"); !strings.Contains(got, runA) {
		t.Errorf("the other run is gone: %q", got)
	}
}

func TestDoctorProbesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if got := s.ok("doctor"); !strings.Contains(got, "not there yet") {
		t.Errorf("doctor without a folder: %q", got)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "mlruns")); err == nil {
		t.Error("doctor made a folder")
	}
	if got := s.ok("doctor", "--probe"); strings.Count(got, "wrote, read and deleted") != 3 {
		t.Errorf("the probe: %q", got)
	}
	if got := s.ok("experiments", "list", "-v", "all", "-o", "csv"); strings.Contains(got, "doctor") {
		t.Errorf("the probe left %q", got)
	}
	if got := s.ok("models", "list", "-o", "json"); got != "[]\n" {
		t.Errorf("the probe left %q", got)
	}
}

func TestArtifactsUpAndDown(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	in := filepath.Join(s.dir, "in")
	s.must(os.MkdirAll(filepath.Join(in, "deep"), 0o700))
	s.must(os.WriteFile(filepath.Join(in, "a.txt"), []byte("a"), 0o600))
	s.must(os.WriteFile(filepath.Join(in, "deep", "b.txt"), []byte("bb"), 0o600))
	s.ok("artifacts", "log-artifacts", "-r", runA, "-l", "in", "-a", "data")
	s.ok("artifacts", "log-artifact", "-r", runA, "-l", "in/a.txt")
	r := s.run("artifacts", "upload", "-r", runA, "in", "--progress", "plain")
	if r.code != 0 || r.stdout != "" || strings.Count(r.stderr, "done (") != 2 {
		t.Errorf("upload: %+v", r)
	}
	got := s.ok("artifacts", "list", "-r", runA, "--recursive", "-o", "csv")
	var paths []string
	for line := range strings.Lines(got) {
		path, _, _ := strings.Cut(line, ",")
		paths = append(paths, path)
	}
	same(t, "paths", strings.Join(paths, " "), "path a.txt data/a.txt data/deep/b.txt in/a.txt in/deep/b.txt")
	where := strings.TrimSpace(s.ok("artifacts", "download", "-r", runA, "-a", "data", "-d", "out"))
	if content, err := os.ReadFile(filepath.Join(s.dir, "out", "data", "deep", "b.txt")); string(content) != "bb" {
		t.Errorf("downloaded %q to %q: %v", content, where, err)
	}
	s.ok("artifacts", "delete", "-r", runA, "-a", "data")
	if got := s.ok("artifacts", "list", "-u", "runs:/"+runA+"/data", "-o", "json"); got != "[]\n" {
		t.Errorf("after delete: %q", got)
	}
	s.must(os.Symlink("nowhere", filepath.Join(in, "broken")))
	if r := s.run("artifacts", "log-artifacts", "-r", runA, "-l", "in", "-a", "part"); r.code != exitPartial {
		t.Errorf("an upload of which a part fails: %+v", r)
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for range 2 {
		s.ok("models", "register", "-n", "it's", "-m", "https://host/net", "--tag", "a=b")
	}
	s.ok("models", "set-alias", "it's", "-a", "prod", "--version", "1")
	s.ok("models", "stage", "it's", "--version", "2", "--stage", "staging")
	same(t, "versions", s.ok("models", "versions", "it's", "-o", "csv"),
		"name,version,stage,status,aliases,run_id,source\n"+
			"it's,2,Staging,READY,,,https://host/net\nit's,1,None,READY,prod,,https://host/net\n")
	s.ok("models", "delete-alias", "it's", "-a", "prod")
	s.ok("models", "delete", "it's", "--version", "2")
	var m struct {
		Name    string
		Aliases map[string]int
		Latest  []struct{ Version string } `json:"latest_versions"`
	}
	s.must(json.Unmarshal([]byte(s.ok("models", "get", "-n", "it's", "-o", "json")), &m))
	if m.Name != "it's" || len(m.Aliases) != 0 || len(m.Latest) != 1 || m.Latest[0].Version != "1" {
		t.Errorf("got %+v", m)
	}
	s.ok("models", "delete", "it's")
	same(t, "models", s.ok("models", "list", "-o", "jsonl"), "")
}

func TestConformanceOfAFolder(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	got := s.ok("conformance", "run", "file:./scratch", "--only", "*-001", "--seed", "5", "--junit", "j.xml", "--json", "r.json",
		"--html", "r.html")
	if strings.Count(got, "1 pass, 0 fail, 0 error") != 3 || !strings.Contains(got, "seed 5") {
		t.Errorf("got %q", got)
	}
	for file, want := range map[string]string{"j.xml": "<testsuite", "r.json": `"verdict": "pass"`, "r.html": "<h1>Conformance: pass<"} {
		if text, err := os.ReadFile(filepath.Join(s.dir, file)); !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %q", file, err, text)
		}
	}
	between := s.ok("conformance", "run", "file:./scratch", "--only", "PL-00[234]")
	if strings.Count(between, "3 pass, 0 fail, 0 error") != 3 || !strings.Contains(between, "tracking-boundary") {
		t.Errorf("got %q", between)
	}
	if got := s.ok("conformance", "explain", "ts-158"); !strings.Contains(got, "TS-158") || !strings.Contains(got, "rule") {
		t.Errorf("explain: %q", got)
	}
	listed, markdown := s.ok("conformance", "list", "-o", "csv"), s.ok("conformance", "list", "--markdown")
	if n := strings.Count(listed, "\n") - 1; n < 450 || strings.Count(markdown, "\n| ")-5 != n { // five tables have a heading
		t.Errorf("%d cases in Markdown and %d in CSV", strings.Count(markdown, "\n| ")-5, n)
	}
	catalogue, err := os.ReadFile(filepath.Join("..", "..", "docs", "catalogue.md"))
	if err != nil || string(catalogue) != markdown {
		t.Errorf("docs/catalogue.md is not what the command prints (%v): run make gen", err)
	}
}
