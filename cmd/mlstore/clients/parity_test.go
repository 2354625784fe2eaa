package clients_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/hook"
)

// exchange is one request that both servers get. @RUN, @MODEL, @ROOT and @MROOT stand for
// a run, a logged model and where their artifacts are.
type exchange struct {
	method, path, body string
	differs            string // why the answers may differ; empty when they must not
}

// serve starts our server over a database of SQLite and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	uri, err := core.ParseURI("sqlite:///" + filepath.ToSlash(filepath.Join(dir, "mlflow.db")))
	must(t, err)
	r, err := embedded.New()
	must(t, err)
	s, err := server.New(t.Context(), server.Config{
		Resolver: r, Tracking: uri, ArtifactsDestination: filepath.Join(dir, "artifacts"), Webhooks: hook.Config{Retries: -1},
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	})
	must(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		must(t, errors.Join(s.Close(), r.Close()))
	})
	return web.URL
}

// TestTheRegistryAnswersAsMLflow sends the same requests to MLflow's own server and to ours, and compares status, error code
// and, of what succeeds, every field of the answer but times and ids.
func TestTheRegistryAnswersAsMLflow(t *testing.T) {
	t.Parallel()
	theirs := newTwin(t, testenv.OwnMLflow(t, "3.18.0").URL)
	ours := newTwin(t, serve(t))
	for _, e := range exchanges() {
		want, got := theirs.send(t, e), ours.send(t, e)
		switch diff := cmp.Diff(want, got); {
		case diff != "" && e.differs == "":
			t.Errorf("%s %s %s (-MLflow +ours):\n%s", e.method, e.path, e.body, diff)
		case diff == "" && e.differs != "":
			t.Errorf("%s %s %s does not differ: %s", e.method, e.path, e.body, e.differs)
		}
	}
}

// twin is one of the two servers.
type twin struct {
	url   string
	web   *http.Client // of its own: closing a test server closes idle connections of the default one
	words *strings.Replacer
	ids   *strings.Replacer // what the server chose itself
}

func newTwin(t *testing.T, url string) twin {
	t.Helper()
	w := twin{url: url, web: &http.Client{Transport: &http.Transport{}}, words: strings.NewReplacer(), ids: strings.NewReplacer()}
	var run struct {
		Run struct {
			Info struct {
				RunID       string `json:"run_id"`
				ArtifactURI string `json:"artifact_uri"`
			} `json:"info"`
		} `json:"run"`
	}
	w.must(t, "POST", "runs/create", `{"experiment_id":"0"}`, &run)
	var model struct {
		Model struct {
			Info struct {
				ModelID     string `json:"model_id"`
				ArtifactURI string `json:"artifact_uri"`
			} `json:"info"`
		} `json:"model"`
	}
	w.must(t, "POST", "logged-models", `{"experiment_id":"0","name":"n","source_run_id":"`+run.Run.Info.RunID+`"}`, &model)
	id, root, m := run.Run.Info.RunID, run.Run.Info.ArtifactURI, model.Model.Info
	w.words = strings.NewReplacer("@MROOT", m.ArtifactURI, "@ROOT", root, "@RUN", id, "@MODEL", m.ModelID)
	t.Cleanup(w.web.CloseIdleConnections)
	w.ids = strings.NewReplacer(m.ArtifactURI, "@MROOT", root, "@ROOT", id, "@RUN", m.ModelID, "@MODEL")
	return w
}

func (w twin) must(t *testing.T, method, path, body string, into any) {
	t.Helper()
	status, text := w.ask(t, method, path, body)
	if status != 200 {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	must(t, json.Unmarshal([]byte(text), into))
}

func (w twin) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+"/api/2.0/mlflow/"+w.words.Replace(path),
		strings.NewReader(w.words.Replace(body)))
	must(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := w.web.Do(r)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(text)
}

// send returns the lines of what must be equal.
func (w twin) send(t *testing.T, e exchange) []string {
	t.Helper()
	status, text := w.ask(t, e.method, e.path, e.body)
	var answer any
	if json.Unmarshal([]byte(text), &answer) != nil {
		return []string{strconv.Itoa(status), "no JSON"}
	}
	lines := []string{strconv.Itoa(status)}
	if status != 200 {
		fields, _ := answer.(map[string]any)
		return append(lines, fmt.Sprint(fields["error_code"]))
	}
	flatten("", answer, func(name, value string) {
		lines = append(lines, name+" = "+runs.ReplaceAllString(w.ids.Replace(value), "a run"))
	})
	slices.Sort(lines[1:])
	return lines
}

var (
	times    = regexp.MustCompile(`^1[789]\d{11}$`)
	runNames = regexp.MustCompile(`^[a-z]+-[a-z]+-\d+$`)
	runs     = regexp.MustCompile(`[0-9a-f]{32}`)
	uuids    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// flatten lists the leaves of a JSON value.
func flatten(at string, v any, leaf func(name, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			flatten(at+"."+name, field, leaf)
		}
	case []any:
		for i, item := range v {
			place := strconv.Itoa(i)
			if key := keyOf(v, item); key != "" {
				place = key // lists of pairs have no order
			}
			flatten(at+"["+place+"]", item, leaf)
		}
	case float64:
		text := fmt.Sprintf("%.0f", v)
		if times.MatchString(text) {
			text = "a time"
		}
		leaf(at, text)
	case string:
		switch {
		case uuids.MatchString(v) || strings.HasSuffix(at, "_token"):
			v = "an id"
		case runNames.MatchString(v):
			v = "a name that was made up"
		}
		leaf(at, "'"+v+"'")
	default:
		leaf(at, fmt.Sprint(v))
	}
}

// keyOf is the key of an item in a list of pairs, each of which has another one.
func keyOf(list []any, item any) string {
	seen := map[any]bool{}
	for _, other := range list {
		fields, _ := other.(map[string]any)
		if fields["key"] == nil || seen[fields["key"]] {
			return ""
		}
		seen[fields["key"]] = true
	}
	fields, _ := item.(map[string]any)
	key, _ := fields["key"].(string)
	return key
}

const (
	promptTag = `{"key":"mlflow.prompt.is_prompt","value":"true"}`
	repeated  = "MLflow answers 500, which its clients repeat for minutes"
)

func exchanges() []exchange {
	return slices.Concat(modelExchanges(), versionExchanges(), sourceExchanges(), loggedExchanges(), webhookExchanges())
}
