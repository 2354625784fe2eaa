package hook_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/server/hook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func created() core.WebhookEvent {
	return core.WebhookEvent{Entity: "registered_model", Action: "created"}
}

// listen starts a listener.
func listen(t *testing.T, serve http.HandlerFunc) string {
	t.Helper()
	web := httptest.NewServer(serve)
	t.Cleanup(web.Close)
	return web.URL
}

// until waits for the end of a request. A server notices that its client has gone only after it has read the body.
func until(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// sender makes one that may deliver here, and a webhook at url.
func sender(t *testing.T, c hook.Config, url string) (*hook.Sender, core.Webhook) {
	t.Helper()
	store := mem.NewRegistry()
	w, err := store.CreateWebhook(t.Context(), core.WebhookSpec{
		Name: "w", URL: url, Events: core.WebhookEvents(), Secret: core.NewSecret("s"),
	})
	must(t, err)
	c.Schemes, c.Pause = []string{"http"}, time.Millisecond
	s := hook.NewSender(t.Context(), c, store, slog.New(slog.DiscardHandler))
	t.Cleanup(s.Close)
	return s, w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestADeliveryIsRepeatedWhileTheServerMayRecover(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 500, 502, 503, 504} {
		var mu sync.Mutex
		ids := map[string]int{}
		done := make(chan struct{})
		url := listen(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			id := r.Header.Get("X-MLflow-Delivery-Id")
			ids[id]++
			if ids[id] < 3 {
				w.WriteHeader(status)
				return
			}
			close(done)
		})
		s, _ := sender(t, hook.Config{AllowPrivate: true}, url)
		s.Tell(hook.Event{Model: created(), Data: 1})
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("status %d: not delivered after 10 s", status)
		}
	}
}

func TestADeliveryThatIsRefusedIsNotRepeated(t *testing.T) {
	t.Parallel()
	var asked, redirected atomic.Int64
	inside := listen(t, func(http.ResponseWriter, *http.Request) { redirected.Add(1) })
	url := listen(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, inside, http.StatusFound)
	})
	s, w := sender(t, hook.Config{AllowPrivate: true}, url)
	result, err := s.Try(t.Context(), w, created(), 1)
	must(t, err)
	if result.Status != 302 || result.OK() || asked.Load() != 1 || redirected.Load() != 0 {
		t.Errorf("%+v; asked %d times, %d redirects followed", result, asked.Load(), redirected.Load())
	}
}

func TestNoConnectionGoesToAPrivateAddress(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	url := listen(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	port := url[strings.LastIndexByte(url, ':'):]
	for _, host := range []string{"127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "localhost", "localhost.", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]", "[::]"} {
		s, w := sender(t, hook.Config{}, "http://"+host+port)
		if _, err := s.Try(t.Context(), w, created(), 1); err == nil {
			t.Errorf("%s: delivered", host)
		} else if strings.HasPrefix(host, "127.0") && !strings.Contains(err.Error(), "address not allowed") {
			t.Errorf("%s: %v", host, err)
		}
		if err := (hook.Config{Schemes: []string{"http"}}).CheckURL(t.Context(), "http://"+host+port); core.CodeOf(err) != core.InvalidArgument {
			t.Errorf("%s may be registered: %v", host, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the listener was asked %d times", n)
	}
}

func TestAnAnswerIsCut(t *testing.T) {
	t.Parallel()
	url := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 10 {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<10))
		}
	})
	s, w := sender(t, hook.Config{AllowPrivate: true}, url)
	result, err := s.Try(t.Context(), w, created(), 1)
	must(t, err)
	if len(result.Body) != 64<<10 {
		t.Errorf("%d bytes were read", len(result.Body))
	}
}

func TestASlowWebhookEnds(t *testing.T) {
	t.Parallel()
	url := listen(t, func(_ http.ResponseWriter, r *http.Request) { until(r) })
	s, w := sender(t, hook.Config{AllowPrivate: true, Timeout: 50 * time.Millisecond}, url)
	if _, err := s.Try(t.Context(), w, created(), 1); core.CodeOf(err) != core.Unavailable {
		t.Error(err)
	}
}

func TestASealedWebhookIsNotToldWithoutASignature(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s, w := sender(t, hook.Config{AllowPrivate: true}, listen(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	w.Sealed = true
	if _, err := s.Try(t.Context(), w, created(), 1); core.CodeOf(err) != core.FailedPrecondition || asked.Load() != 0 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
}

// TestClosingEndsDeliveries shows that a webhook that never answers does not keep the server from ending.
func TestClosingEndsDeliveries(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 10)
	url := listen(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		until(r)
	})
	s, _ := sender(t, hook.Config{AllowPrivate: true}, url)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s.Tell(hook.Event{Model: created(), Data: 1})
	select {
	case <-begun:
	case <-ctx.Done():
		t.Fatal("nothing was delivered")
	}
	s.Close()
	if ctx.Err() != nil {
		t.Error("closing took 10 s")
	}
}

func TestConfigFrom(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "https, HTTP", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true", "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "5",
		"MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "0", "MLFLOW_WEBHOOK_CACHE_TTL": "7",
	}
	c, err := hook.ConfigFrom(func(name string) string { return env[name] })
	must(t, err)
	if strings.Join(c.Schemes, " ") != "https http" || !c.AllowPrivate || c.Timeout != 5*time.Second || c.Retries != -1 || c.Remember != 7*time.Second {
		t.Errorf("%+v", c)
	}
	for name, bad := range map[string]string{"MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "perhaps", "MLFLOW_WEBHOOK_CACHE_TTL": "-1"} {
		_, err := hook.ConfigFrom(func(n string) string { return map[string]string{name: bad}[n] })
		if core.CodeOf(err) != core.InvalidArgument || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, bad, err)
		}
	}
}
