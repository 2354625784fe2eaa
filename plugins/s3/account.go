package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/mlstore/mlstore/core"
)

// account is what repositories that were opened with equal settings share.
type account struct {
	settings settings
	client   *s3.Client
	identity *identity
	journal  *journal
	release  func() error // gives one use back
	kept     buffers

	users int // guarded by the opener

	leaving sync.Mutex // held while uploads that were left are aborted

	mu    sync.Mutex
	trees map[string]*tree // by bucket
}

// id names the settings without showing their secrets: uploads of others under the same settings are ours to abort.
func (s *settings) id() string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %q %q %q %q", s.profile, s.endpoint, s.region, s.role, s.signature, s.accessKey.Reveal())
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// tree returns what is known of the bucket.
func (a *account) tree(bucket string) *tree {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, found := a.trees[bucket]
	if !found {
		t = newTree()
		a.trees[bucket] = t
	}
	return t
}

// takeOver aborts the uploads of processes that have died, but for those with which one may go on. What cannot be aborted
// now stays in the journal.
func (a *account) takeOver(ctx context.Context, keep bool) {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a.journal.sweep(keep, func(u upload) bool { return a.abortBroken(ctx, u) == nil })
}

// abortLeft aborts the uploads with which nobody has gone on, and returns when nobody else is at it either.
func (a *account) abortLeft(ctx context.Context) {
	a.leaving.Lock()
	defer a.leaving.Unlock()
	const patience = 3 * time.Second // somebody may wait for the end of the process
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for _, u := range a.journal.claimAll() {
		if a.abortBroken(ctx, u) == nil {
			_ = a.journal.end(u) // aborting it once more does no harm
		}
	}
}

// abort removes the parts of an upload that nobody will complete, and reports whether there was such an upload.
func (a *account) abort(ctx context.Context, u upload) (known bool, _ error) {
	input := &s3.AbortMultipartUploadInput{Bucket: &u.Bucket, Key: &u.Key, UploadId: &u.ID}
	if err := a.settings.access(input); err != nil {
		return false, err
	}
	_, err := a.client.AbortMultipartUpload(ctx, input)
	if err = failure(err); errors.Is(err, core.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// abortBroken aborts an upload of which the service may still be taking parts. S3 says to abort such a one again, and on
// some services, versitygw 1.8 for one, a part that comes late brings the upload back.
func (a *account) abortBroken(ctx context.Context, u upload) error {
	const first, last = 50 * time.Millisecond, 200 * time.Millisecond
	for wait := first; ; wait *= 2 {
		known, err := a.abort(ctx, u)
		if err != nil || !known || wait > last {
			return err
		}
		select {
		case <-ctx.Done():
			return core.Interrupted(ctx)
		case <-time.After(wait):
		}
	}
}

// access fills in what every request of the account carries.
func (s *settings) access(input any) error {
	if s.owner != "" {
		setOwner(input, s.owner)
	}
	return s.extra.access(input)
}

// setOwner sets the owner that the bucket must have.
func setOwner(input any, owner string) {
	switch in := input.(type) {
	case *s3.PutObjectInput:
		in.ExpectedBucketOwner = &owner
	case *s3.GetObjectInput:
		in.ExpectedBucketOwner = &owner
	case *s3.HeadObjectInput:
		in.ExpectedBucketOwner = &owner
	case *s3.ListObjectsV2Input:
		in.ExpectedBucketOwner = &owner
	case *s3.DeleteObjectInput:
		in.ExpectedBucketOwner = &owner
	case *s3.DeleteObjectsInput:
		in.ExpectedBucketOwner = &owner
	case *s3.CreateMultipartUploadInput:
		in.ExpectedBucketOwner = &owner
	case *s3.UploadPartInput:
		in.ExpectedBucketOwner = &owner
	case *s3.CompleteMultipartUploadInput:
		in.ExpectedBucketOwner = &owner
	case *s3.ListPartsInput:
		in.ExpectedBucketOwner = &owner
	case *s3.AbortMultipartUploadInput:
		in.ExpectedBucketOwner = &owner
	}
}
