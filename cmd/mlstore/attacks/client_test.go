package attacks_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	httpstore "github.com/mlstore/mlstore/plugins/http"
)

// hostile is a server that means harm to its clients.
type hostile struct {
	url  string
	asks atomic.Int64
}

func newHostile(t *testing.T, answer http.HandlerFunc) *hostile {
	t.Helper()
	h := &hostile{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asks.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		answer(w, r)
	}))
	t.Cleanup(web.Close)
	h.url = web.URL
	return h
}

const secretToken = "SECRETWORD"

// open opens the stores that a client with a token sees at a server.
func (h *hostile) open(t *testing.T, uri string) core.Backend {
	t.Helper()
	at, err := core.ParseURI(h.url)
	must(t, err)
	named, err := core.ParseURI(strings.ReplaceAll(uri, "SERVER", h.url))
	must(t, err)
	b, err := httpstore.Opener{Getenv: func(string) string { return "" }}.Open(t.Context(), core.OpenRequest{
		URI: named, Tracking: at, Registry: at,
		Options: map[string]string{"max_retries": "1", "backoff_factor": "0.01", "backoff_jitter": "0.01"},
		Secrets: map[string]core.Secret{"token": core.NewSecret(secretToken)},
	})
	must(t, err)
	return b
}

// Row U30: a server sends its clients elsewhere. Nobody else gets the token, and no change becomes a question.
func TestServersThatSendClientsElsewhere(t *testing.T) {
	t.Parallel()
	evil := newHostile(t, func(http.ResponseWriter, *http.Request) {})
	for _, status := range []int{301, 302, 303, 307, 308} {
		var changed atomic.Bool
		h := newHostile(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/landed"):
				changed.Store(true)
			case strings.Contains(r.URL.Path, "experiments/create"):
				w.Header().Set("Location", "/landed")
				w.WriteHeader(status)
			default:
				w.Header().Set("Location", evil.url+r.URL.Path)
				w.WriteHeader(status)
			}
		})
		b := h.open(t, "SERVER")
		for what, err := range map[string]error{
			"a question": failed(b.Tracking.Run(t.Context(), core.NewRunID())),
			"a search":   failed(b.Tracking.SearchRuns(t.Context(), core.RunQuery{Experiments: []core.ExperimentID{"0"}})),
			"a change":   b.Tracking.LogBatch(t.Context(), core.NewRunID(), core.Batch{Tags: []core.Tag{{Key: "k", Value: "v"}}}),
			"within":     failed(b.Tracking.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "x"})),
		} {
			if err == nil || strings.Contains(err.Error(), secretToken) {
				t.Errorf("%d: %s: %v", status, what, err)
			}
		}
		if changed.Load() {
			t.Errorf("%d: a change was sent elsewhere on the server", status)
		}
		must(t, b.Tracking.Close())
	}
	if n := evil.asks.Load(); n != 0 {
		t.Errorf("another server was asked %d times", n)
	}
}

func failed[T any](_ T, err error) error { return err }

// Row U34: a server whose pages never end.
func TestServersWhosePagesNeverEnd(t *testing.T) {
	t.Parallel()
	h := newHostile(t, func(w http.ResponseWriter, r *http.Request) {
		fields := map[string]any{"next_page_token": "again"}
		info := map[string]any{"run_id": core.NewRunID(), "experiment_id": "0", "artifact_uri": "s3://attacker/x", "status": "RUNNING", "lifecycle_stage": "active"}
		fields["runs"] = []any{map[string]any{"info": info, "data": map[string]any{}}}
		fields["experiments"] = []any{map[string]any{"experiment_id": "7", "name": "e", "lifecycle_stage": "active", "artifact_location": "s3://attacker/x"}}
		fields["registered_models"] = []any{map[string]any{"name": "m"}}
		fields["model_versions"] = []any{map[string]any{"name": "m", "version": "1", "source": "s3://attacker/x", "status": "READY"}}
		fields["metrics"] = []any{map[string]any{"key": "k", "value": 1, "timestamp": 1, "step": 1}}
		if strings.HasSuffix(r.URL.Path, "/server-info") || strings.HasSuffix(r.URL.Path, "/version") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(fields)
	})
	b := h.open(t, "SERVER")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for what, read := range map[string]func() error{
		"experiments": func() error {
			return failed(client.Collect(client.Experiments(ctx, b.Tracking, core.ExperimentQuery{})))
		},
		"runs": func() error {
			return failed(client.Collect(client.Runs(ctx, b.Tracking, core.RunQuery{Experiments: []core.ExperimentID{"0"}})))
		},
		"history": func() error {
			return failed(client.Collect(client.History(ctx, b.Tracking, core.NewRunID(), "k", core.HistoryOptions{})))
		},
		"models":   func() error { return failed(client.Collect(client.Models(ctx, b.Registry, core.ModelQuery{}))) },
		"versions": func() error { return failed(client.Collect(client.Versions(ctx, b.Registry, core.VersionQuery{}))) },
	} {
		before := h.asks.Load()
		err := read()
		if err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v", what, err)
		}
		if n := h.asks.Load() - before; n > 20 {
			t.Errorf("%s: %d requests, and %v", what, n, err)
		}
	}
	must(t, b.Tracking.Close())
}

// Row 21: a server lists files that lie elsewhere on its client's machine (R7).
func TestServersThatListWhatIsElsewhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"/abs", "../x", "a/../../x", `C:\x`, `..\x`, "a\x00b", "..", ".", "", "a//b", "%2e%2e/x", "/proc/self/environ", strings.Repeat("a", 5000), "a\nb", "x/y",
	} {
		h := newHostile(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Query().Has("path") || strings.HasSuffix(r.URL.Path, "/artifacts"):
				files := []any{map[string]any{"path": "fine", "is_dir": false, "file_size": 4}, map[string]any{"path": name, "is_dir": false, "file_size": 4}}
				if r.URL.Query().Get("path") != "0/r/artifacts" {
					files = nil
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"files": files})
			case strings.Contains(r.URL.Path, "mlflow-artifacts"):
				_, _ = io.WriteString(w, "evil")
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
		b := h.open(t, "mlflow-artifacts:/0/r/artifacts")
		dir := t.TempDir()
		dst := filepath.Join(dir, "in", "dst")
		// What is no name is left out of a listing, or fails it; what there is arrives.
		if _, err := client.Download(t.Context(), b.Artifacts, "", dst, client.TransferOptions{}); err == nil {
			if text, err := os.ReadFile(filepath.Join(dst, "fine")); string(text) != "evil" {
				t.Errorf("%.40q: %q, %v", name, text, err)
			}
		}
		must(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && filepath.Dir(path) != dst {
				t.Errorf("%.40q: %s was written", name, path)
			}
			return err
		}))
		must(t, b.Artifacts.Close())
	}
}
