package observe

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Requests observes the requests of a server. Make one with New.
type Requests struct {
	log     *slog.Logger
	metrics *metrics
	now     func() time.Time
}

// New observes into a log, at level info for what went well or was the caller's mistake and error for the server's own.
func New(log *slog.Logger) *Requests {
	return &Requests{log: log, metrics: newMetrics(), now: time.Now}
}

// record is what the handlers say of a request on its way.
type record struct {
	route, user string
	err         error
}

type recordKey struct{}

// Note says which route serves a request, and to whom, if anybody observes it.
func Note(ctx context.Context, route, user string) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		r.route, r.user = route, user
	}
}

// Fail says why a request failed; what is the server's own fault is in the log then.
func Fail(ctx context.Context, err error) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		r.err = err
	}
}

// Wrap returns a handler that observes what next does.
func (o *Requests) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := o.now()
		note := &record{}
		answer := &answer{ResponseWriter: w}
		o.metrics.running.Inc()
		finished := false
		defer func() { //nolint:contextcheck // the request has it
			o.metrics.running.Dec()
			o.seen(r.Context(), seen{r, note, answer, o.now().Sub(begin), !finished})
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), recordKey{}, note)))
		finished = true
	})
}

// seen is one request at its end.
type seen struct {
	request *http.Request
	note    *record
	answer  *answer
	took    time.Duration
	cut     bool // the answer broke off
}

func (o *Requests) seen(ctx context.Context, s seen) {
	status := s.answer.code()
	if strings.HasSuffix(s.note.route, "/health") || strings.HasSuffix(s.note.route, "/version") {
		return // asked every few seconds, as in MLflow
	}
	o.metrics.count(s, status)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError || s.cut {
		level = slog.LevelError
	}
	if !o.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", s.request.Method), slog.String("path", shown(s.request.URL.Path)), slog.Int("status", status),
		slog.Int64("bytes", s.answer.bytes), slog.Duration("took", s.took), slog.String("from", s.request.RemoteAddr),
	}
	if s.note.user != "" {
		attrs = append(attrs, slog.String("user", s.note.user))
	}
	if s.cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	if s.note.err != nil && status >= http.StatusInternalServerError {
		attrs = append(attrs, slog.String("error", shown(s.note.err.Error())))
	}
	o.log.LogAttrs(ctx, level, "request", attrs...)
}

// shown is a path as a log has it: not longer than 500 bytes.
func shown(text string) string {
	const most = 500
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// answer counts what goes through it.
type answer struct {
	http.ResponseWriter

	status int
	bytes  int64
}

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// ReadFrom lets the writer below take a file by itself.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(a.ResponseWriter, r)
	a.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
