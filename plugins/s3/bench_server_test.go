//go:build unix

package s3_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// memoryS3 keeps objects in memory and believes everything: it shows what clients cost. It does what a client needs to
// write, read and list, and nothing else.
type memoryS3 struct {
	mu      sync.RWMutex
	objects map[string][]byte // by bucket/key
	parts   map[string]map[int][]byte
}

// serveMemoryS3 is what a copy of this test program does for the benchmarks: it prints its address, and serves until its
// standard input ends.
func serveMemoryS3() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	m := &memoryS3{objects: map[string][]byte{}, parts: map[string]map[int][]byte{}}
	go func() { _ = http.Serve(l, m) }()
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func (m *memoryS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	query := r.URL.Query()
	switch {
	case query.Has("list-type"):
		m.list(w, name, query)
	case r.Method == http.MethodPost && query.Has("uploads"):
		id := strconv.Itoa(len(name)) + name
		m.mu.Lock()
		m.parts[id] = map[int][]byte{}
		m.mu.Unlock()
		_, _ = fmt.Fprintf(w, `<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, url.QueryEscape(id))
	case r.Method == http.MethodPost && query.Has("uploadId"):
		m.complete(w, r, name)
	case r.Method == http.MethodPut:
		m.put(w, r, name)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		m.mu.RLock()
		content, found := m.objects[name]
		m.mu.RUnlock()
		if !found {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", epoch(), bytes.NewReader(content))
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (m *memoryS3) put(w http.ResponseWriter, r *http.Request, name string) {
	content := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, content); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if id := r.URL.Query().Get("uploadId"); id != "" {
		number, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
		id, _ = url.QueryUnescape(id)
		m.parts[id][number] = content
	} else {
		m.objects[name] = content
	}
	w.Header().Set("ETag", `"e"`)
}

func (m *memoryS3) complete(w http.ResponseWriter, r *http.Request, name string) {
	_, _ = io.Copy(io.Discard, r.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	id, _ := url.QueryUnescape(r.URL.Query().Get("uploadId"))
	parts := m.parts[id]
	delete(m.parts, id)
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	whole := make([]byte, 0, size)
	for number := 1; number <= len(parts); number++ {
		whole = append(whole, parts[number]...)
	}
	m.objects[name] = whole
	_, _ = io.WriteString(w, `<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>`)
}

type listed struct {
	XMLName        xml.Name `xml:"ListBucketResult"`
	IsTruncated    bool
	NextToken      string `xml:"NextContinuationToken,omitempty"`
	Contents       []listedObject
	CommonPrefixes []listedPrefix
}

type listedObject struct {
	Key          string
	Size         int
	ETag         string
	LastModified string
	StorageClass string
}

type listedPrefix struct{ Prefix string }

func (m *memoryS3) list(w http.ResponseWriter, bucket string, query url.Values) {
	bucket = strings.TrimSuffix(bucket, "/") + "/"
	prefix, delimiter := query.Get("prefix"), query.Get("delimiter")
	after := max(query.Get("start-after"), query.Get("continuation-token"))
	most, err := strconv.Atoi(query.Get("max-keys"))
	if err != nil {
		most = 1000
	}
	m.mu.RLock()
	var keys []string
	for name := range m.objects {
		if key, ours := strings.CutPrefix(name, bucket); ours && strings.HasPrefix(key, prefix) && key > after {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var page listed
	last := ""
	for _, key := range keys {
		if rest := key[len(prefix):]; delimiter != "" && strings.Contains(rest, delimiter) {
			dir, _, _ := strings.Cut(rest, delimiter)
			if common := prefix + dir + delimiter; common != last {
				page.CommonPrefixes = append(page.CommonPrefixes, listedPrefix{common})
				last = common
			}
			continue
		}
		if len(page.Contents) == most {
			page.IsTruncated, page.NextToken = true, page.Contents[most-1].Key
			break
		}
		page.Contents = append(page.Contents, listedObject{
			Key: key, Size: len(m.objects[bucket+key]), ETag: `"e"`, LastModified: "2026-01-01T00:00:00Z", StorageClass: "STANDARD",
		})
	}
	m.mu.RUnlock()
	_ = xml.NewEncoder(w).Encode(page)
}
