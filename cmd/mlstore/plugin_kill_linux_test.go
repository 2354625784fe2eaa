package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mlstore/mlstore/internal/testenv"
)

// upload is a call of the command that sends a file to S3, and stands still in the middle of it.
type upload struct {
	*shell
	bucket  string
	server  *testenv.S3Server
	proxy   *testenv.FaultProxy
	temp    string
	journal string
	cmd     *exec.Cmd
	stderr  *bytes.Buffer
	plugin  int // its process
}

// beginUpload returns when two parts of a file are in S3, and a third one is on its way and does not arrive.
func beginUpload(t *testing.T) *upload {
	t.Helper()
	u := &upload{shell: newShell(t), server: testenv.S3(t), stderr: &bytes.Buffer{}, journal: t.TempDir()}
	u.bucket = u.server.Bucket(t)
	proxy := testenv.NewFaultProxy(t, u.server.Endpoint)
	u.proxy = proxy
	u.s3Plugin(u.server)
	temp, err := os.MkdirTemp("", "k") //nolint:usetesting // a socket's path must be short
	u.must(err)
	u.temp = temp
	t.Cleanup(func() { u.must(os.RemoveAll(temp)) })
	u.env = append(u.env, "MLFLOW_S3_ENDPOINT_URL="+proxy.URL, "TMPDIR="+temp, "XDG_CACHE_HOME="+u.journal)
	u.must(os.WriteFile(filepath.Join(u.dir, "model.bin"), bytes.Repeat([]byte("mlstore"), 6<<20), 0o600))

	part := func(number string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			return r.Method == http.MethodPut && r.URL.Query().Get("partNumber") == number
		}
	}
	stands, arrived := make(chan struct{}), make(chan struct{}, 2)
	for _, number := range []string{"1", "2"} {
		proxy.On(1, part(number), func(w http.ResponseWriter, r *http.Request, server http.Handler) {
			server.ServeHTTP(w, r)
			arrived <- struct{}{}
		})
	}
	proxy.On(1, part("3"), func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-arrived
		<-arrived
		close(stands)
		_, _ = io.Copy(io.Discard, r.Body) // its end is told by the body alone, while there is more of it
		<-r.Context().Done()
	})
	proxy.On(-1, part("4"), func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body) // likewise
		<-r.Context().Done()
	})
	u.cmd = u.command("artifacts", "log-artifact", "--artifact-uri", "s3://"+u.bucket+"/root", "model.bin")
	u.cmd.Stderr = u.stderr
	u.must(u.cmd.Start())
	select {
	case <-stands:
	case <-time.After(time.Minute):
		t.Fatalf("the upload did not come to its third part:\n%s", u.stderr)
	}
	children := childrenOf(t, u.cmd.Process.Pid)
	if len(children) != 1 {
		t.Fatalf("the command has the children %v, want one plugin", children)
	}
	u.plugin = children[0]
	if len(u.sockets()) != 1 || len(u.server.Uploads(u.t, u.bucket)) != 1 {
		t.Fatalf("in the middle of an upload there are the sockets %q and the uploads %q, want one of each", u.sockets(), u.server.Uploads(u.t, u.bucket))
	}
	return u
}

// gone waits for the end of the plugin's process. One that has ended is gone, though nobody may have waited for it yet.
func (u *upload) gone(limit time.Duration) {
	u.t.Helper()
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for end := time.Now().Add(limit); ; <-ticks.C {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", u.plugin))
		_, state, _ := strings.Cut(string(stat), ") ")
		if err != nil || strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X") {
			return
		}
		if time.Now().After(end) {
			u.t.Fatalf("the plugin lives after %v", limit)
		}
	}
}

// sockets lists the sockets that lie about.
func (u *upload) sockets() []string {
	u.t.Helper()
	var all []string
	u.must(filepath.WalkDir(u.temp, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSocket != 0 {
			all = append(all, path)
		}
		return err
	}))
	return all
}

// after holds what is left to what may be, after a first look and after the next start.
func (u *upload) after() {
	u.t.Helper()
	u.proxy.Clear()
	if left := u.sockets(); len(left) != 0 {
		u.t.Errorf("the sockets %q are left", left)
	}
	if keys := u.server.Keys(u.t, u.bucket); len(keys) != 0 {
		u.t.Errorf("the bucket shows %q", keys)
	}
	if listed := u.ok("artifacts", "list", "--artifact-uri", "s3://"+u.bucket+"/root"); strings.Contains(listed, "model") {
		u.t.Errorf("the repository shows %s", listed)
	}
	if open := u.server.Uploads(u.t, u.bucket); len(open) != 0 {
		u.t.Errorf("after the next start the uploads %q are open", open)
	}
	if journals, err := filepath.Glob(filepath.Join(u.journal, "mlstore", "s3", "*.uploads")); err != nil || len(journals) != 0 {
		u.t.Errorf("after the next start the journals %q are left, %v", journals, err)
	}
	u.ok("artifacts", "log-artifact", "--artifact-uri", "s3://"+u.bucket+"/root", "model.bin")
	if keys := u.server.Keys(u.t, u.bucket); len(keys) != 1 || keys[0] != "root/model.bin" {
		u.t.Errorf("the upload that was made again is %q", keys)
	}
}

func TestHostKilledDuringAnUpload(t *testing.T) {
	t.Parallel()
	u := beginUpload(t)
	u.must(u.cmd.Process.Kill())
	u.gone(time.Second)
	_ = u.cmd.Wait() // it was killed
	u.after()
}

func TestPluginKilledDuringAnUpload(t *testing.T) {
	t.Parallel()
	u := beginUpload(t)
	u.must(syscall.Kill(u.plugin, syscall.SIGKILL))
	u.gone(time.Second)
	err := u.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() <= 0 {
		t.Errorf("the command ended with %v, want an error of its own", err)
	}
	for _, word := range []string{"plugin s3: it ended: signal: killed", "outcome is unknown"} {
		if !strings.Contains(u.stderr.String(), word) {
			t.Errorf("the command does not say %q:\n%s", word, u.stderr)
		}
	}
	u.after()
}
