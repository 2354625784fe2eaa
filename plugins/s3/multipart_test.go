package s3_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/s3"
)

// multipart finds the ability of a repository.
func multipart(t *testing.T, a core.ArtifactRepository) core.Multipart {
	t.Helper()
	m, ok := core.As[core.Multipart](a)
	if !ok {
		t.Fatal("no Multipart")
	}
	return m
}

// begin begins an upload and sends its only part.
func begin(t *testing.T, m core.Multipart, path string) (core.UploadID, []core.UploadedPart) {
	t.Helper()
	u, err := m.CreateUpload(t.Context(), path, core.UploadOptions{ContentType: "text/x-special"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), u.Parts[0].Method, u.Parts[0].URL.Reveal(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return u.ID, []core.UploadedPart{{Number: 1, ETag: answer.Header.Get("ETag")}}
}

// An upload of which others send the parts outlives the process that began it, until its time is over.
func TestUploadsOfOthersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, err := f.opener.Open(t.Context(), f.request("root"))
	if err != nil {
		t.Fatal(err)
	}
	id, sent := begin(t, multipart(t, first.Artifacts), "f")
	if _, _ = begin(t, multipart(t, first.Artifacts), "left"); f.uploads() != 2 {
		t.Errorf("%d uploads are open, want 2", f.uploads())
	}
	if err := first.Close(); err != nil { // as a process ends
		t.Fatal(err)
	}
	second := &s3.Opener{Journal: f.opener.Journal, Getenv: f.opener.Getenv}
	backend, err := second.Open(t.Context(), f.request("root"))
	if err != nil {
		t.Fatal(err)
	}
	m := multipart(t, backend.Artifacts)
	for range 2 { // the second time as after a lost answer
		if err := m.CompleteUpload(t.Context(), "f", id, sent); err != nil {
			t.Errorf("CompleteUpload in another process: %v", err)
		}
	}
	put(t, backend.Artifacts, "f", "another")
	wantError(t, "CompleteUpload over another file", m.CompleteUpload(t.Context(), "f", id, sent), core.ErrNotFound)
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
	if f.uploads() != 1 {
		t.Errorf("%d uploads are open, want 1", f.uploads())
	}

	journals, err := filepath.Glob(filepath.Join(f.opener.Journal, "*.uploads"))
	if err != nil || len(journals) != 1 {
		t.Fatalf("there are the journals %q, %v", journals, err)
	}
	text, err := os.ReadFile(journals[0])
	if err != nil {
		t.Fatal(err)
	}
	until := regexp.MustCompile(`"until":\d+`)
	if !until.Match(text) {
		t.Fatalf("no upload in the journal has an end: %s", text)
	}
	past := until.ReplaceAll(text, []byte(`"until":1`))
	if err := os.WriteFile(journals[0], past, 0o600); err != nil {
		t.Fatal(err)
	}
	f.open("root")
	if _, err := os.Stat(journals[0]); f.uploads() != 0 || !os.IsNotExist(err) {
		t.Errorf("when their time is over %d uploads are open, and of the journal: %v", f.uploads(), err)
	}
}

func TestUploadsOfOthersThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	request := f.request("root")
	request.ReadOnly = true
	backend, err := f.opener.Open(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	m := multipart(t, backend.Artifacts)
	_, err = m.CreateUpload(t.Context(), "f", core.UploadOptions{})
	wantError(t, "CreateUpload, for reading only", err, core.ErrPermission)
	wantError(t, "CompleteUpload, for reading only",
		m.CompleteUpload(t.Context(), "f", "x", []core.UploadedPart{{Number: 1, ETag: "x"}}), core.ErrPermission)
	wantError(t, "AbortUpload, for reading only", m.AbortUpload(t.Context(), "f", "x"), core.ErrPermission)
	if f.uploads() != 0 {
		t.Errorf("%d uploads are open", f.uploads())
	}
	u, err := multipart(t, f.open("root")).CreateUpload(t.Context(), "f", core.UploadOptions{Parts: core.MostParts, Expires: time.Minute})
	if err != nil || len(u.Parts) != core.MostParts {
		t.Errorf("%d parts, %v", len(u.Parts), err)
	}
}
