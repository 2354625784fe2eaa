// Package filebench_test measures artifacts through the server, beside bare HTTP to and from a file of the same durability and
// beside MLflow's own server: make bench-server.
package filebench_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/edge"
)

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

const proxy = "/api/2.0/mlflow-artifacts/artifacts/"

// servers are those that are compared, by name; each returns the address below which files lie.
func servers() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{
		"mlstore": ours,
		"bare":    bare,
		"mlflow":  theirs,
	}
}

// ours is a server of ours over a folder.
func ours(b testing.TB) string {
	b.Helper()
	dir := b.TempDir()
	resolver, err := embedded.New()
	must(b, err)
	s, err := server.New(b.Context(), server.Config{
		Resolver: resolver, ArtifactsDestination: filepath.Join(dir, "artifacts"), ArtifactsOnly: true,
	})
	must(b, err)
	web := httptest.NewServer(edge.Paced(s.Handler()))
	b.Cleanup(func() {
		web.Close()
		must(b, s.Close())
		must(b, resolver.Close())
	})
	return web.URL + proxy
}

// theirs is MLflow's server over a folder.
func theirs(b testing.TB) string {
	b.Helper()
	return testenv.ServeMLflow(b, "3.18.0").URL + proxy
}

// bare is the least that a server does for a file: take it whole, flush it and give it its name, or send it.
func bare(b testing.TB) string {
	b.Helper()
	dir := b.TempDir()
	var uploads atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(dir, filepath.Base(r.URL.Path))
		if r.Method == http.MethodGet {
			http.ServeFile(w, r, name)
			return
		}
		temp := fmt.Sprintf("%s.%d", name, uploads.Add(1))
		if err := store(temp, name, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	b.Cleanup(web.Close)
	return web.URL + "/"
}

func store(temp, name string, from io.Reader) error {
	f, err := os.Create(temp)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, from); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temp, name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// client is one with as many connections as it needs.
func client(b *testing.B) *http.Client {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func put(b *testing.B, c *http.Client, url string, content []byte) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPut, url, bytes.NewReader(content))
	must(b, err)
	finish(b, c, r, 0)
}

func get(b *testing.B, c *http.Client, url string, size int) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	must(b, err)
	finish(b, c, r, size)
}

// finish sends a request and reads the answer, which has size bytes unless that is 0.
func finish(b *testing.B, c *http.Client, r *http.Request, size int) {
	b.Helper()
	answer, err := c.Do(r)
	must(b, err)
	n, err := io.Copy(io.Discard, answer.Body)
	must(b, err)
	must(b, answer.Body.Close())
	if answer.StatusCode != http.StatusOK || size > 0 && int(n) != size {
		b.Fatalf("%s %s: %d, %d bytes", r.Method, r.URL, answer.StatusCode, n)
	}
}

// BenchmarkLargeFile sends and gets a file of 256 MiB.
func BenchmarkLargeFile(b *testing.B) {
	const size = 256 << 20
	content := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	for name, start := range servers() {
		b.Run("server="+name, func(b *testing.B) {
			at, c := start(b)+"large", client(b)
			put(b, c, at, content)
			b.Run("put", func(b *testing.B) {
				b.SetBytes(size)
				for b.Loop() {
					put(b, c, at, content)
				}
			})
			b.Run("get", func(b *testing.B) {
				b.SetBytes(size)
				for b.Loop() {
					get(b, c, at, size)
				}
			})
		})
	}
}

// BenchmarkSmallFiles sends and gets files of 4 KiB on 1 and on 16 connections.
func BenchmarkSmallFiles(b *testing.B) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 256)
	for name, start := range servers() {
		for _, connections := range []int{1, 16} {
			b.Run(fmt.Sprintf("server=%s/connections=%d", name, connections), func(b *testing.B) {
				at, c := start(b), client(b)
				var files atomic.Int64
				run := func(b *testing.B, each func(n int64)) {
					b.Helper()
					b.SetParallelism(max(connections/runtime.GOMAXPROCS(0), 1))
					if connections == 1 {
						for b.Loop() {
							each(files.Add(1))
						}
						return
					}
					b.RunParallel(func(p *testing.PB) {
						for p.Next() {
							each(files.Add(1))
						}
					})
				}
				b.Run("put", func(b *testing.B) {
					run(b, func(n int64) { put(b, c, fmt.Sprintf("%sf%d", at, n%1000), content) })
				})
				for n := range 1000 {
					put(b, c, fmt.Sprintf("%sf%d", at, n), content)
				}
				b.Run("get", func(b *testing.B) {
					run(b, func(n int64) { get(b, c, fmt.Sprintf("%sf%d", at, n%1000), len(content)) })
				})
			})
		}
	}
}
