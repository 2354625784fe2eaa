package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func brokenPutCases() []entry {
	return []entry{
		{
			ID: "AR-011", Name: "put/declared-size-wrong",
			Rule: "Bytes that are more or fewer than the declared size are refused; what was there before stays.",
			Run:  inYard(putWrongSize),
		},
		{
			ID: "AR-012", Name: "put/wrong-digest",
			Rule: "Bytes with another digest than the declared one are refused; what was there before stays.",
			Run:  inYard(putWrongDigest),
		},
		{
			ID: "AR-013", Name: "put/reader-errors-halfway",
			Rule: "When the reader fails, Put returns its error, nothing becomes visible, and what was there before stays.",
			Why:  "velero's object-store client committed the bytes that had come so far", Run: inYard(putReaderFails),
		},
		{
			ID: "AR-017", Name: "put/invisible-until-done",
			Rule: "While a Put runs, Stat, Open and List show what was there before.", Run: inYard(putInvisible),
		},
		{
			ID: "AR-085", Name: "ctx/cancel-put",
			Rule: "A Put whose context ends returns the context's error and leaves nothing visible.", Run: inYard(putCanceled),
		},
		{
			ID: "AR-112", Name: "ctx/cancel-endless-put",
			Rule: "A Put ends soon after its context, however much its reader still has.", Run: inYard(putEndless),
		},
	}
}

// eachBefore runs f for a path where nothing was before, and for one where a file was; neither may change.
func eachBefore(y *yard, f func(at string)) {
	y.Helper()
	y.put("taken", "before")
	f(y.at("taken"))
	y.holds("taken", "before")
	f(y.at("free"))
	y.lacks("free")
	f(y.at("dir/free")) // nor may its directory
	y.lacks("dir/free")
	y.lists("", "taken")
}

func putWrongSize(y *yard) {
	content := noise(y.env.Rand, 100_000)
	for _, size := range []int64{0, 1, 99_999, 100_001, 200_000} {
		eachBefore(y, func(at string) {
			_, err := y.store.Put(y.ctx, at, strings.NewReader(content), core.PutOptions{Size: ptr(size)})
			conformance.RefusedAs(y, "Put with another size", err, core.ErrInvalid, core.ErrDataLoss)
		})
	}
	_, err := y.store.Put(y.ctx, y.at("free"), strings.NewReader(""), core.PutOptions{Size: ptr(int64(-1))})
	conformance.Refused(y, "Put with a negative size", err, core.ErrInvalid)
	y.lacks("free")
}

func putWrongDigest(y *yard) {
	sum := sha256.Sum256([]byte("something else"))
	eachBefore(y, func(at string) {
		o := core.PutOptions{SHA256: hex.EncodeToString(sum[:])}
		_, err := y.store.Put(y.ctx, at, strings.NewReader("content"), o)
		conformance.RefusedAs(y, "Put with another digest", err, core.ErrInvalid, core.ErrDataLoss)
	})
	for _, none := range []string{"abc", strings.Repeat("g", 64), strings.Repeat("0", 65)} {
		_, err := y.store.Put(y.ctx, y.at("free"), strings.NewReader("content"), core.PutOptions{SHA256: none})
		conformance.Refused(y, "Put with what is no digest", err, core.ErrInvalid)
		y.lacks("free")
	}
	sum = sha256.Sum256([]byte("content"))
	upper := strings.ToUpper(hex.EncodeToString(sum[:]))
	_, err := y.store.Put(y.ctx, y.at("upper"), strings.NewReader("content"), core.PutOptions{SHA256: upper})
	conformance.NoError(y, "Put with a digest in capitals", err)
}

var errSource = errors.New("the source broke")

// broken yields its text and then errSource.
func broken(text string) io.Reader { return io.MultiReader(strings.NewReader(text), failing{}) }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errSource }

func putReaderFails(y *yard) {
	for _, text := range []string{"", "half", noise(y.env.Rand, 3<<20)} {
		eachBefore(y, func(at string) {
			if _, err := y.store.Put(y.ctx, at, broken(text), core.PutOptions{}); !errors.Is(err, errSource) {
				y.Errorf("Put from a reader that fails after %d bytes: got error %v, want the reader's", len(text), err)
			}
		})
	}
}

// slowPut begins a Put and returns once the store has taken the first half of the content. What it returns ends the
// reader with the rest of the content and an error, or with none, and then yields what Put returned.
func slowPut(ctx context.Context, y *yard, at, half string) func(rest string, end error) error {
	y.Helper()
	pipe, w := io.Pipe()
	result := make(chan error, 1)
	y.Cleanup(func() { _ = w.CloseWithError(errSource) }) // no case leaves a Put waiting; never fails
	go func() {
		_, err := y.store.Put(ctx, at, pipe, core.PutOptions{})
		_ = pipe.CloseWithError(errors.New("it was Put that returned")) // never fails
		result <- err
	}()
	if _, err := io.WriteString(w, half); err != nil {
		y.Fatalf("Put ended early: %v", <-result)
	}
	return func(rest string, end error) error {
		_, _ = io.WriteString(w, rest) // Put tells
		_ = w.CloseWithError(end)      // never fails
		return <-result
	}
}

func putInvisible(y *yard) {
	half := noise(y.env.Rand, 2<<20)
	y.put("taken", "before")
	finish := []func(string, error) error{
		slowPut(y.ctx, y, y.at("taken"), half), slowPut(y.ctx, y, y.at("free"), half), slowPut(y.ctx, y, y.at("dir/free"), half),
	}
	seen := conformance.Ends(y, 3*patience, "looking around during a Put", func() (seen error) {
		for _, s := range []store{y.store, y.env.Second()} {
			got, err := readAll(y.ctx, s, y.at("taken"), core.ReadOptions{})
			seen = errors.Join(seen, err, sameBytes("taken", got, "before"), absent(y.ctx, s, y.at("free")), absent(y.ctx, s, y.at("dir")))
		}
		return seen
	})
	for _, f := range finish {
		conformance.NoError(y, "Put", f("the rest", nil))
	}
	if seen != nil {
		y.Errorf("during a Put: %v", seen)
	}
	y.holds("taken", half+"the rest")
	y.holds("free", half+"the rest")
}

func putCanceled(y *yard) {
	half := noise(y.env.Rand, 1<<20)
	eachBefore(y, func(at string) {
		ctx, cancel := context.WithCancel(y.ctx)
		finish := slowPut(ctx, y, at, half)
		cancel()
		err := finish("more", nil)
		if !errors.Is(err, context.Canceled) {
			y.Errorf("Put whose context was canceled: got error %v, want %v", err, context.Canceled)
		}
	})
}

// endless yields a byte now and then, for longer than anybody should read.
type endless struct {
	ticks   *time.Ticker
	started chan struct{}
	until   time.Time
	begun   bool
}

func (e *endless) Read(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		close(e.started)
	}
	<-e.ticks.C
	if time.Now().After(e.until) {
		return 0, errSource
	}
	return copy(p, "x"), nil
}

func putEndless(y *yard) {
	ctx, cancel := context.WithCancel(y.ctx)
	defer cancel()
	e := &endless{ticks: time.NewTicker(time.Millisecond), started: make(chan struct{}), until: time.Now().Add(patience)}
	defer e.ticks.Stop()
	result := make(chan error, 1)
	go func() {
		_, err := y.store.Put(ctx, y.at("f"), e, core.PutOptions{})
		result <- err
	}()
	select {
	case <-e.started:
	case err := <-result:
		y.Fatalf("Put ended before it read anything: %v", err)
	}
	cancel()
	err := conformance.Ends(y, patience, "Put after the cancellation", func() error { return <-result })
	if !errors.Is(err, context.Canceled) {
		y.Errorf("Put whose context was canceled: got error %v, want %v", err, context.Canceled)
	}
	y.lacks("f")
}
