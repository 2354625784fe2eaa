package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/mlstore/mlstore/core"
)

// digestKey names the metadata that holds the SHA-256 of an object, where it is known before the upload begins.
const digestKey = "mlstore-sha256"

// markKey names the metadata that tells what one Put has stored from what others have.
const markKey = "mlstore-put"

// Put stores an artifact. One of up to 8 MiB is one request. A longer one goes up in parts of 8 MiB, four at a time, and
// becomes visible when all are there; a Put so holds six parts in memory at most, 48 MiB, and more only for artifacts above
// 8 GB, whose parts are longer. Its SHA-256 is known to Stat and checked on reading when the caller gave it, or when it was
// one request.
//
// When ctx ends while r waits, Put returns at once. The one read that is under way is left to end by itself.
func (a *Artifacts) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	put, err := a.put(ctx, path, r, &content{o: o})
	if err != nil {
		return core.Artifact{}, a.failed(ctx, "put artifact", path, err)
	}
	return put, nil
}

func (a *Artifacts) put(ctx context.Context, path string, r io.Reader, c *content) (core.Artifact, error) {
	ctx, done, err := a.begin(ctx)
	if err != nil {
		return core.Artifact{}, err
	}
	defer done()
	err = cmp.Or(core.CheckArtifactPath(path), core.CheckPut(c.o, limits()), a.writable())
	if err != nil {
		return core.Artifact{}, err
	}
	if err := a.vacant(ctx, path, c.o.IfAbsent); err != nil {
		return core.Artifact{}, err // now, not when all has been read
	}
	c.Path, c.digest, c.mark = path, sha256.New(), rand.Text()
	return a.receive(ctx, r, c)
}

// receive reads the content and stores it.
func (a *Artifacts) receive(ctx context.Context, r io.Reader, c *content) (core.Artifact, error) {
	p := newPump(r, &a.kept)
	defer p.stop()
	first, err := p.next(ctx)
	if err := c.take(first, err); err != nil {
		return core.Artifact{}, err
	}
	if !errors.Is(err, io.EOF) {
		return a.putParts(ctx, c, p, first)
	}
	if err := c.verify(); err != nil {
		return core.Artifact{}, err
	}
	err = a.publish(ctx, c, func() error { return a.putObject(ctx, c, first.bytes()) })
	if err == nil {
		first.free()
	}
	return c.Artifact, err
}

// content is what is known of an artifact while it is read.
type content struct {
	core.Artifact
	digest hash.Hash
	o      core.PutOptions
	mark   string       // tells our object from another's
	source *source      // nil is a reader
	check  func() error // when all has been read; nil is nothing
}

// take counts and digests a chunk. err is what came with it.
func (c *content) take(chunk chunk, err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.digest.Write(chunk.bytes()) // never fails
	c.Size += int64(chunk.n)
	if c.o.Size != nil && c.Size > *c.o.Size {
		return core.Invalid("size", "the content has more than the %d bytes that were announced", *c.o.Size)
	}
	return nil
}

// verify compares what was read with what the caller knew of it.
func (c *content) verify() error {
	if c.check != nil {
		if err := c.check(); err != nil {
			return err
		}
	}
	if c.o.Size != nil && c.Size != *c.o.Size {
		return core.Invalid("size", "the content has %d bytes, %d were announced", c.Size, *c.o.Size)
	}
	c.SHA256 = hex.EncodeToString(c.digest.Sum(nil))
	if c.o.SHA256 != "" && !strings.EqualFold(c.o.SHA256, c.SHA256) {
		return core.Errorf(core.DataLoss, "the content has the SHA-256 %s, %s was announced", c.SHA256, c.o.SHA256)
	}
	return nil
}

// publish runs the request that makes an artifact visible, alone among those that could make a directory of it.
func (a *Artifacts) publish(ctx context.Context, c *content, request func() error) error {
	key := a.key(c.Path)
	if err := a.tree.enter(ctx, a.root, key); err != nil {
		return err
	}
	err := a.vacant(ctx, c.Path, c.o.IfAbsent)
	asked := err == nil
	if asked {
		err = change(request())
	}
	a.tree.leave(a.root, key, asked)
	if asked && c.o.IfAbsent && errors.Is(err, core.ErrExists) {
		return a.taken(ctx, c)
	}
	return err
}

// taken is the error of an artifact that must be absent and is not, or nil when it is the one that we have put there
// ourselves: when the answer to a request is lost, the SDK sends it again, and S3 refuses the second one.
func (a *Artifacts) taken(ctx context.Context, c *content) error {
	if head, err := a.head(ctx, c.Path); err == nil && head.Metadata[markKey] == c.mark {
		return nil
	}
	return core.Exists("artifact", c.Path)
}

// metadata is what is kept with an artifact.
func (c *content) metadata() map[string]string {
	m := map[string]string{markKey: c.mark}
	if digest := cmp.Or(c.SHA256, strings.ToLower(c.o.SHA256)); digest != "" {
		m[digestKey] = digest
	}
	return m
}

// putObject stores the bytes in one request.
func (a *Artifacts) putObject(ctx context.Context, c *content, body []byte) error {
	key := a.key(c.Path)
	sum := c.digest.Sum(nil)
	input := &s3.PutObjectInput{
		Bucket: &a.bucket, Key: &key, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
		Metadata: c.metadata(),
	}
	input.ContentType, input.ContentEncoding = kindOf(c.Path, c.o.ContentType)
	if c.o.IfAbsent {
		input.IfNoneMatch = aws.String("*")
	}
	if a.checksums() {
		input.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(sum))
	}
	if err := a.settings.access(input); err != nil {
		return err
	}
	if err := a.settings.extra.put(input); err != nil {
		return err
	}
	_, err := a.client.PutObject(ctx, input, signedAs(c.SHA256))
	return err
}

// checksums reports whether requests carry checksums beyond their signature: not where the SDK was told to send those that
// are required alone, which old servers need, nor where the caller chose an algorithm.
func (a *Artifacts) checksums() bool {
	return a.client.Options().RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired &&
		!a.settings.extra.has("ChecksumAlgorithm")
}

// unsignedPayload stands in the place of a body's SHA-256 that is not signed. Over TLS, with a checksum that S3 compares, it
// would guard nothing that is not guarded, and cost as much as the digest of the whole.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// overTLS reports whether requests go over TLS to a server that is known, as they do to AWS itself.
func (a *Artifacts) overTLS() bool {
	endpoint := a.client.Options().BaseEndpoint
	return !a.settings.ignoreTLS && (endpoint == nil || strings.HasPrefix(*endpoint, "https:"))
}

// signedAs signs a body of which the SHA-256 is known, without computing it again.
func signedAs(digest string) func(*s3.Options) {
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			known := middleware.FinalizeMiddlewareFunc("KnownPayloadHash", func(
				ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
			) (middleware.FinalizeOutput, middleware.Metadata, error) {
				return next.HandleFinalize(v4.SetPayloadHash(ctx, digest), in)
			})
			return stack.Finalize.Insert(known, "ResolveEndpointV2", middleware.After)
		})
	}
}

// digestOf is the SHA-256 of an object, where one is kept: a checksum of the whole object, or else our metadata.
func digestOf(head *s3.HeadObjectOutput) string {
	return digestFrom(head.ChecksumSHA256, head.ChecksumType, head.Metadata)
}

func digestFrom(checksum *string, kind types.ChecksumType, metadata map[string]string) string {
	if sum, err := base64.StdEncoding.DecodeString(aws.ToString(checksum)); err == nil && len(sum) == sha256.Size &&
		kind != types.ChecksumTypeComposite {
		return hex.EncodeToString(sum)
	}
	if digest := metadata[digestKey]; core.CheckPut(core.PutOptions{SHA256: digest}, core.Limits{}) == nil {
		return strings.ToLower(digest)
	}
	return ""
}
