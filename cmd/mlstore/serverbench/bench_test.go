//go:build unix

package serverbench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Each benchmark measures our server and MLflow's, with four workers and without the stall of uvicorn (testenv.Uvloop), in
// turns on equal databases. The figures are calls a second of each, how many times as many ours answers, and how many times
// as long MLflow's 99th percentile is. What is made of artifacts is not flushed by either; ours is told so by its URI.

// BenchmarkServer compares over each kind of database, which holds 10,000 runs.
func BenchmarkServer(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			l := newLab(b, kind, 10_000)
			l.each(b, work{"log-metric", []int{1, 16}, (*side).logMetric, l.bareMetric})
			l.each(b, work{"create-run", []int{1, 16}, (*side).createRun, nil})
			l.each(b, work{"log-batch-1000", []int{1, 4}, (*side).logBatch, l.bareBatch})
			l.each(b, work{"get-run-100-metrics", []int{1, 16}, (*side).getRun, nil})
			l.each(b, work{"search-10k-alone", []int{1}, search(0), nil})
			l.each(b, work{"history-100k", []int{1}, (*side).history, nil})
			l.each(b, work{"artifact-4KiB-up", []int{1, 16}, (*side).upload, nil})
			l.each(b, work{"artifact-4KiB-down", []int{1, 16}, (*side).download, nil})
		})
	}
}

// BenchmarkCrowdedServer compares over databases that hold experiments of 1,000, 11,000 and 100,000 runs.
func BenchmarkCrowdedServer(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			l := newLab(b, kind, 1_000, 11_000, 100_000)
			l.each(b, work{"search-1k-among-112k", []int{1}, search(0), nil})
			l.each(b, work{"search-100k-among-112k", []int{1}, search(2), nil})
			l.each(b, work{"walk-100k", []int{1}, walk(2, 100_000), nil})
		})
	}
}

// work is what is measured: a kind of call, by so many callers at once, and what it cannot be quicker than, if that is known.
type work struct {
	name    string
	callers []int
	call    func(s *side, ctx context.Context, caller int) error
	bare    func(ctx context.Context, s *side, caller int) error
}

// side is one of the two servers.
type side struct {
	url    string
	client *http.Client
	data   seeded
	count  atomic.Int64
	runs   []string // one for each caller to log to
}

func newSide(address string, data seeded) *side {
	return &side{url: address, data: data, client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}}
}

// prepare makes what callers log to.
func (s *side) prepare(ctx context.Context) error {
	for range 16 {
		var made struct {
			Run struct {
				Info struct {
					ID string `json:"run_id"`
				} `json:"info"`
			} `json:"run"`
		}
		text, err := s.post(ctx, "runs/create", `{"experiment_id":"0","start_time":1,"tags":[]}`)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &made); err != nil {
			return err
		}
		s.runs = append(s.runs, made.Run.Info.ID)
	}
	return s.put(ctx, "bench/down")
}

func (s *side) post(ctx context.Context, path, body string) ([]byte, error) {
	return s.read(ctx, http.MethodPost, "/api/2.0/mlflow/"+path, []byte(body))
}

// read sends a request and returns what is answered. Most callers only count in it: a client that decodes everything would
// use as much of the processors as our server does.
func (s *side) read(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %.300s: %w", path, answer.Status, text, err)
	}
	return text, nil
}

// expect sends a request and counts a member of objects in what is answered.
func (s *side) expect(ctx context.Context, count int, member, method, path string, body []byte) error {
	text, err := s.read(ctx, method, path, body)
	if got := bytes.Count(text, []byte(`"`+member+`"`)); err == nil && got != count {
		return fmt.Errorf("%s has answered with %d times %s, want %d", path, got, member, count)
	}
	return err
}

func (s *side) logMetric(ctx context.Context, caller int) error {
	n := s.count.Add(1)
	body := fmt.Sprintf(`{"run_id":"%s","key":"loss","value":%d,"timestamp":%d,"step":%d}`, s.runs[caller], n, n, n)
	_, err := s.post(ctx, "runs/log-metric", body)
	return err
}

func (s *side) createRun(ctx context.Context, _ int) error {
	_, err := s.post(ctx, "runs/create", `{"experiment_id":"0","user_id":"me","run_name":"bench","start_time":1700000000000,"tags":[`+
		`{"key":"mlflow.user","value":"me"},{"key":"mlflow.source.name","value":"train.py"},{"key":"mlflow.source.type","value":"LOCAL"}]}`)
	return err
}

func (s *side) logBatch(ctx context.Context, caller int) error {
	n := s.count.Add(1)
	var b strings.Builder
	fmt.Fprintf(&b, `{"run_id":"%s","metrics":[`, s.runs[caller])
	for i := range 1000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"key":"metric-%d","value":0.%d,"timestamp":%d,"step":%d}`, i%10, i, 1700000000000+n, 1000*n+int64(i))
	}
	b.WriteString("]}")
	_, err := s.post(ctx, "runs/log-batch", b.String())
	return err
}

func (s *side) getRun(ctx context.Context, _ int) error {
	return s.expect(ctx, 100, "step", http.MethodGet, "/api/2.0/mlflow/runs/get?run_id="+s.data.fat, nil)
}

// search finds the first page of the runs of an experiment by a metric.
func search(experiment int) func(s *side, ctx context.Context, _ int) error {
	return func(s *side, ctx context.Context, _ int) error {
		return s.expect(ctx, 100, "artifact_uri", http.MethodPost, "/api/2.0/mlflow/runs/search",
			[]byte(`{"experiment_ids":["`+s.data.experiments[experiment]+`"],"max_results":100,"filter":"metrics.loss < 0.5"}`))
	}
}

// walk reads all runs of an experiment, a thousand a page.
func walk(experiment, runs int) func(s *side, ctx context.Context, _ int) error {
	return func(s *side, ctx context.Context, _ int) error {
		total := 0
		for token := ""; ; {
			text, err := s.post(ctx, "runs/search", `{"experiment_ids":["`+s.data.experiments[experiment]+`"],"max_results":1000,`+
				`"page_token":"`+token+`"}`)
			if err != nil {
				return err
			}
			total += bytes.Count(text, []byte(`"artifact_uri"`))
			if token = nextPage(text); token == "" {
				break
			}
		}
		if total != runs {
			return fmt.Errorf("%d runs of %d", total, runs)
		}
		return nil
	}
}

// history walks all points in the pages that Python's client asks for.
func (s *side) history(ctx context.Context, _ int) error {
	total := 0
	for token := ""; ; {
		text, err := s.read(ctx, http.MethodGet, "/api/2.0/mlflow/metrics/get-history?max_results=25000&metric_key=long&run_id="+
			s.data.fat+"&page_token="+url.QueryEscape(token), nil)
		if err != nil {
			return err
		}
		total += bytes.Count(text, []byte(`"step"`))
		if token = nextPage(text); token == "" {
			break
		}
	}
	if total != longHistory {
		return fmt.Errorf("%d points", total)
	}
	return nil
}

var nextPageToken = regexp.MustCompile(`"next_page_token": ?"([^"]+)"`)

// nextPage returns the token in an answer, which stands after its items or before them.
func nextPage(text []byte) string {
	const near = 1000
	for _, part := range [][]byte{text[max(len(text)-near, 0):], text[:min(len(text), near)]} {
		if found := nextPageToken.FindSubmatch(part); found != nil {
			return string(found[1])
		}
	}
	return ""
}

func (s *side) put(ctx context.Context, name string) error {
	_, err := s.read(ctx, http.MethodPut, "/api/2.0/mlflow-artifacts/artifacts/"+name, bytes.Repeat([]byte("artifact"), 512))
	return err
}

func (s *side) upload(ctx context.Context, caller int) error {
	n := s.count.Add(1)
	return s.put(ctx, fmt.Sprintf("bench/%d/%d/%d", caller, n/1000, n))
}

func (s *side) download(ctx context.Context, _ int) error {
	_, err := s.read(ctx, http.MethodGet, "/api/2.0/mlflow-artifacts/artifacts/bench/down", nil)
	return err
}

// each measures the work on both servers in turns, and what it cannot be quicker than.
func (l *lab) each(b *testing.B, w work) {
	b.Helper()
	b.Run(w.name, func(b *testing.B) {
		for _, callers := range w.callers {
			b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) { l.measure(b, w, callers) })
		}
	})
}

func (l *lab) measure(b *testing.B, w work, callers int) {
	b.Helper()
	const ours, theirs, bare = 0, 1, 2
	subjects := []func(ctx context.Context, caller int) error{
		ours:   func(ctx context.Context, caller int) error { return w.call(l.ours, ctx, caller) },
		theirs: func(ctx context.Context, caller int) error { return w.call(l.mlflow, ctx, caller) },
	}
	if w.bare != nil && l.bare != nil {
		subjects = append(subjects, func(ctx context.Context, caller int) error { return w.bare(ctx, l.ours, caller) })
	}
	took, spent := make([][]time.Duration, len(subjects)), make([]time.Duration, len(subjects))
	for range 3 {
		for i, call := range subjects {
			spent[i] += during(b, callers, l.slice, &took[i], call)
		}
	}
	if b.Failed() {
		return // nothing can be said of what did not answer
	}
	rate, p99 := make([]float64, len(subjects)), make([]float64, len(subjects))
	for i := range took {
		slices.Sort(took[i])
		rate[i] = float64(len(took[i])) / spent[i].Seconds()
		p99[i] = took[i][len(took[i])*99/100].Seconds() * 1000
	}
	b.ReportMetric(rate[ours], "ours/s")
	b.ReportMetric(rate[theirs], "mlflow/s")
	b.ReportMetric(rate[ours]/rate[theirs], "times")
	b.ReportMetric(p99[ours], "ours-p99-ms")
	b.ReportMetric(p99[theirs], "mlflow-p99-ms")
	if len(rate) > bare {
		b.ReportMetric(100*rate[ours]/rate[bare], "%bare")
	}
	b.ReportMetric(0, "ns/op")
}

// during lets callers call for a while, and returns how long that was.
func during(
	b *testing.B, callers int, slice time.Duration, took *[]time.Duration, call func(ctx context.Context, caller int) error,
) time.Duration {
	b.Helper()
	begin := time.Now()
	all := make([][]time.Duration, callers)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for first := true; first || time.Since(begin) < slice; first = false {
				start := time.Now()
				if err := call(b.Context(), caller); err != nil {
					b.Error(err)
					return
				}
				all[caller] = append(all[caller], time.Since(start))
			}
		})
	}
	wg.Wait()
	*took = append(*took, slices.Concat(all...)...)
	return time.Since(begin)
}

const longHistory = 100_000

// seeded is what both databases hold.
type seeded struct {
	experiments []string
	fat         string // a run
}

// seed fills a store: experiments of so many runs, which grow together, and a run with many metrics, one of which is long.
func seed(ctx context.Context, store core.TrackingStore, runs []int) (seeded, error) {
	var data seeded
	var experiments []core.ExperimentID
	for _, n := range runs {
		e, err := store.CreateExperiment(ctx, core.ExperimentSpec{Name: fmt.Sprint(n, " runs")})
		if err != nil {
			return seeded{}, err
		}
		experiments, data.experiments = append(experiments, e.ID), append(data.experiments, string(e.ID))
	}
	failed := make(chan error, 16)
	for caller := range 16 {
		go func() { failed <- seedRuns(ctx, store, mixed(experiments, runs), caller) }()
	}
	for range 16 {
		if err := <-failed; err != nil {
			return seeded{}, err
		}
	}
	fat, err := store.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{Name: "fat"})
	if err != nil {
		return seeded{}, err
	}
	data.fat = string(fat.ID)
	var batch core.Batch
	for i := range 99 {
		batch.Metrics = append(batch.Metrics, core.Metric{Key: fmt.Sprintf("metric-%d", i), Value: 1 / float64(i+3), Timestamp: 1, Step: int64(i)})
	}
	for at := 0; at < longHistory; at += 1000 {
		if err := store.LogBatch(ctx, fat.ID, batch); err != nil {
			return seeded{}, err
		}
		batch.Metrics = batch.Metrics[:0]
		for i := at; i < at+1000; i++ {
			batch.Metrics = append(batch.Metrics, core.Metric{Key: "long", Value: 1 / float64(i+3), Timestamp: core.Millis(i), Step: int64(i)})
		}
	}
	return data, store.LogBatch(ctx, fat.ID, batch)
}

// mixed is the experiment of each run.
func mixed(experiments []core.ExperimentID, runs []int) []core.ExperimentID {
	var all []core.ExperimentID
	for i, n := range runs {
		all = append(all, slices.Repeat([]core.ExperimentID{experiments[i]}, n)...)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func seedRuns(ctx context.Context, store core.TrackingStore, in []core.ExperimentID, caller int) error {
	for i := caller; i < len(in); i += 16 {
		r, err := store.CreateRun(ctx, in[i], core.RunSpec{StartTime: core.Millis(i), Tags: map[string]string{"n": strconv.Itoa(i)}})
		if err != nil {
			return err
		}
		err = store.LogBatch(ctx, r.ID, core.Batch{
			Metrics: []core.Metric{{Key: "loss", Value: float64(i%997) / 997, Timestamp: 1}, {Key: "acc", Value: float64(i % 7), Timestamp: 1}},
			Params:  []core.Param{{Key: "kind", Value: string(rune('a' + i%2))}, {Key: "lr", Value: strconv.Itoa(i)}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
