package restclient

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Answer is what a server answered with success. Close it.
type Answer struct {
	Status int
	Header http.Header
	Size   int64 // of the body, in bytes; below 0 is unknown
	Body   io.ReadCloser
}

// Close ends the reading of the answer.
func (a *Answer) Close() error { return a.Body.Close() }

// Send sends a request until it succeeds, as often as the settings and the request allow. Every other answer is an error, whose
// outcome is unknown when an attempt before it may have done what was asked for.
func (c *Client) Send(ctx context.Context, r Request) (*Answer, error) {
	done := false
	for attempt := 0; ; attempt++ {
		answer, failed := c.once(ctx, r)
		if failed == nil {
			return answer, nil
		}
		if done {
			failed.err.Outcome = core.OutcomeUnknown
		}
		done = done || failed.err.Outcome == core.OutcomeUnknown
		if attempt == c.settings.Retries || ctx.Err() != nil || !failed.again(r) {
			return nil, failed.err
		}
		pause := c.pause(attempt, failed.after)
		if pause >= time.Second { // so that nobody wonders what takes so long
			slog.WarnContext(ctx, "a request failed and is sent again", "server", c.base.Host, "error", failed.err,
				"in", pause.Round(100*time.Millisecond).String(), "attempt", attempt+2, "of", c.settings.Retries+1)
		}
		if err := wait(ctx, pause); err != nil {
			return nil, failed.err
		}
	}
}

// failure is how an attempt failed.
type failure struct {
	err    *core.Error
	sent   bool          // the server may have got the request
	status int           // of the answer; 0 is none
	after  time.Duration // that the server asked for
	fatal  bool          // it will not be different another time
}

// again reports whether the request may be sent once more. Source: mlflow/utils/request_utils.py, 3.18, where a creation is not
// repeated after 503, which MLflow's server also sends when it has created; ours says so then.
func (f *failure) again(r Request) bool {
	switch {
	case f.fatal:
		return false
	case f.status == http.StatusTooManyRequests, f.status == http.StatusRequestTimeout:
		return true
	case f.status == 0:
		return !f.sent || !r.Once
	case r.Honest && f.status == http.StatusServiceUnavailable && f.err.Outcome == core.NoEffect:
		return true
	case r.Once, r.Direct:
		return false
	}
	switch f.status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// pause is how long to wait after so many attempts that failed, counted from 0.
func (c *Client) pause(attempt int, asked time.Duration) time.Duration {
	const most = 120
	if asked > 0 && c.settings.RetryAfter {
		return min(asked, most*time.Second)
	}
	if attempt == 0 {
		return 0
	}
	seconds := min(c.settings.Backoff*math.Pow(2, float64(attempt)), most)
	seconds += c.settings.Jitter * rand.Float64() //nolint:gosec // it only spreads the load
	return time.Duration(seconds * float64(time.Second))
}

// wait waits, unless the context ends before that.
func wait(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// once sends a request once.
func (c *Client) once(ctx context.Context, r Request) (*Answer, *failure) {
	attempt, cancel := context.WithCancelCause(ctx)
	patient := newPatience(c.settings.Timeout, cancel)
	done := func() { patient.stop(); cancel(nil) }
	var sent atomic.Bool
	traced := httptrace.WithClientTrace(attempt, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	req, err := c.request(traced, r)
	if err != nil {
		done()
		return nil, &failure{err: asError(err), fatal: true}
	}
	body := &sentBody{ReadCloser: req.Body, patience: patient}
	if req.Body != http.NoBody {
		req.Body = body
	}
	c.sent.Add(1)
	resp, err := c.client(r).Do(req)
	if err == nil && r.Away.IsZero() {
		c.reached.Store(true)
	}
	if err != nil {
		done()
		if own := body.failed(); own != nil { // of the caller's bytes: nothing is known to be wrong with the server
			return nil, &failure{err: asError(own), sent: sent.Load(), fatal: true}
		}
		return nil, c.unanswered(ctx, attempt, r, err, sent.Load())
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		answer := &Answer{
			Status: resp.StatusCode, Header: resp.Header, Size: resp.ContentLength,
			Body: &answerBody{body: resp.Body, patience: patient, ctx: attempt, done: done},
		}
		if err := answer.peek(r.Peek); err != nil {
			_ = answer.Close() // the error that counts is the other one
			return nil, &failure{err: asError(err), sent: true}
		}
		return answer, nil
	}
	defer done()
	defer resp.Body.Close()
	return nil, refusal(r, resp)
}

// unanswered is the failure of a request that got no answer.
func (c *Client) unanswered(ctx, attempt context.Context, r Request, err error, sent bool) *failure {
	e := broken(ctx, attempt, err)
	if sent && r.changes() {
		e.Outcome = core.OutcomeUnknown
	}
	return &failure{err: e, sent: sent, fatal: errors.Is(err, errRedirect) || certificate(err) || c.misspelt(r, err)}
}

// misspelt reports a host whose name nobody knows, unless the server was there before: the network may be gone then.
func (c *Client) misspelt(r Request, err error) bool {
	unknown, ok := errors.AsType[*net.DNSError](err)
	return ok && unknown.IsNotFound && !(c.reached.Load() && r.Away.IsZero())
}

// retryAfter is what the header Retry-After asks for.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
