//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// audited counts the entries of audit logs by what they say of the action and status.
func (s *shell) audited(files ...string) map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		s.must(err)
		if len(text) > 0 && text[len(text)-1] != '\n' {
			s.t.Errorf("%s ends within a line", file)
		}
		for line := range strings.Lines(string(text)) {
			var entry struct {
				Action string `json:"action"`
				Status int    `json:"status"`
			}
			s.must(json.Unmarshal([]byte(line), &entry))
			counts[fmt.Sprintf("%s %d", entry.Action, entry.Status)]++
		}
	}
	return counts
}

const createExperiment = "POST /api/2.0/mlflow/experiments/create"

// The file is moved away again and again while changes are made. Each change is in one of the files, once.
func TestTheAuditLogIsRotated(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"--audit-sync"}} {
		t.Run(strings.Join(flags, ""), func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			log := filepath.Join(s.dir, "audit.log")
			server := s.serve(append([]string{"--audit-log", log}, flags...)...)
			const clients, each = 4, 25
			done := make(chan error, clients)
			for client := range clients {
				go func() {
					for i := range each {
						body := fmt.Sprintf(`{"name":"%d of %d"}`, i, client)
						answer, err := http.Post(server.url+"/api/2.0/mlflow/experiments/create", "application/json", strings.NewReader(body))
						if err == nil && answer.StatusCode != http.StatusOK {
							err = fmt.Errorf("status %s", answer.Status)
						}
						if err != nil {
							done <- err
							return
						}
						_ = answer.Body.Close()
					}
					done <- nil
				}()
			}
			files := []string{log}
			for ended := 0; ended < clients; {
				select {
				case err := <-done:
					s.must(err)
					ended++
					continue
				default:
				}
				if _, err := os.Stat(log); err != nil {
					continue // it was not opened again yet
				}
				moved := fmt.Sprintf("%s.%d", log, len(files))
				s.must(os.Rename(log, moved))
				files = append(files, moved)
				server.stop(syscall.SIGHUP)
			}
			server.stop(syscall.SIGTERM)
			if err := server.wait(); err != nil {
				t.Errorf("%v\n%s", err, server.stderr)
			}
			if _, err := os.Stat(log); err != nil { // the last signal came as the server ended
				files = files[1:]
			}
			want := map[string]int{createExperiment + " 200": clients * each}
			if got := s.audited(files...); !maps.Equal(got, want) || len(files) < 3 {
				t.Errorf("%d files have %v, want %v", len(files), got, want)
			}
			if strings.Contains(server.stderr.String(), "level=ERROR") {
				t.Error(server.stderr)
			}
		})
	}
}

// An upload that never ends is cut off, and what became of it is in the log like what went well.
func TestTheAuditLogHasWhatWasCutOff(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	log := filepath.Join(s.dir, "audit.log")
	server := s.serve("--audit-log", log, "--drain-timeout", "200ms")
	body, w := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.url+"/api/2.0/mlflow-artifacts/artifacts/f", body)
	s.must(err)
	done := make(chan error, 1)
	go func() {
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		done <- err
	}()
	_, err = w.Write(make([]byte, 16<<20)) // more than is on its way: the server has begun to read
	s.must(err)
	if status, body := server.do("POST", "/api/2.0/mlflow/experiments/create", `{"name":"x"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	server.stop(syscall.SIGTERM)
	if err := server.wait(); err == nil || !strings.Contains(server.stderr.String(), "cut off after --drain-timeout\" connections=1") {
		t.Errorf("%v\n%s", err, server.stderr)
	}
	_ = w.Close()
	<-done // an error, or none, as the client sees it
	got := slices.Sorted(maps.Keys(s.audited(log)))
	const put = "PUT /api/2.0/mlflow-artifacts/artifacts/{path...}"
	if len(got) != 2 || got[0] != createExperiment+" 200" || !strings.HasPrefix(got[1], put) || strings.HasSuffix(got[1], "200") {
		t.Errorf("the log has %v", got)
	}
}

// A disk that is full loses no entry, and the server goes on.
func TestAnAuditLogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	server := s.serve("--audit-log", "/dev/full", "--audit-sync")
	if status, body := server.do("POST", "/api/2.0/mlflow/experiments/create", `{"name":"x"}`); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	server.stop(syscall.SIGTERM)
	if err := server.wait(); err != nil {
		t.Errorf("%v\n%s", err, server.stderr)
	}
	for _, part := range []string{"the audit log cannot be written", "no space left", "experiments/create", "level=ERROR"} {
		if !strings.Contains(server.stderr.String(), part) {
			t.Errorf("the log does not say %q:\n%s", part, server.stderr)
		}
	}
}
