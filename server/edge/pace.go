package edge

import (
	"io"
	"net/http"
	"time"
)

// The pace that bodies must keep: at least slowest bytes a second, measured over windows of pace (security rule R13).
const (
	pace    = 10 * time.Second
	slowest = 1 << 10
)

// Paced closes connections whose bodies come or go slower than 1 KiB a second for ten seconds. It must stand outermost, on
// the writer of net/http.
func Paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &pacedBody{ReadCloser: r.Body, pacer: pacer{set: control.SetReadDeadline}}
		}
		next.ServeHTTP(w, r)
	})
}

// pacer moves a deadline on as long as enough bytes pass. Time in which nobody waits for bytes does not count: a store that
// takes them slowly is not the client's fault.
type pacer struct {
	set   func(time.Time) error
	bytes int
	start time.Time // of the window
	ended time.Time // of the last wait
}

// begin starts a wait for bytes.
func (p *pacer) begin() {
	if now := time.Now(); p.start.IsZero() || now.Sub(p.ended) >= pace/10 {
		p.next(now)
	}
}

func (p *pacer) next(now time.Time) {
	p.start, p.bytes = now, 0
	_ = p.set(now.Add(pace)) // a connection that has no deadlines has no pace either
}

// moved ends a wait that brought n bytes. The deadline moves when the window has had its share, but not for every few bytes.
func (p *pacer) moved(n int) {
	p.ended = time.Now()
	p.bytes += n
	if p.bytes >= int(pace/time.Second)*slowest && p.ended.Sub(p.start) >= pace/10 {
		p.next(p.ended)
	}
}

// end takes the deadline away.
func (p *pacer) end() { _ = p.set(time.Time{}) }

type pacedBody struct {
	io.ReadCloser
	pacer pacer
}

func (b *pacedBody) Read(p []byte) (int, error) {
	b.pacer.begin()
	n, err := b.ReadCloser.Read(p)
	b.pacer.moved(n)
	if err != nil {
		b.pacer.end()
	}
	return n, err
}
