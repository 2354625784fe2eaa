package server_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/server"
)

// slowTracking tells of each run that it is asked for, and answers when it may.
type slowTracking struct {
	core.TrackingStore

	asked chan struct{}
	may   chan struct{}
}

func (s slowTracking) Ability(any) bool { return false }

func (s slowTracking) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	s.asked <- struct{}{}
	<-s.may
	return s.TrackingStore.Run(ctx, id)
}

const someRun = "/api/2.0/mlflow/runs/get?run_id=0123456789abcdef0123456789abcdef"

func TestMoreRequestsThanTheServerWorksOn(t *testing.T) {
	t.Parallel()
	store := slowTracking{mem.NewTracking(), make(chan struct{}), make(chan struct{})}
	open := func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: store, Artifacts: mem.NewArtifacts(), Registry: mem.NewRegistry()}, nil
	}
	c := newClientOver(t, open, func(c *server.Config) {
		c.ArtifactsDestination = "mem:files"
		c.Concurrency = server.Concurrency{Calls: 2, Transfers: 2, Patience: 10 * time.Millisecond}
	})
	var working sync.WaitGroup
	for range 2 {
		working.Go(func() {
			if answer, body := c.ask("GET", someRun, nil); answer.StatusCode != http.StatusNotFound {
				t.Errorf("a run that is worked on: %d %s", answer.StatusCode, body)
			}
		})
		<-store.asked
	}
	answer, body := c.ask("GET", someRun, nil)
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if answer.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "REQUEST_LIMIT_EXCEEDED") || err != nil || seconds < 1 || seconds > 5 {
		t.Errorf("one too many: %d %v %s", answer.StatusCode, answer.Header, body)
	}
	if status, _ := c.call("GET", "/health", ""); status != http.StatusOK {
		t.Errorf("a probe: %d", status)
	}
	if answer, body := c.ask("PUT", proxy+"/f", strings.NewReader("x")); answer.StatusCode != http.StatusOK { // files have seats of their own
		t.Errorf("a file: %d %s", answer.StatusCode, body)
	}
	close(store.may)
	working.Wait()
	go func() { <-store.asked }()
	if answer, body := c.ask("GET", someRun, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("afterwards: %d %s", answer.StatusCode, body)
	}
}

// Uploads that take for ever take all the seats there are for files; calls are answered as ever.
func TestLongTransfersLeaveTheCallsAlone(t *testing.T) {
	t.Parallel()
	c := withFiles(t, func(c *server.Config) {
		c.Concurrency = server.Concurrency{Calls: 1, Transfers: 2, Patience: 10 * time.Millisecond}
	})
	var working sync.WaitGroup
	var bodies []*io.PipeWriter
	for i := range 2 {
		r, w := io.Pipe()
		bodies = append(bodies, w)
		working.Go(func() {
			if answer, body := c.ask("PUT", proxy+"/f"+strconv.Itoa(i), r); answer.StatusCode != http.StatusOK {
				t.Errorf("the upload: %d %s", answer.StatusCode, body)
			}
		})
		_, err := io.WriteString(w, strings.Repeat("x", 1<<20)) // more than is on its way: the server has begun to read
		must(t, err)
		_, err = io.WriteString(w, strings.Repeat("y", 8<<20))
		must(t, err)
	}
	for _, method := range []string{"PUT", "GET"} {
		if answer, body := c.ask(method, proxy+"/g", nil); answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s of one file too many: %d %s", method, answer.StatusCode, body)
		}
	}
	for range 20 {
		if status, body := c.call("POST", "/api/2.0/mlflow/experiments/search", `{"max_results":1}`); status != http.StatusOK {
			t.Fatalf("a call: %d %s", status, body)
		}
	}
	for _, w := range bodies {
		must(t, w.Close())
	}
	working.Wait()
}

// Bodies that cost much memory are few at a time, and do not keep small ones waiting.
func TestLargeBodiesAreFewAtATime(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(c *server.Config) {
		c.Concurrency = server.Concurrency{Calls: 32, Patience: 10 * time.Millisecond} // one for a large body
	})
	const search = "/api/2.0/mlflow/experiments/search"
	large := `{"max_results":1` + strings.Repeat(" ", 14<<20) + "}"
	r, w := io.Pipe()
	done := make(chan int)
	go func() {
		answer, _ := c.ask("POST", search, r, "Content-Type", "application/json")
		done <- answer.StatusCode
	}()
	_, err := io.WriteString(w, large[:1<<20])
	must(t, err)
	_, err = io.WriteString(w, large[1<<20:len(large)-1])
	must(t, err)
	if status, body := c.call("POST", search, large); status != http.StatusTooManyRequests {
		t.Errorf("another large body: %d %.200s", status, body)
	}
	if status, body := c.call("POST", search, `{"max_results":1}`); status != http.StatusOK {
		t.Errorf("a small one: %d %s", status, body)
	}
	_, err = io.WriteString(w, "}")
	must(t, err)
	must(t, w.Close())
	if status := <-done; status != http.StatusOK {
		t.Errorf("the first one: %d", status)
	}
}

func TestConcurrencyIsNotNegative(t *testing.T) {
	t.Parallel()
	for _, n := range []server.Concurrency{{Calls: -1}, {Transfers: -1}, {Patience: -1}} {
		if _, err := server.New(t.Context(), server.Config{Concurrency: n}); err == nil || !strings.Contains(err.Error(), "not negative") {
			t.Errorf("%+v: %v", n, err)
		}
	}
}
