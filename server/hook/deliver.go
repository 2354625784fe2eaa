package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Result is how a delivery ended.
type Result struct {
	Status int    // of the last answer; 0 is none
	Body   string // of it, cut
}

// OK reports whether the webhook took it.
func (r Result) OK() bool { return r.Status >= 200 && r.Status < 300 }

// mostBody is how much of an answer is read, in bytes.
const mostBody = 64 << 10

// message is what a webhook gets.
type message struct {
	Entity    string `json:"entity"`
	Action    string `json:"action"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

// Try sends the data of an event to a webhook, once. It returns the answer, whatever its status, or why there was none.
func (s *Sender) Try(ctx context.Context, w core.Webhook, e core.WebhookEvent, data any) (Result, error) {
	return s.send(ctx, delivery{w, e, data}, 0)
}

// delivery is an event on its way to a webhook.
type delivery struct {
	to    core.Webhook
	event core.WebhookEvent
	data  any
}

// send makes a delivery, and repeats it when the answer is one of a server that may recover. It returns the last answer.
func (s *Sender) send(ctx context.Context, d delivery, retries int) (Result, error) {
	w := d.to
	if w.Sealed {
		return Result{}, core.State(w.ID, "the secret of the webhook cannot be read, and it wants no message without a signature: set "+
			"the key that it was encrypted with, or its secret again")
	}
	if scheme, _, _ := strings.Cut(w.URL, ":"); !s.config.allows(strings.ToLower(scheme)) {
		return Result{}, core.Invalid("url", "the scheme %q is not among the allowed ones: %v", scheme, s.config.Schemes)
	}
	body, err := json.Marshal(message{
		Entity: d.event.Entity, Action: d.event.Action, Data: d.data,
		Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000000+00:00"),
	})
	if err != nil {
		return Result{}, core.Errorf(core.Internal, "the event cannot be written as JSON: %w", err)
	}
	header := headers(w.Secret, body)
	pause := s.config.Pause
	for attempt := 0; ; attempt++ {
		result, after, err := s.post(ctx, w.URL, header, body)
		if attempt == retries || err == nil && !passing(result.Status) || errors.Is(err, errPrivate) {
			return result, err
		}
		if after == 0 {
			after = pause + rand.N(pause) //nolint:gosec // spreads repetitions, keeps nothing secret
		}
		pause *= 2
		timer := time.NewTimer(min(after, time.Minute))
		select {
		case <-ctx.Done():
			timer.Stop()
			return result, errors.Join(core.Interrupted(ctx), err)
		case <-timer.C:
		}
	}
}

// passing reports whether a status may be another one soon.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return true
	}
	return false
}

// headers are those of one delivery, however often it is sent.
func headers(secret core.Secret, body []byte) http.Header {
	id, at := string(core.NewWebhookID()), strconv.FormatInt(time.Now().Unix(), 10)
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "mlstore")
	h.Set("X-MLflow-Delivery-Id", id)
	h.Set("X-MLflow-Timestamp", at)
	if !secret.IsZero() {
		h.Set("X-MLflow-Signature", Sign(secret, id, at, body))
	}
	return h
}

// Sign signs a body with its delivery id and timestamp, for the header X-MLflow-Signature.
func Sign(secret core.Secret, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post makes one attempt. It returns what the answer says of when to try again; 0 is nothing.
func (s *Sender) post(ctx context.Context, url string, h http.Header, body []byte) (Result, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Result{}, 0, core.Invalid("url", "the URL of the webhook cannot be called")
	}
	r.Header = h.Clone()
	answer, err := s.client.Do(r)
	if err != nil {
		return Result{}, 0, core.Errorf(core.Unavailable, "the webhook cannot be reached: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostBody))
	if err != nil {
		return Result{}, 0, core.Errorf(core.Unavailable, "the answer of the webhook broke off: %w", err)
	}
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	result := Result{Status: answer.StatusCode, Body: strings.ToValidUTF8(string(text), "\ufffd")}
	return result, time.Duration(max(seconds, 0)) * time.Second, nil
}
