package client

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// viewRequests signs requests for files of the part.
type viewRequests struct {
	*view
	signer core.Presigner
}

func (v viewRequests) Presign(ctx context.Context, path string, o core.PresignOptions) (core.PresignedRequest, error) {
	if err := v.check(path); err != nil {
		return core.PresignedRequest{}, core.Do("presign artifact", path, err)
	}
	return v.signer.Presign(ctx, v.below(path), o)
}

// viewUploads lets others write files of the part.
type viewUploads struct {
	*view
	uploads core.Multipart
}

func (v viewUploads) CreateUpload(ctx context.Context, path string, o core.UploadOptions) (core.Upload, error) {
	if err := v.check(path); err != nil {
		return core.Upload{}, core.Do("create upload", path, err)
	}
	return v.uploads.CreateUpload(ctx, v.below(path), o)
}

func (v viewUploads) CompleteUpload(ctx context.Context, path string, id core.UploadID, parts []core.UploadedPart) error {
	if err := v.check(path); err != nil {
		return core.Do("complete upload", path, err)
	}
	return v.uploads.CompleteUpload(ctx, v.below(path), id, parts)
}

func (v viewUploads) AbortUpload(ctx context.Context, path string, id core.UploadID) error {
	if err := v.check(path); err != nil {
		return core.Do("abort upload", path, err)
	}
	return v.uploads.AbortUpload(ctx, v.below(path), id)
}
