package s3

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/mlstore/mlstore/core"
)

var _ core.PathTransfer = (*Artifacts)(nil)

// PutFile stores a file. See core.PathTransfer, and Put for how it is sent.
func (a *Artifacts) PutFile(ctx context.Context, path string, from *os.File, o core.PutOptions) (core.Artifact, error) {
	put, err := a.putFile(ctx, path, from, o)
	if err != nil {
		return core.Artifact{}, a.failed(ctx, "put artifact", path, err)
	}
	return put, nil
}

func (a *Artifacts) putFile(ctx context.Context, path string, from *os.File, o core.PutOptions) (core.Artifact, error) {
	before, err := from.Stat()
	switch {
	case err != nil:
		return core.Artifact{}, err
	case !before.Mode().IsRegular():
		return core.Artifact{}, core.Invalid("file", "only a regular file can be stored")
	case o.Size != nil && *o.Size != before.Size():
		return core.Artifact{}, core.Invalid("size", "the file has %d bytes, %d were announced", before.Size(), *o.Size)
	}
	size := before.Size()
	c := &content{o: o}
	if size > partSize { // there will be parts
		c.source = sourceOf(from, before)
	}
	c.o.Size = nil // a file that has become shorter is no mistake of the caller
	c.check = func() error {
		after, err := from.Stat()
		if err == nil && (after.Size() != size || c.Size != size || !after.ModTime().Equal(before.ModTime())) {
			err = core.Errorf(core.Aborted, "the file has changed while it was read")
		}
		return err
	}
	return a.put(ctx, path, io.NewSectionReader(from, 0, size), c)
}

// streamsAtOnce is how many ranges of one artifact are read at once.
const streamsAtOnce = 4

// GetFile writes an artifact into a file. One above 8 MiB comes in up to four ranges at once, with 256 KiB in memory for
// each. See core.PathTransfer.
func (a *Artifacts) GetFile(ctx context.Context, path string, to *os.File) (core.Artifact, error) {
	got, err := a.getFile(ctx, path, to)
	if err != nil {
		return core.Artifact{}, a.failed(ctx, "get artifact", path, err)
	}
	return got, nil
}

func (a *Artifacts) getFile(caller context.Context, path string, to *os.File) (core.Artifact, error) {
	ctx, done, err := a.begin(caller)
	if err != nil {
		return core.Artifact{}, err
	}
	defer done()
	if err := core.CheckArtifactPath(path); err != nil {
		return core.Artifact{}, err
	}
	r := &reader{Artifacts: a, caller: caller, ctx: ctx, done: done, path: path}
	out, err := r.get(ctx, 0, math.MaxInt64)
	if err != nil {
		return core.Artifact{}, a.unreadable(ctx, path, err)
	}
	r.began(out)
	defer r.Close()
	got := core.Artifact{
		Path: path, Size: r.left, SHA256: digestFrom(out.ChecksumSHA256, out.ChecksumType, out.Metadata),
	}
	sum, known := wholeCRC(out)
	if got.Size <= partSize || !known && got.SHA256 != "" { // in one stream, which compares the digest
		buffer := a.kept.buffer(smallSize)
		defer buffer.free()
		n, err := io.CopyBuffer(io.NewOffsetWriter(to, 0), struct{ io.Reader }{r}, buffer.buffer)
		if err == nil && n != got.Size {
			err = lost(path, io.ErrUnexpectedEOF)
		}
		return got, err
	}
	arrived, err := r.ranges(ctx, to, known)
	if err == nil && known && arrived != sum {
		err = core.Errorf(core.DataLoss, "%q has not the CRC-32 with which it was stored", path)
	}
	return got, err
}

// wholeCRC is the CRC-32 of an object, where S3 has one of the whole.
func wholeCRC(out *s3.GetObjectOutput) (uint32, bool) {
	if out.ChecksumType == types.ChecksumTypeComposite {
		return 0, false
	}
	return decodeCRC(aws.ToString(out.ChecksumCRC32))
}

// ranges reads what r has not yet read in several ranges at once, of which r's own connection yields the first. It returns
// the CRC-32 of all, if summed.
func (r *reader) ranges(ctx context.Context, to *os.File, summed bool) (uint32, error) {
	each := max((r.left+streamsAtOnce-1)/streamsAtOnce, partSize)
	group, ctx := errgroup.WithContext(ctx)
	var all []*span
	for first := int64(0); first < r.left; first += each {
		s := &span{summed: summed, reader: reader{
			Artifacts: r.Artifacts, caller: r.caller, ctx: ctx, done: func() {}, path: r.path, etag: r.etag,
			at: first, left: min(each, r.left-first),
		}}
		if first == 0 {
			s.body, s.stop = r.body, r.stop
		}
		all = append(all, s)
		group.Go(func() error { return s.write(ctx, to) })
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	var sum uint32
	for _, s := range all {
		sum = joinCRC(sum, s.sum, s.size)
	}
	return sum, nil
}

// span is a range of an object on its way into a file.
type span struct {
	reader
	size   int64
	summed bool
	sum    uint32
}

// write reads the range and writes it where it belongs.
func (s *span) write(ctx context.Context, to *os.File) error {
	s.size = s.left
	if s.body == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	defer func() {
		s.stop() // ends the request when there is something left of it
		_ = s.body.Close()
	}()
	buffer := make([]byte, 256<<10)
	for s.left > 0 {
		at := s.at
		n, err := s.read(buffer[:min(int64(len(buffer)), s.left)])
		if n > 0 {
			if s.summed {
				s.sum = crc32.Update(s.sum, crc32.IEEETable, buffer[:n])
			}
			if _, err := to.WriteAt(buffer[:n], at); err != nil {
				return fmt.Errorf("write the file: %w", err)
			}
		}
		if err != nil && s.left > 0 {
			return err
		}
	}
	return nil
}
