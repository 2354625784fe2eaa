// Package interop_test proves on folders that real MLflow releases and package file read and write what the other has
// written. One process of each release answers all the tests, since starting one takes longer than they do.
package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

// releases are those of MLflow that the tests run, with their major versions. What they do with registered models is tested
// beside the registry.
func releases() map[string]int { return map[string]int{"1.30.1": 1, "2.22.5": 2, "3.18.0": 3} }

// mlflow is a running process that does with MLflow what it is asked for; see testdata/driver.py.
type mlflow struct {
	mu      sync.Mutex
	in      io.WriteCloser
	answers *bufio.Reader
	stderr  *bytes.Buffer
}

// args are the arguments of one act.
type args map[string]any

// start starts a release of MLflow; the process ends with the test.
func start(t testing.TB, version string) *mlflow {
	t.Helper()
	driver, err := filepath.Abs("testdata/driver.py")
	check(t, err)
	cmd := testenv.MLflow(t, version).Command(t.Context(), "-B", driver)
	cmd.Dir = t.TempDir()
	m := &mlflow{stderr: &bytes.Buffer{}}
	cmd.Stderr = m.stderr
	m.in, err = cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	m.answers = bufio.NewReader(out)
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = m.in.Close()
		_ = cmd.Wait() // killed, as the test's context has ended
	})
	var got string
	m.answer(t, "start", &got)
	if got != version {
		t.Fatalf("MLflow says it is %q, want %q", got, version)
	}
	return m
}

// do has MLflow do an act in the store in root, and stores the result in result unless that is nil. A warning of MLflow
// about something in the folder fails the test.
func (m *mlflow) do(t testing.TB, act, root string, a args, result any) {
	t.Helper()
	for _, warning := range m.ask(t, act, root, a, result) {
		t.Errorf("%s: MLflow warned: %s", act, warning)
	}
}

// ask is do for who wants to see the warnings.
func (m *mlflow) ask(t testing.TB, act, root string, a args, result any) []string {
	t.Helper()
	request := args{"act": act, "root": root}
	maps.Copy(request, a)
	line, err := json.Marshal(request)
	check(t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.in.Write(append(line, '\n'))
	check(t, err)
	return m.answer(t, act, result)
}

func (m *mlflow) answer(t testing.TB, act string, result any) []string {
	t.Helper()
	line, err := m.answers.ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s: MLflow ended: %v\n%s", act, err, m.stderr)
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
		Logged []string        `json:"logged"`
	}
	check(t, json.Unmarshal(line, &answer))
	if answer.Error != "" {
		t.Fatalf("%s: MLflow failed:\n%s", act, answer.Error)
	}
	if result != nil {
		check(t, json.Unmarshal(answer.Result, result))
	}
	return answer.Logged
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
