//go:build unix

package s3_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/s3"
)

// uploadFile is a child that uploads a file.
func uploadFile() error {
	store, err := openAsChild()
	if err != nil {
		return err
	}
	file, err := os.Open(os.Getenv(killedFile))
	if err != nil {
		return err
	}
	p, _ := core.As[core.PathTransfer](store)
	_, err = p.PutFile(context.Background(), "f", file, core.PutOptions{})
	return err
}

// killed is what a process has left that was killed while it uploaded a file.
type killed struct {
	*fixture
	proxy *testenv.FaultProxy
	file  *os.File
	had   int // parts that S3 had before the kill, at least
}

const resumedParts = 6

// killPutFile kills a process that uploads a file of six parts, of which the service never answers for the last two.
func killPutFile(t *testing.T) killed {
	t.Helper()
	f := newFixture(t)
	k := killed{f, testenv.NewFaultProxy(t, f.server.Endpoint), temp(t, noise(resumedParts*8<<20)), 0}
	cmd := f.child("file", k.proxy.URL)
	part, arrived, answered := requests(http.MethodPut, "partNumber="), make(chan int, 64), make(chan struct{}, 64)
	var dead atomic.Bool
	lives := func(r *http.Request) bool { return !dead.Load() && part(r) }
	k.proxy.On(-1, lives, func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if number, _ := strconv.Atoi(r.URL.Query().Get("partNumber")); number > resumedParts-2 {
			_, _ = io.Copy(io.Discard, r.Body) // only then is it seen that the client goes
			arrived <- number
			<-r.Context().Done()
			return
		}
		server.ServeHTTP(w, r)
		answered <- struct{}{}
	})
	cmd.Env = append(cmd.Env, killedFile+"="+k.file.Name())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for k.had = 0; k.had < resumedParts-2; k.had++ {
		<-answered
	}
	if first, second := <-arrived, <-arrived; first == second {
		t.Fatalf("part %d went up twice", first)
	}
	dead.Store(true)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if n := f.uploads(); n != 1 {
		t.Fatalf("the process has left %d uploads, want 1", n)
	}
	return k
}

// next is the process that comes then, and how many parts it has sent.
func (k killed) next(resume time.Duration) (core.Backend, func() int) {
	k.t.Helper()
	sent := k.count()
	o := &s3.Opener{Journal: k.opener.Journal, Getenv: k.opener.Getenv, Resume: resume}
	backend, err := o.Open(k.t.Context(), k.request("root", "endpoint_url", k.proxy.URL))
	if err != nil {
		k.t.Fatal(err)
	}
	return backend, sent
}

// count counts the parts that go up from now on.
func (k killed) count() func() int {
	var sent atomic.Int64
	k.proxy.On(-1, requests(http.MethodPut, "partNumber="), func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		sent.Add(1)
		server.ServeHTTP(w, r)
	})
	return func() int { return int(sent.Load()) }
}

func (k killed) put(b core.Backend) {
	k.t.Helper()
	p, _ := core.As[core.PathTransfer](b.Artifacts)
	content, err := os.ReadFile(k.file.Name())
	if err != nil {
		k.t.Fatal(err)
	}
	stored, err := p.PutFile(k.t.Context(), "f", k.file, core.PutOptions{})
	if err != nil || stored.SHA256 != digest(string(content)) {
		k.t.Fatalf("put again: %+v, %v", stored, err)
	}
	if got, err := read(k.t, b.Artifacts, "f", core.ReadOptions{}); err != nil || got != string(content) {
		k.t.Errorf("%d other bytes came back, %v", len(got), err)
	}
}

func (k killed) clean(b core.Backend) {
	k.t.Helper()
	if err := b.Close(); err != nil {
		k.t.Error(err)
	}
	if left, err := os.ReadDir(k.opener.Journal); k.uploads() != 0 || err != nil || len(left) > 1 { // but for the gate
		k.t.Errorf("%d uploads and the journals %v are left, %v", k.uploads(), left, err)
	}
}

// Who puts the same file after a process was killed sends what is missing alone.
func TestResume(t *testing.T) {
	t.Parallel()
	k := killPutFile(t)
	next, sent := k.next(0)
	if k.uploads() != 1 {
		t.Fatalf("%d uploads are open, want the one to go on with", k.uploads())
	}
	k.put(next)
	if n := sent(); n != resumedParts-k.had {
		t.Errorf("%d parts were sent, where S3 had %d of %d", n, k.had, resumedParts)
	}
	k.clean(next)
}

// Parts of a file that looks as it did, and is not, are sent again.
func TestResumeComparesParts(t *testing.T) {
	t.Parallel()
	k := killPutFile(t)
	info, err := k.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.file.WriteAt([]byte("other"), 9<<20); err != nil { // in the second part
		t.Fatal(err)
	}
	if err := os.Chtimes(k.file.Name(), time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	next, sent := k.next(0)
	k.put(next)
	if n := sent(); n != resumedParts-k.had+1 {
		t.Errorf("%d parts were sent, want those that S3 did not have and the one that changed", n)
	}
	k.clean(next)
}

// After an outage, in which the upload can neither go on nor be aborted, the same process goes on too.
func TestResumeAfterAnOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k := killed{f, testenv.NewFaultProxy(t, f.server.Endpoint), temp(t, noise(resumedParts*8<<20)), 0}
	var arrived atomic.Int64
	var up atomic.Bool
	out := func(r *http.Request) bool {
		if !up.Load() && r.Method == http.MethodPut {
			arrived.Add(1)
		}
		return !up.Load() && arrived.Load() > resumedParts-2
	}
	k.proxy.On(-1, out, testenv.Reset(0))
	o := &s3.Opener{Journal: f.opener.Journal, Getenv: f.opener.Getenv}
	backend, err := o.Open(t.Context(), f.request("root", "endpoint_url", k.proxy.URL))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := core.As[core.PathTransfer](backend.Artifacts)
	_, err = p.PutFile(t.Context(), "f", k.file, core.PutOptions{})
	wantError(t, "during the outage", err, core.ErrUnavailable)
	if n := f.uploads(); n != 1 {
		t.Fatalf("%d uploads are open, want 1", n)
	}
	listed, err := f.server.Client("").ListMultipartUploads(t.Context(), &sdk.ListMultipartUploadsInput{Bucket: &f.bucket})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := f.server.Client("").ListParts(t.Context(), &sdk.ListPartsInput{
		Bucket: &f.bucket, Key: listed.Uploads[0].Key, UploadId: listed.Uploads[0].UploadId,
	})
	if err != nil || len(parts.Parts) == 0 {
		t.Fatalf("S3 has the parts %+v, %v", parts, err)
	}
	up.Store(true)
	sent := k.count()
	k.put(backend)
	if n := sent(); n != resumedParts-len(parts.Parts) {
		t.Errorf("%d parts were sent, where S3 had %d of %d", n, len(parts.Parts), resumedParts)
	}
	k.clean(backend)
}

// Nothing is left open for a file that has changed, nor when nobody asks for it.
func TestNothingToResume(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(k killed) error
		resume time.Duration
	}{
		"changed": {func(k killed) error { return os.Chtimes(k.file.Name(), time.Time{}, time.Unix(1, 0)) }, 0},
		"gone":    {func(k killed) error { return os.Remove(k.file.Name()) }, 0},
		"at once": {nil, -1},
		"late":    {nil, time.Millisecond},
		"closed":  {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := killPutFile(t)
			if test.change != nil {
				if err := test.change(k); err != nil {
					t.Fatal(err)
				}
			}
			next, _ := k.next(test.resume)
			want := 0
			if name == "closed" {
				want = 1
			}
			for deadline := time.Now().Add(30 * time.Second); name == "late" && k.uploads() > 0 && time.Now().Before(deadline); {
				continue
			}
			if n := k.uploads(); n != want {
				t.Errorf("%d uploads are open, want %d", n, want)
			}
			k.clean(next)
		})
	}
}
