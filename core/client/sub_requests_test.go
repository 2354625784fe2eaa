package client_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// signing is a repository of which others may make requests. It answers with the path that it was asked for.
type signing struct{ *mem.Artifacts }

func (signing) Presign(_ context.Context, path string, _ core.PresignOptions) (core.PresignedRequest, error) {
	return core.PresignedRequest{URL: core.NewSecret(path)}, nil
}

func (signing) CreateUpload(_ context.Context, path string, _ core.UploadOptions) (core.Upload, error) {
	return core.Upload{ID: core.UploadID(path)}, nil
}

func (signing) CompleteUpload(_ context.Context, path string, id core.UploadID, _ []core.UploadedPart) error {
	return core.Missing("upload", path+" "+string(id))
}

func (signing) AbortUpload(_ context.Context, path string, id core.UploadID) error {
	return core.Missing("upload", path+" "+string(id))
}

func TestRequestsForAPart(t *testing.T) {
	t.Parallel()
	part, err := client.Sub(signing{mem.NewArtifacts()}, "a/b")
	check(t, err)
	signer, _ := core.As[core.Presigner](part)
	uploads, _ := core.As[core.Multipart](part)
	p, err := signer.Presign(t.Context(), "f", core.PresignOptions{})
	check(t, err)
	u, err := uploads.CreateUpload(t.Context(), "f", core.UploadOptions{})
	check(t, err)
	if p.URL.Reveal() != "a/b/f" || u.ID != "a/b/f" {
		t.Errorf("requests for %q and %q, want a/b/f", p.URL.Reveal(), u.ID)
	}
	for what, err := range map[string]error{
		"complete": uploads.CompleteUpload(t.Context(), "f", "id", nil), "abort": uploads.AbortUpload(t.Context(), "f", "id"),
	} {
		if want := core.Missing("upload", "a/b/f id"); err == nil || err.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	for _, path := range []string{"../f", "", "/f"} {
		_, presign := signer.Presign(t.Context(), path, core.PresignOptions{})
		_, create := uploads.CreateUpload(t.Context(), path, core.UploadOptions{})
		for what, err := range map[string]error{
			"presign": presign, "create": create, "complete": uploads.CompleteUpload(t.Context(), path, "id", nil),
			"abort": uploads.AbortUpload(t.Context(), path, "id"),
		} {
			if !errors.Is(err, core.ErrInvalid) {
				t.Errorf("%s of %q: got %v, want ErrInvalid", what, path, err)
			}
		}
	}
	info, err := part.Describe(t.Context())
	check(t, err)
	for _, want := range []core.Capability{"presigner", "multipart"} {
		if !slices.Contains(core.CapabilitiesOf(part), want) {
			t.Errorf("a part has lost the ability %q: %v", want, info.Capabilities)
		}
	}
	check(t, part.Close())
	if _, err := signer.Presign(t.Context(), "f", core.PresignOptions{}); !errors.Is(err, core.ErrClosed) {
		t.Errorf("of a part that is closed: got %v, want ErrClosed", err)
	}
}
