package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// peak is the most memory that a process has had, in MiB.
func (s *serving) peak() int {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return kib >> 10
}

const mostMemory = 512 // MiB, of the rows RS5 and RL4

// Row RS5: files of more than the memory that there is pass through at the same time, both ways.
func TestManyFilesPassAtTheSameTime(t *testing.T) {
	t.Parallel()
	const clients, size = 50, 12 << 20
	s := newShell(t)
	server := s.serve("--log-level", "error")
	content := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	put := func(name string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.url+"/api/2.0/mlflow-artifacts/artifacts/"+name, bytes.NewReader(content))
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("PUT: %s", answer.Status)
		}
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}
	get := func() error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.url+"/api/2.0/mlflow-artifacts/artifacts/f", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if n, err := io.Copy(io.Discard, answer.Body); n != size || err != nil {
			return fmt.Errorf("GET: %s, %d bytes, %w", answer.Status, n, err)
		}
		return nil
	}
	s.must(put("f"))
	failures := make([]error, 2*clients)
	var passing sync.WaitGroup
	for i := range clients {
		passing.Go(func() { failures[2*i] = put("f" + strconv.Itoa(i)) })
		passing.Go(func() { failures[2*i+1] = get() })
	}
	passing.Wait()
	for _, err := range failures {
		s.must(err)
	}
	if mib := server.peak(); mib > mostMemory {
		t.Errorf("the server took %d MiB for files of %d MiB", mib, 2*clients*size>>20)
	} else {
		t.Logf("the server took %d MiB for files of %d MiB", mib, 2*clients*size>>20)
	}
	server.stop(syscall.SIGTERM)
	s.must(server.wait())
}

// Row RS7: a thousand clients ask for a file and do not take it. Whoever asks something else is answered as ever.
func TestClientsThatDoNotTakeTheirFiles(t *testing.T) {
	t.Parallel()
	const clients, places, size = 1000, 256, 8 << 20
	s := newShell(t)
	server := s.serve("--log-level", "error", "--drain-timeout", "1s")
	if status, body := server.do("PUT", "/api/2.0/mlflow-artifacts/artifacts/f", strings.Repeat("x", size)); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	address := strings.TrimPrefix(server.url, "http://")
	conns := make([]net.Conn, clients)
	for i := range conns {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		s.must(err)
		defer conn.Close()
		s.must(conn.(*net.TCPConn).SetReadBuffer(4 << 10))
		s.must(conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(conn, "GET /api/2.0/mlflow-artifacts/artifacts/f HTTP/1.1\r\nHost: "+address+"\r\n\r\n")
		s.must(err)
		conns[i] = conn
	}
	var longest time.Duration
	for range 200 {
		start := time.Now()
		if status, body := server.get("/api/2.0/mlflow/experiments/get?experiment_id=0"); status != http.StatusOK {
			t.Fatalf("another client: %d %s", status, body)
		}
		longest = max(longest, time.Since(start))
	}
	if longest > 2*time.Second {
		t.Errorf("another client waited %v", longest)
	}
	counts := map[int]int{}
	for _, conn := range conns {
		answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
		s.must(err)
		counts[answer.StatusCode]++
		if answer.StatusCode == http.StatusTooManyRequests && answer.Header.Get("Retry-After") == "" {
			t.Error("somebody was sent away and not told when to come again")
		}
		s.must(conn.SetReadDeadline(time.Now().Add(time.Minute)))
	}
	if counts[http.StatusOK] != places || counts[http.StatusTooManyRequests] != clients-places {
		t.Errorf("the answers are %v, want %d of 200 and the others of 429", counts, places)
	}
	mib := server.peak()
	if mib > mostMemory {
		t.Errorf("the server took %d MiB", mib)
	}
	t.Logf("another client waited %v at most; the server took %d MiB; %v", longest, mib, counts)
	for _, conn := range conns {
		_ = conn.Close()
	}
	if status, body := server.get("/api/2.0/mlflow-artifacts/artifacts/f"); status != http.StatusOK || len(body) != size {
		t.Errorf("afterwards: %d, %d bytes", status, len(body))
	}
}
