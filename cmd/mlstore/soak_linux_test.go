package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// soakVariable says how long TestSoakServer lasts, as in "1h" (make soak).
const soakVariable = "MLSTORE_SOAK"

// TestSoakServer works a server with everything that clients do, cut connections included, and compares what it holds before
// and after: descriptors, goroutines and memory.
func TestSoakServer(t *testing.T) {
	t.Parallel()
	lasts := 3 * time.Second
	s := newShell(t)
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		lasts, err = time.ParseDuration(text)
		s.must(err)
	}
	server := s.serve("--log-level", "error", "--expose-prometheus", "x")
	server.load(lasts / 3) // what the first use keeps for ever is not a leak
	before := server.settled(holds{})
	calls := server.load(lasts)
	after := server.settled(before)
	t.Logf("%d rounds: %+v before, %+v after", calls, before, after)
	// The store may meanwhile have opened the rest of its 8 connections that read, with up to three files and some cache each.
	slack := holds{descriptors: 24, goroutines: 8, memory: 64 << 20}
	if after.descriptors > before.descriptors+slack.descriptors || after.goroutines > before.goroutines+slack.goroutines ||
		after.memory > before.memory+slack.memory {
		t.Errorf("after %d rounds: %+v, before %+v\n%s", calls, after, before, server.stderr)
	}
	server.stop(syscall.SIGTERM)
	if err := server.wait(); err != nil {
		t.Error(err)
	}
}

// holds is what a server has of the system.
type holds struct{ descriptors, goroutines, memory int }

// settled reads what the server holds once it holds no more than wanted, or for five seconds; nothing wanted is once it
// holds the same twice.
func (s *serving) settled(wanted holds) holds {
	s.t.Helper()
	var last holds
	ticks := time.NewTicker(200 * time.Millisecond)
	defer ticks.Stop()
	for patience := time.Now().Add(5 * time.Second); time.Now().Before(patience); <-ticks.C {
		http.DefaultClient.CloseIdleConnections()
		_, text := s.get("/metrics")
		number := func(name string) int {
			found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
			if found == nil {
				s.t.Fatalf("no %s in %s", name, text)
			}
			f, err := strconv.ParseFloat(found[1], 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return int(f)
		}
		now := holds{number("process_open_fds"), number("go_goroutines"), number("process_resident_memory_bytes")}
		done := now.descriptors <= wanted.descriptors && now.goroutines <= wanted.goroutines
		if wanted == (holds{}) {
			done = now.descriptors == last.descriptors && now.goroutines == last.goroutines
		}
		if last = now; done {
			break
		}
	}
	return last
}

// load has some clients do rounds of work for a while, and returns how many.
func (s *serving) load(lasts time.Duration) int64 {
	s.t.Helper()
	const clients = 8
	var rounds atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(lasts)
	for n := range clients {
		wg.Go(func() {
			w := worker{url: s.url, http: &http.Client{Transport: &http.Transport{}}}
			defer w.http.CloseIdleConnections()
			for time.Now().Before(end) {
				if err := w.round(s.t.Context(), n); err != nil {
					s.t.Errorf("client %d: %v", n, err)
					return
				}
				rounds.Add(1)
			}
		})
	}
	wg.Wait()
	return rounds.Load()
}

// worker is one client.
type worker struct {
	url  string
	http *http.Client
}

// round is the life of a run, with some that goes wrong.
func (w worker) round(ctx context.Context, n int) error {
	var made struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			}
		}
	}
	if err := w.ask(ctx, "POST", "/api/2.0/mlflow/runs/create", `{"experiment_id":"0"}`, &made); err != nil {
		return err
	}
	id := made.Run.Info.ID
	if id == "" {
		return errors.New("a run without an id")
	}
	file := "/api/2.0/mlflow-artifacts/artifacts/0/" + id + "/artifacts/f"
	batch := bytes.NewBufferString(`{"run_id":"` + id + `","metrics":[`)
	for i := range 200 {
		if i > 0 {
			batch.WriteByte(',')
		}
		fmt.Fprintf(batch, `{"key":"m%d","value":%d,"timestamp":1,"step":%d}`, n, i, i)
	}
	batch.WriteString("]}")
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/api/2.0/mlflow/runs/log-batch", batch.String()},
		{"POST", "/api/2.0/mlflow/runs/log-metric", `{"run_id":"` + id + `","key":"loss","value":1,"timestamp":1}`},
		{"GET", "/api/2.0/mlflow/metrics/get-history?run_id=" + id + "&metric_key=m" + strconv.Itoa(n), ""},
		{"POST", "/api/2.0/mlflow/runs/search", `{"experiment_ids":["0"],"max_results":5,"filter":"metrics.loss = 1"}`},
		{"PUT", file, string(make([]byte, 64<<10))},
		{"GET", file, ""},
		{"DELETE", file, ""},
		{"GET", "/api/2.0/mlflow/runs/get?run_id=" + id, ""},
		{"POST", "/api/2.0/mlflow/runs/delete", `{"run_id":"` + id + `"}`},
	} {
		if err := w.ask(ctx, r.method, r.path, r.body, nil); err != nil {
			return err
		}
	}
	cut, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_ = w.ask(cut, "PUT", file+"-cut", string(make([]byte, 1<<20)), nil) // which may break off anywhere
	return nil
}

// ask sends a request and reads its answer, which must be 200.
func (w worker) ask(ctx context.Context, method, path, body string, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, w.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := w.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %.300s: %w", method, path, answer.Status, text, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
