package testenv

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Tab is a tab of a browser that remembers what its pages asked for.
type Tab struct {
	t   testing.TB
	ctx context.Context //nolint:containedctx // the tab of a browser is a context

	pictures int

	mu    sync.Mutex
	asked map[network.RequestID]string
	heard []Heard
}

// OpenTab starts a browser, which ends with the test.
func OpenTab(t testing.TB) *Tab {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(Chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(2400, 1400),
		chromedp.UserDataDir(t.TempDir()))
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &Tab{t: t, ctx: ctx, asked: map[network.RequestID]string{}}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatalf("listen to Chromium: %v", err)
	}
	return b
}

// Heard is an answer that a page was given.
type Heard struct {
	Method string
	URL    *url.URL
	Status int
}

func (b *Tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked[e.RequestID] = e.Request.Method
	case *network.EventResponseReceived:
		if at, err := url.Parse(e.Response.URL); err == nil {
			b.heard = append(b.heard, Heard{b.asked[e.RequestID], at, int(e.Response.Status)})
		}
	}
}

// Heard lists what the pages were answered up to now.
func (b *Tab) Heard() []Heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.heard)
}

// patience is how long a page may take to show what it has.
const patience = time.Minute

// Show opens a page and waits until all the texts are on it.
func (b *Tab) Show(address string, texts ...string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(address))
	for _, text := range texts {
		if err == nil {
			err = b.await(ctx, "document.body && document.body.innerText.includes("+quoted(text)+")")
		}
	}
	if err != nil {
		page, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.t.Errorf("%s: %v; the page shows:\n%.2000s", address, err, page)
	}
	b.picture()
}

// Do runs JavaScript on the page and waits until an expression is true.
func (b *Tab) Do(what, script, until string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](script))
	if err == nil {
		err = b.await(ctx, until)
	}
	if err != nil {
		page, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.t.Errorf("%s: %v; the page shows:\n%.2000s", what, err, page)
	}
	b.picture()
}

// picture keeps what the page looks like in the folder that MLSTORE_SCREENSHOTS names, where somebody wants to see that.
func (b *Tab) picture() {
	b.t.Helper()
	dir := os.Getenv("MLSTORE_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	b.pictures++
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("page-%02d.png", b.pictures)), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// await waits until an expression is true. The page may load itself again meanwhile.
func (b *Tab) await(ctx context.Context, expression string) error {
	for {
		err := chromedp.Do(ctx, chromedp.Poll[chromedp.Void](expression,
			chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience)))
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "context") {
			return err
		}
	}
}

func quoted(text string) string { return "`" + strings.ReplaceAll(text, "`", "\\`") + "`" }
