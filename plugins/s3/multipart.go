package s3

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // S3 makes the ETags of objects with it
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/mlstore/mlstore/core"
)

var _ core.Multipart = (*Artifacts)(nil)

// CreateUpload begins an upload of which others send the parts. It is kept in the journal, and aborted by the first process
// that opens the same settings more than an hour after its requests have expired.
func (a *Artifacts) CreateUpload(ctx context.Context, path string, o core.UploadOptions) (core.Upload, error) {
	begun, err := a.createUpload(ctx, path, o)
	if err != nil {
		return core.Upload{}, a.failed(ctx, "create upload", path, err)
	}
	return begun, nil
}

func (a *Artifacts) createUpload(ctx context.Context, path string, o core.UploadOptions) (core.Upload, error) {
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return core.Upload{}, err
	}
	defer done()
	if o, err = core.CheckUpload(path, o); err != nil {
		return core.Upload{}, err
	}
	if err := cmp.Or(a.writable(), a.vacant(ctx, path, false)); err != nil {
		return core.Upload{}, err
	}
	key := a.key(path)
	input := &s3.CreateMultipartUploadInput{Bucket: &a.bucket, Key: &key}
	input.ContentType, input.ContentEncoding = kindOf(path, o.ContentType)
	if err := cmp.Or(a.settings.access(input), a.settings.extra.put(input)); err != nil {
		return core.Upload{}, err
	}
	expires := core.MillisOf(time.Now().Add(o.Expires))
	out, err := a.client.CreateMultipartUpload(ctx, input)
	if err != nil {
		return core.Upload{}, err
	}
	const grace = core.Millis(time.Hour / time.Millisecond)
	up := &parts{Artifacts: a, upload: upload{Bucket: a.bucket, Key: key, ID: aws.ToString(out.UploadId), Until: expires + grace}}
	if err := up.note(ctx); err != nil {
		return core.Upload{}, err
	}
	signed, err := up.sign(ctx, o, expires)
	if err != nil {
		up.abandon(ctx)
		return core.Upload{}, err
	}
	return core.Upload{ID: core.UploadID(up.upload.ID), Parts: signed}, nil
}

// sign signs a request for each part.
func (p *parts) sign(ctx context.Context, o core.UploadOptions, expires core.Millis) ([]core.PresignedRequest, error) {
	signer := p.signer(o.Expires)
	all := make([]core.PresignedRequest, o.Parts)
	for i := range all {
		input := &s3.UploadPartInput{
			Bucket: &p.upload.Bucket, Key: &p.upload.Key, UploadId: &p.upload.ID, PartNumber: partNumber(i + 1),
		}
		if err := p.settings.access(input); err != nil {
			return nil, err
		}
		signed, err := signer.PresignUploadPart(ctx, input, unread)
		if err != nil {
			return nil, err
		}
		all[i] = requestOf(signed, expires)
	}
	return all, nil
}

// partNumber is a number that core has checked, at most core.MostParts.
func partNumber(n int) *int32 { return aws.Int32(int32(n)) }

// CompleteUpload makes an object of the parts.
func (a *Artifacts) CompleteUpload(ctx context.Context, path string, id core.UploadID, sent []core.UploadedPart) error {
	return a.failed(ctx, "complete upload", path, a.completeUpload(ctx, path, id, sent))
}

func (a *Artifacts) completeUpload(ctx context.Context, path string, id core.UploadID, sent []core.UploadedPart) error {
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := cmp.Or(core.CheckParts(path, id, sent), a.writable()); err != nil {
		return err
	}
	up := &parts{Artifacts: a, content: &content{Artifact: core.Artifact{Path: path}}}
	up.upload = upload{Bucket: a.bucket, Key: a.key(path), ID: string(id)}
	sent = slices.SortedFunc(slices.Values(sent), func(a, b core.UploadedPart) int { return a.Number - b.Number })
	for _, part := range sent {
		up.done = append(up.done, types.CompletedPart{PartNumber: partNumber(part.Number), ETag: &part.ETag})
	}
	if err := a.publish(ctx, up.content, func() error { return up.completeSent(ctx) }); err != nil {
		return err
	}
	return a.journal.end(up.upload)
}

// completeSent makes an object of parts that others have sent. An upload that S3 does not know any more is completed when
// the object is there that these parts make.
func (p *parts) completeSent(ctx context.Context) error {
	input := &s3.CompleteMultipartUploadInput{
		Bucket: &p.upload.Bucket, Key: &p.upload.Key, UploadId: &p.upload.ID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: p.done},
	}
	if err := p.settings.access(input); err != nil {
		return err
	}
	err := p.gone(ctx)
	if err == nil {
		_, err = p.client.CompleteMultipartUpload(ctx, input)
	}
	if err = failure(err); !errors.Is(err, core.ErrNotFound) {
		return err
	}
	head, missing := p.head(ctx, p.Path)
	if want := etagOf(p.done); missing == nil && want != "" && strings.Trim(aws.ToString(head.ETag), `"`) == want {
		return nil
	}
	return err
}

// gone is an error when S3 does not know the upload. It is asked first since some services, versitygw 1.8 for one, answer a
// completion of such an upload with success when there is an object. Who may not list parts is spared the question.
func (p *parts) gone(ctx context.Context) error {
	input := &s3.ListPartsInput{
		Bucket: &p.upload.Bucket, Key: &p.upload.Key, UploadId: &p.upload.ID, MaxParts: aws.Int32(1),
	}
	if err := p.settings.access(input); err != nil {
		return err
	}
	if _, err := p.client.ListParts(ctx, input); errors.Is(failure(err), core.ErrNotFound) {
		return err
	}
	return nil
}

// etagOf is the ETag of the object that S3 makes of the parts: the MD5 of their MD5s and how many there are. Empty is
// unknown: with some kinds of encryption ETags are no MD5s.
func etagOf(parts []types.CompletedPart) string {
	sum := md5.New() //nolint:gosec // see above
	for _, part := range parts {
		one, err := hex.DecodeString(strings.Trim(aws.ToString(part.ETag), `"`))
		if err != nil || len(one) != md5.Size {
			return ""
		}
		sum.Write(one) // never fails
	}
	return fmt.Sprintf("%x-%d", sum.Sum(nil), len(parts))
}

// AbortUpload removes the parts.
func (a *Artifacts) AbortUpload(ctx context.Context, path string, id core.UploadID) error {
	return a.failed(ctx, "abort upload", path, a.abortUpload(ctx, path, id))
}

func (a *Artifacts) abortUpload(ctx context.Context, path string, id core.UploadID) error {
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := cmp.Or(core.CheckUploadID(path, id), a.writable()); err != nil {
		return err
	}
	u := upload{Bucket: a.bucket, Key: a.key(path), ID: string(id)}
	if _, err := a.abort(ctx, u); err != nil {
		return err
	}
	return a.journal.end(u)
}
