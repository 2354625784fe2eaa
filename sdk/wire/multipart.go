package wire

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

type multipartServer struct {
	artifactv1.UnimplementedMultipartServiceServer
}

func (multipartServer) CreateUpload(
	ctx context.Context, r *artifactv1.CreateUploadRequest,
) (*artifactv1.CreateUploadResponse, error) {
	store, err := abilityOf[core.Multipart](ctx, kindArtifacts)
	if err != nil {
		return nil, err
	}
	begun, err := store.CreateUpload(ctx, r.GetPath(), core.UploadOptions{
		Parts: int(r.GetParts()), Expires: time.Duration(r.GetExpiresNs()), ContentType: r.GetContentType(),
	})
	if err != nil {
		return nil, err
	}
	reply := &artifactv1.CreateUploadResponse{UploadId: string(begun.ID), Parts: each(begun.Parts, pbPresigned)}
	if size := proto.Size(reply); size > fullReply {
		err := core.Errorf(core.ResourceExhausted,
			"the requests for %d parts have %d bytes, more than an answer may: ask for fewer, longer parts", len(begun.Parts), size)
		return nil, errors.Join(err, store.AbortUpload(ctx, r.GetPath(), begun.ID))
	}
	return reply, nil
}

func (multipartServer) CompleteUpload(
	ctx context.Context, r *artifactv1.CompleteUploadRequest,
) (*artifactv1.CompleteUploadResponse, error) {
	store, err := abilityOf[core.Multipart](ctx, kindArtifacts)
	if err != nil {
		return nil, err
	}
	parts := each(r.GetParts(), func(p *artifactv1.UploadedPart) core.UploadedPart {
		return core.UploadedPart{Number: int(p.GetNumber()), ETag: p.GetEtag(), URL: core.NewSecret(p.GetUrl())}
	})
	return &artifactv1.CompleteUploadResponse{}, store.CompleteUpload(ctx, r.GetPath(), core.UploadID(r.GetUploadId()), parts)
}

func (multipartServer) AbortUpload(
	ctx context.Context, r *artifactv1.AbortUploadRequest,
) (*artifactv1.AbortUploadResponse, error) {
	store, err := abilityOf[core.Multipart](ctx, kindArtifacts)
	if err != nil {
		return nil, err
	}
	return &artifactv1.AbortUploadResponse{}, store.AbortUpload(ctx, r.GetPath(), core.UploadID(r.GetUploadId()))
}

// CreateUpload begins an upload.
func (a *artifacts) CreateUpload(ctx context.Context, path string, o core.UploadOptions) (core.Upload, error) {
	reply, err := a.multiparts.CreateUpload(ctx, &artifactv1.CreateUploadRequest{
		Path: path, Parts: int64(o.Parts), ExpiresNs: int64(o.Expires), ContentType: o.ContentType,
	})
	if err != nil {
		return core.Upload{}, err
	}
	begun := core.Upload{ID: core.UploadID(reply.GetUploadId())}
	if asked, got := max(o.Parts, 1), len(reply.GetParts()); begun.ID == "" || got != asked {
		return core.Upload{}, a.blame(lie("it began the upload %q with %d parts of %d", cut(reply.GetUploadId(), maxKey), got, asked))
	}
	for _, part := range reply.GetParts() {
		signed, err := corePresigned(part)
		if err != nil {
			return core.Upload{}, a.blame(err)
		}
		begun.Parts = append(begun.Parts, signed)
	}
	return begun, nil
}

// CompleteUpload makes the file of the parts.
func (a *artifacts) CompleteUpload(ctx context.Context, path string, id core.UploadID, parts []core.UploadedPart) error {
	_, err := a.multiparts.CompleteUpload(ctx, &artifactv1.CompleteUploadRequest{
		Path: path, UploadId: string(id), Parts: each(parts, func(p core.UploadedPart) *artifactv1.UploadedPart {
			return &artifactv1.UploadedPart{Number: int64(p.Number), Etag: p.ETag, Url: p.URL.Reveal()}
		}),
	})
	return err
}

// AbortUpload removes what was sent.
func (a *artifacts) AbortUpload(ctx context.Context, path string, id core.UploadID) error {
	_, err := a.multiparts.AbortUpload(ctx, &artifactv1.AbortUploadRequest{Path: path, UploadId: string(id)})
	return err
}
