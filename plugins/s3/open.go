package s3

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/mlstore/mlstore/core"
)

// Open reads a file or a part of it, as it was when it was opened. A connection that breaks is taken up again where it broke,
// if the object is still the same; one that has been replaced meanwhile is ErrDataLoss. The bytes of a whole file are
// compared with its checksum, where it has one: then the last read is ErrDataLoss instead of io.EOF.
func (a *Artifacts) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	r, err := a.openReader(ctx, path, o)
	if err != nil {
		return nil, a.failed(ctx, "open artifact", path, err)
	}
	return r, nil
}

func (a *Artifacts) openReader(caller context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	ctx, done, err := a.begin(caller)
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(core.CheckArtifactPath(path), core.CheckRead(o)); err != nil {
		done()
		return nil, err
	}
	r := &reader{Artifacts: a, caller: caller, ctx: ctx, done: done, path: path, at: o.Offset, left: -1}
	if err := r.start(ctx, o); err != nil {
		defer done()
		return nil, a.unreadable(ctx, path, err)
	}
	return r, nil
}

// unreadable is the error, if any, of an object that could not be read.
func (a *Artifacts) unreadable(ctx context.Context, path string, err error) error {
	err = failure(err)
	if !errors.Is(err, errNoKey) {
		return err
	}
	switch isDir, failed := a.isDir(ctx, path); {
	case failed != nil:
		return failed
	case isDir:
		return core.State(path, "the artifact %q is a directory", path)
	}
	return core.Missing("artifact", path)
}

// reader reads an object from `at` on.
type reader struct {
	*Artifacts
	caller context.Context //nolint:containedctx // a read has no context of its own; it ends with that of Open
	ctx    context.Context //nolint:containedctx // ends with the repository, too
	done   func()
	path   string
	etag   *string
	body   io.ReadCloser
	stop   context.CancelFunc // of the request that yields the body
	at     int64
	left   int64 // to read
	digest hash.Hash
	want   string // SHA-256 in the end; empty when unknown
	tries  int    // without much progress
	broke  int64  // where it did so last
	closed bool
	failed error
}

// start makes the first request, for what o asks.
func (r *reader) start(ctx context.Context, o core.ReadOptions) error {
	if o.Length != nil && *o.Length == 0 {
		return r.nothing(ctx, o)
	}
	last := int64(math.MaxInt64)
	if o.Length != nil && o.Offset <= math.MaxInt64-*o.Length {
		last = o.Offset + *o.Length - 1
	}
	out, err := r.get(ctx, o.Offset, last)
	if errors.Is(failure(err), core.ErrRange) {
		return r.nothing(ctx, o)
	}
	if err != nil {
		return err
	}
	r.body, r.etag, r.left = out.Body, out.ETag, aws.ToInt64(out.ContentLength)
	if o.Offset == 0 && last == math.MaxInt64 {
		r.began(out)
	}
	return nil
}

// began takes what S3 says of a whole object. Where the SDK compares a checksum itself, that is enough.
func (r *reader) began(out *s3.GetObjectOutput) {
	r.body, r.etag, r.left = out.Body, out.ETag, aws.ToInt64(out.ContentLength)
	compared := out.ChecksumType != types.ChecksumTypeComposite &&
		(out.ChecksumSHA256 != nil || out.ChecksumCRC32 != nil || out.ChecksumCRC32C != nil || out.ChecksumCRC64NVME != nil)
	if r.want = out.Metadata[digestKey]; r.want != "" && !compared {
		r.digest = sha256.New()
	}
}

// get asks for the bytes from first to last. Of a whole object the SDK compares the checksum.
func (r *reader) get(ctx context.Context, first, last int64) (*s3.GetObjectOutput, error) {
	key := r.key(r.path)
	input := &s3.GetObjectInput{Bucket: &r.bucket, Key: &key, IfMatch: r.etag}
	switch {
	case last < math.MaxInt64:
		input.Range = aws.String(fmt.Sprintf("bytes=%d-%d", first, last))
	case first > 0:
		input.Range = aws.String(fmt.Sprintf("bytes=%d-", first))
	default:
		input.ChecksumMode = types.ChecksumModeEnabled
	}
	if err := r.settings.access(input); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	out, err := r.client.GetObject(ctx, input)
	if err != nil {
		stop()
		return nil, err
	}
	r.stop = stop
	return out, nil
}

// nothing begins a read of no bytes: the file must be there, and the offset not be past its end.
func (r *reader) nothing(ctx context.Context, o core.ReadOptions) error {
	head, err := r.head(ctx, r.path)
	if err != nil {
		return err
	}
	if size := aws.ToInt64(head.ContentLength); o.Offset > size {
		return core.Errorf(core.OutOfRange, "the offset %d is past the end of %q, which has %d bytes", o.Offset, r.path, size)
	}
	r.left, r.body, r.stop = 0, io.NopCloser(strings.NewReader("")), func() {}
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if r.closed {
		return 0, core.Do("read artifact", r.path, core.State(r.path, "the reader of %q: %w", r.path, fs.ErrClosed))
	}
	if r.failed == nil {
		r.failed = r.alive(r.caller)
	}
	if r.failed != nil {
		return 0, r.ended()
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := r.read(p)
	r.failed = err
	if n > 0 {
		return n, nil // the error, if any, comes with the next call
	}
	return 0, r.ended()
}

// ended is the error of a reader that is at its end, good or bad.
func (r *reader) ended() error {
	if errors.Is(r.failed, io.EOF) || r.failed == nil {
		return r.failed
	}
	return r.Artifacts.failed(r.caller, "read artifact", r.path, r.failed)
}

// read reads some bytes, from another connection if need be.
func (r *reader) read(p []byte) (int, error) {
	for {
		n, err := r.body.Read(p)
		r.at, r.left = r.at+int64(n), r.left-int64(n)
		if r.digest != nil {
			r.digest.Write(p[:n]) // never fails
		}
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, io.EOF) && r.left == 0:
			return n, r.verify()
		case r.left < 0:
			return n, core.Errorf(core.DataLoss, "S3 has sent more of %q than it announced", r.path)
		}
		if err := r.again(err); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// again takes a broken connection up where it broke. cause is how it broke: the error when it cannot be taken up.
func (r *reader) again(cause error) error {
	const most, progress = 3, 1 << 20
	if err := r.alive(r.caller); err != nil {
		return err
	}
	r.stop()
	_ = r.body.Close() // it is broken
	if errors.Is(failure(cause), core.ErrDataLoss) {
		return cause
	}
	if r.at-r.broke > progress {
		r.tries = 0
	}
	r.broke = r.at
	if r.tries++; r.tries > most {
		return lost(r.path, cause)
	}
	return r.connect(r.ctx)
}

// connect asks for the rest of the same object.
func (r *reader) connect(ctx context.Context) error {
	out, err := r.get(ctx, r.at, r.at+r.left-1)
	switch err = failure(err); {
	case errors.Is(err, core.ErrExists), errors.Is(err, core.ErrNotFound), errors.Is(err, core.ErrRange):
		return core.Errorf(core.DataLoss, "%q was replaced or deleted while it was read", r.path)
	case err != nil:
		return err
	}
	r.body = out.Body
	return nil
}

// lost is the error of an object that ended early.
func lost(path string, cause error) error {
	if errors.Is(cause, io.EOF) || errors.Is(cause, io.ErrUnexpectedEOF) {
		cause = fmt.Errorf("the connection ended before the artifact: %w", io.ErrUnexpectedEOF)
	}
	return core.Errorf(core.Unavailable, "reading %q: %w", path, cause)
}

// verify is io.EOF for bytes that are those that were stored.
func (r *reader) verify() error {
	if r.digest != nil && hex.EncodeToString(r.digest.Sum(nil)) != r.want {
		return core.Errorf(core.DataLoss, "%q has not the SHA-256 %s with which it was stored", r.path, r.want)
	}
	return io.EOF
}

// Close ends the reading.
func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.done() // ends the request when there is something left of it
	_ = r.body.Close()
	return nil
}
