package server

import (
	"io"
	"net/http/httptest"
	"testing"
	"time"
)

// clocked notes when what is written must have gone.
type clocked struct {
	*httptest.ResponseRecorder

	deadlines []time.Time
}

func (c *clocked) SetWriteDeadline(at time.Time) error {
	c.deadlines = append(c.deadlines, at)
	return nil
}

// streamed is an answer that is written while it is read.
type streamed struct{}

func (streamed) streams() bool { return true }

func (streamed) stream(w io.Writer) error {
	_, err := w.Write(make([]byte, 3*piece))
	return err
}

// A client that does not take its answer is given up, whatever the answer (R13).
func TestLongAnswersKeepAPace(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		of     any
		pieces int
	}{
		"short": {"x", 0}, "long": {string(make([]byte, piece/6+1)), 2}, "streamed": {streamed{}, 3},
	} {
		w := &clocked{ResponseRecorder: httptest.NewRecorder()}
		c := &call{w: w, r: httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), server: new(Server)}
		check(t, c.answer(answer.of))
		if answer.pieces == 0 {
			if len(w.deadlines) > 0 {
				t.Errorf("%s: %d deadlines", name, len(w.deadlines))
			}
			continue
		}
		if len(w.deadlines) != answer.pieces+1 || !w.deadlines[answer.pieces].IsZero() {
			t.Errorf("%s: deadlines %v, and %d bytes", name, w.deadlines, w.Body.Len())
			continue
		}
		for _, at := range w.deadlines[:answer.pieces] {
			if left := time.Until(at); left <= 0 || left > pieceTime {
				t.Errorf("%s: %v for a piece", name, left)
			}
		}
	}
}
