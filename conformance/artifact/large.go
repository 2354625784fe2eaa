package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func attributeCases() []entry {
	return []entry{
		{
			ID: "AR-019", Name: "put/content-type", Rule: "A content type is a hint: whatever it says, the bytes are stored as they are.",
			Run: inYard(contentTypes),
		},
		{
			ID: "AR-100", Name: "digest/declared", Level: conformance.Extended,
			Rule: "Put returns the SHA-256 of what it read, whatever the size; Stat and List give the same or none.", Run: inYard(digests),
		},
	}
}

func performanceCases() []entry {
	return []entry{
		{
			ID: "AR-004", Name: "put/large", Level: conformance.Performance, Alone: true,
			Rule: "A file of 1 GiB comes back whole.", Run: inYard(large(gibibyte)),
		},
		{
			ID: "AR-104", Name: "perf/list-cost", Level: conformance.Performance, Hooks: []conformance.Hook{conformance.CallsHook},
			Rule: "Listing n files takes at most one request a page, and one more.", Run: inYard(listCost), Alone: true,
		},
		{
			ID: "AR-105", Name: "perf/stream-memory", Level: conformance.Performance, Alone: true,
			Rule: "Writing and reading 1 GiB holds at most 64 MiB of it in the caller's memory.",
			Run:  inYard(streamMemory(gibibyte, 64<<20)),
		},
	}
}

func contentTypes(y *yard) {
	types := []string{
		"", "text/plain", "text/plain; charset=utf-16", "application/gzip", "image/png", "application/x-not-registered", "text/html",
	}
	for i, contentType := range types {
		name := fmt.Sprintf("%d.json", i)
		content := noise(y.env.Rand, 1000) + "\r\n\x00<html>"
		o := core.PutOptions{ContentType: contentType}
		a, err := y.store.Put(y.ctx, y.at(name), strings.NewReader(content), o)
		conformance.NoError(y, fmt.Sprintf("Put with the content type %q", contentType), err)
		conformance.Equal(y, "Put's size", a.Size, int64(len(content)))
		y.holds(name, content)
	}
}

func digests(y *yard) {
	sizes := append(around(4<<10, 64<<10, 1<<20, 5<<20, 8<<20), 0, 1)
	var names []string
	want := map[string]string{}
	for _, n := range sizes {
		name := fmt.Sprintf("%08d", n)
		content := noise(y.env.Rand, n)
		sum := sha256.Sum256([]byte(content))
		want[name] = hex.EncodeToString(sum[:])
		conformance.Equal(y, "Put's SHA-256 of "+name, y.put(name, content).SHA256, want[name])
		if got := y.stat(name).SHA256; got != "" {
			conformance.Equal(y, "Stat's SHA-256 of "+name, got, want[name])
		}
		names = append(names, name)
	}
	entries, err := list(y.ctx, y.env.Second(), y.dir, core.ListOptions{})
	conformance.NoError(y, "List", err)
	conformance.Equal(y, "files", len(entries), len(names))
	for i, name := range y.names(entries) {
		if got := entries[i].SHA256; got != "" {
			conformance.Equal(y, "List's SHA-256 of "+name, got, want[name])
		}
	}
}

const gibibyte = 1 << 30

// stream is n bytes that do not repeat, made as they are read.
func stream(y *yard, n int64) io.Reader {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(y.env.Rand.Uint32())
	}
	return io.LimitReader(rand.NewChaCha8(seed), n)
}

// passThrough writes and reads a file of n bytes and compares the digests of both.
func passThrough(y *yard, n int64) {
	y.Helper()
	sent, came := sha256.New(), sha256.New()
	a, err := y.store.Put(y.ctx, y.at("f"), io.TeeReader(stream(y, n), sent), core.PutOptions{})
	conformance.NoError(y, "Put of a large file", err)
	conformance.Equal(y, "Put's size", a.Size, n)
	conformance.Equal(y, "Put's SHA-256", a.SHA256, hex.EncodeToString(sent.Sum(nil)))
	r, err := y.store.Open(y.ctx, y.at("f"), core.ReadOptions{})
	conformance.NoError(y, "Open", err)
	read, err := io.Copy(came, r)
	conformance.NoError(y, "reading the large file", err)
	conformance.NoError(y, "Close", r.Close())
	conformance.Equal(y, "bytes read", read, n)
	conformance.Equal(y, "SHA-256 of what was read", hex.EncodeToString(came.Sum(nil)), a.SHA256)
}

func large(size int64) func(*yard) {
	return func(y *yard) {
		passThrough(y, size)
		conformance.Equal(y, "Stat's size", y.stat("f").Size, size)
	}
}

// streamMemory looks at the memory of this process: that of a plugin is the business of whoever starts it.
func streamMemory(size int64, most uint64) func(*yard) {
	return func(y *yard) {
		if grown := growth(func() { passThrough(y, size) }); grown > most {
			y.Errorf("the heap grew by %d KiB while %d KiB went through it, want at most %d KiB", grown>>10, size>>10, most>>10)
		}
	}
}

// growth is by how many bytes the heap was larger than before at the worst moment while f ran.
func growth(f func()) uint64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, worst := heap(), uint64(0)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticks := time.NewTicker(20 * time.Millisecond)
		defer ticks.Stop()
		for {
			worst = max(worst, heap())
			select {
			case <-stop:
				return
			case <-ticks.C:
			}
		}
	})
	defer watching.Wait() // also when f ends the case
	func() {
		defer close(stop)
		f()
	}()
	watching.Wait()
	return max(worst, before) - before
}

func listCost(y *yard) {
	const files, limit = 95, 10
	for i := range files {
		y.put(fmt.Sprintf("d/%03d", i), "x")
	}
	before := y.env.Calls(y.store)
	o := core.ListOptions{Recursive: true, PageOptions: core.PageOptions{Limit: limit}}
	entries, err := list(y.ctx, y.store, y.at("d"), o)
	conformance.NoError(y, "List", err)
	conformance.Equal(y, "files", len(entries), files)
	if calls := y.env.Calls(y.store) - before; calls > (files+limit-1)/limit+1 {
		y.Errorf("listing %d files in pages of %d took %d requests, want at most %d", files, limit, calls, (files+limit-1)/limit+1)
	}
}
