// Package interop_test proves on folders that real MLflow releases and package file read and write what the other has
// written. One process of each release answers all the tests, since starting one takes longer than they do.
package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

// releases are those of MLflow that the tests run, with what they can.
var releases = []struct {
	version  string
	major    int
	registry bool // in folders
}{
	{"1.30.1", 1, false},
	{"2.22.5", 2, true},
	{"3.18.0", 3, true},
}

// mlflow is a running process that does with MLflow what it is asked for; see testdata/driver.py.
type mlflow struct {
	mu      sync.Mutex
	in      io.WriteCloser
	answers *bufio.Reader
	stderr  *bytes.Buffer
	quiet   bool // warnings are no failure
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

// do has MLflow do an act in the store in root, and stores the result in result unless that is nil.
func (m *mlflow) do(t testing.TB, act, root string, a args, result any) {
	t.Helper()
	request := args{"act": act, "root": root}
	for name, value := range a {
		request[name] = value
	}
	line, err := json.Marshal(request)
	check(t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.in.Write(append(line, '\n'))
	check(t, err)
	m.answer(t, act, result)
}

func (m *mlflow) answer(t testing.TB, act string, result any) {
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
	for _, warning := range answer.Logged {
		// A folder of ours, or a file in a form that MLflow does not expect, shows as one of these.
		if strings.Contains(warning, "mlstore") || strings.Contains(warning, "alformed") || strings.Contains(warning, "nvalid") {
			t.Errorf("%s: MLflow warned: %s", act, warning)
		}
	}
	if result != nil {
		check(t, json.Unmarshal(answer.Result, result))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
