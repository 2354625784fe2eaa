package s3

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/mlstore/mlstore/core"
)

// partsAtOnce is how many parts of one artifact are on their way.
const partsAtOnce = 4

// parts is an upload in several parts.
type parts struct {
	*Artifacts
	*content
	upload upload
	there  map[int32]types.Part // what S3 has of an upload with which this one goes on
	sum    uint32               // CRC-32 of all bytes

	mu   sync.Mutex
	done []types.CompletedPart
}

// putParts stores a content that is longer than its first chunk. Whatever ends it early aborts it, so that nothing is left.
func (a *Artifacts) putParts(ctx context.Context, c *content, p *pump, first chunk) (core.Artifact, error) {
	up := &parts{Artifacts: a, content: c}
	if err := up.begin(ctx); err != nil {
		return core.Artifact{}, err
	}
	err := up.send(ctx, p, first)
	if err == nil {
		err = c.verify()
	}
	if err != nil {
		up.abandon(ctx)
		return core.Artifact{}, err
	}
	if err := a.publish(ctx, c, func() error { return up.complete(ctx) }); err != nil {
		// Even when it may be complete: then S3 knows no upload of this name any more, and the object stays.
		up.abandon(ctx)
		return core.Artifact{}, err
	}
	return c.Artifact, a.journal.end(up.upload)
}

// begin opens the upload and notes it in the journal, or goes on with one that was left.
func (p *parts) begin(ctx context.Context) error {
	key := p.key(p.Path)
	input := &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: &key, Metadata: p.metadata()}
	input.ContentType, input.ContentEncoding = kindOf(p.Path, p.o.ContentType)
	if p.checksums() {
		input.ChecksumAlgorithm, input.ChecksumType = types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject
	}
	if err := p.settings.access(input); err != nil {
		return err
	}
	if err := p.settings.extra.put(input); err != nil {
		return err
	}
	p.upload = upload{Bucket: p.bucket, Key: key, Source: p.source, Form: formOf(input), Mark: p.mark}
	if p.resume(ctx) {
		return nil
	}
	out, err := p.client.CreateMultipartUpload(ctx, input)
	if err != nil {
		return err
	}
	p.upload.ID = aws.ToString(out.UploadId)
	return p.note(ctx)
}

// note enters the upload into the journal.
func (p *parts) note(ctx context.Context) error {
	if err := p.journal.begin(p.upload); err != nil {
		p.abandon(ctx)
		return core.Errorf(core.Internal, "the journal of uploads cannot be written: %w", err)
	}
	return nil
}

// abandon aborts the upload. When that cannot be done now, the journal keeps it for who goes on with it, or else for the
// process that comes next.
func (p *parts) abandon(ctx context.Context) {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if p.abortBroken(ctx, p.upload) == nil {
		_ = p.journal.end(p.upload) // aborting it once more does no harm
	} else {
		p.journal.leave(p.upload)
	}
}

// send sends the first chunk and all that follow it.
func (p *parts) send(ctx context.Context, from *pump, first chunk) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtOnce)
	failed := p.feed(ctx, group, from, first)
	if failed != nil {
		cancel()
	}
	if err := group.Wait(); err != nil && (failed == nil || errors.Is(failed, context.Canceled)) {
		return err // it is why the reading was broken off
	}
	return failed
}

// feed reads on and starts the sending of each part.
func (p *parts) feed(ctx context.Context, group *errgroup.Group, from *pump, first chunk) error {
	p.start(ctx, group, first, 1)
	for number := int32(2); ; number++ {
		next, err := from.next(ctx)
		if err := p.take(next, err); err != nil {
			return err
		}
		if next.n > 0 {
			p.start(ctx, group, next, number)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

// start sends a part beside the others, when it is its turn.
func (p *parts) start(ctx context.Context, group *errgroup.Group, c chunk, number int32) {
	sum := crc32.ChecksumIEEE(c.bytes())
	p.sum = joinCRC(p.sum, sum, int64(c.n))
	group.Go(func() error { return p.sendPart(ctx, c, number, sum) })
}

// sendPart sends one part, unless it is there already, and gives its buffer back.
func (p *parts) sendPart(ctx context.Context, c chunk, number int32, sum uint32) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if have, found := p.there[number]; found && holds(have, c.bytes(), sum) {
		c.free()
		p.sent(types.CompletedPart{
			PartNumber: &number, ETag: have.ETag, ChecksumCRC32: have.ChecksumCRC32, ChecksumSHA1: have.ChecksumSHA1,
			ChecksumSHA256: have.ChecksumSHA256, ChecksumCRC32C: have.ChecksumCRC32C, ChecksumCRC64NVME: have.ChecksumCRC64NVME,
		})
		return nil
	}
	input := &s3.UploadPartInput{
		Bucket: &p.upload.Bucket, Key: &p.upload.Key, UploadId: &p.upload.ID, PartNumber: &number,
		Body: bytes.NewReader(c.bytes()), ContentLength: aws.Int64(int64(c.n)),
	}
	if p.checksums() {
		input.ChecksumCRC32 = encodeCRC(sum)
	}
	if err := p.settings.access(input); err != nil {
		return err
	}
	var options []func(*s3.Options)
	if p.checksums() && p.overTLS() {
		options = append(options, signedAs(unsignedPayload)) // the checksum is signed
	}
	out, err := p.client.UploadPart(ctx, input, options...)
	if err != nil {
		return failure(err)
	}
	c.free()
	p.sent(types.CompletedPart{
		PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32, ChecksumSHA1: out.ChecksumSHA1,
		ChecksumSHA256: out.ChecksumSHA256, ChecksumCRC32C: out.ChecksumCRC32C, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
	})
	return nil
}

// sent notes a part that S3 has.
func (p *parts) sent(part types.CompletedPart) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = append(p.done, part)
}

// complete makes an object of the parts. S3 compares its checksum with ours.
func (p *parts) complete(ctx context.Context) error {
	slices.SortFunc(p.done, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	input := &s3.CompleteMultipartUploadInput{
		Bucket: &p.upload.Bucket, Key: &p.upload.Key, UploadId: &p.upload.ID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: p.done},
	}
	if p.checksums() {
		input.ChecksumCRC32, input.ChecksumType = encodeCRC(p.sum), types.ChecksumTypeFullObject
	}
	if p.o.IfAbsent {
		input.IfNoneMatch = aws.String("*")
	}
	if err := p.settings.access(input); err != nil {
		return err
	}
	_, err := p.client.CompleteMultipartUpload(ctx, input)
	if none, gone := errors.AsType[*types.NoSuchUpload](err); gone && none != nil {
		return p.completed(ctx, err)
	}
	return err
}

// completed is nil when the object is there that an upload should have become which S3 does not know any more: the answer
// to the request that completed it was lost, and the SDK has sent it again.
func (p *parts) completed(ctx context.Context, cause error) error {
	head, err := p.head(ctx, p.Path)
	if err == nil && aws.ToInt64(head.ContentLength) == p.Size && head.Metadata[markKey] == p.mark {
		return nil
	}
	return cause
}

// decodeCRC reads a CRC-32 as S3 writes it.
func decodeCRC(text string) (uint32, bool) {
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) != crc32.Size {
		return 0, false
	}
	return binary.BigEndian.Uint32(sum), true
}

// encodeCRC is a CRC-32 as S3 writes it.
func encodeCRC(sum uint32) *string {
	return aws.String(base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum)))
}
