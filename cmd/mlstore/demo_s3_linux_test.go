package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

// s3Plugin builds the plugin for S3 and lets the shell's commands find it, and the server.
func (s *shell) s3Plugin(server *testenv.S3Server) {
	s.t.Helper()
	dir := s.t.TempDir()
	testenv.BuildPlugin(s.t, dir, "s3")
	s.env = append(append(s.env, "MLSTORE_PLUGIN_PATH="+dir, "XDG_CACHE_HOME="+s.t.TempDir()), server.Environ()...)
}

// childrenOf lists the processes whose parent is the process.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		rest := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && len(rest) > 1 && rest[1] == strconv.Itoa(parent) {
			all = append(all, pid)
		}
	}
	return all
}

// The demo's artifacts go through the plugin's process to S3. When that is killed between two of them, it is started anew.
func TestDemoKeepsArtifactsInS3(t *testing.T) {
	t.Parallel()
	server := testenv.S3(t)
	s := newShell(t)
	s.s3Plugin(server)
	uri := fmt.Sprintf("s3://%s/demo", server.Bucket(t))
	cmd := s.command("demo", "--epochs", "2000", "--artifacts", uri)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	killed, trainings, told := 0, 0, ""
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		told += lines.Text() + "\n"
		if !strings.HasPrefix(lines.Text(), "Training") {
			continue
		}
		if trainings++; trainings == 2 { // the artifacts of the first run have gone through the plugin
			for _, pid := range childrenOf(t, cmd.Process.Pid) {
				s.must(syscall.Kill(pid, syscall.SIGKILL))
				killed++
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the demo ended with %v\n%s%s", err, told, &stderr)
	}
	if killed != 1 {
		t.Errorf("%d plugins were killed, want 1", killed)
	}
	for _, file := range []string{"confusion.png", "model/MLmodel", "model/weights.json"} {
		if !strings.Contains(told, file) {
			t.Errorf("the demo does not tell of %s:\n%s", file, told)
		}
	}
	if n := strings.Count(s.ok("runs", "list", "--experiment-name", "iris, artifacts in "+uri, "-o", "jsonl"), `"FINISHED"`); n != 3 {
		t.Errorf("%d runs have finished, want 3", n)
	}
	weights := s.ok("artifacts", "list", "--artifact-uri", "models:/iris-softmax/1")
	if !strings.Contains(weights, "weights.json") {
		t.Errorf("the registered model has the files %s", weights)
	}
}
