package wire

import (
	"bytes"
	"context"
	"errors"
	"hash"
	"io"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

// frameReader reads the data of an upload. It is one frame ahead of its reader: the last bytes are handed out only when a
// commit has come and fits, so that a store which stops at the size that it was told cannot publish a file that nobody
// committed.
type frameReader struct {
	ctx       context.Context //nolint:containedctx // the reader of a call belongs to the call
	stream    grpc.ClientStreamingServer[artifactv1.UploadRequest, artifactv1.UploadResponse]
	digest    hash.Hash
	size      int64
	rest      []byte // of the frame that may be read
	ahead     []byte // the frame after it
	committed bool
	err       error
}

func (f *frameReader) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		switch {
		case f.err != nil:
			return 0, f.err
		case f.committed && len(f.ahead) == 0:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		f.rest, f.ahead = f.ahead, nil
		if f.committed {
			continue
		}
		if err := f.next(); err != nil {
			f.rest = nil
			return 0, err
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// next takes the next frame: data, which it puts ahead, or the commit.
func (f *frameReader) next() error {
	frame, err := f.stream.Recv()
	if err != nil {
		f.err = broken(f.ctx, err)
		return f.err
	}
	switch frame := frame.GetFrame().(type) {
	case *artifactv1.UploadRequest_Data:
		f.digest.Write(frame.Data)
		f.size += int64(len(frame.Data))
		f.ahead = frame.Data
		if len(frame.Data) == 0 {
			f.err = core.Invalid("data", "a frame without data")
		}
	case *artifactv1.UploadRequest_Commit:
		f.err = f.check(frame.Commit)
		f.committed = f.err == nil
	default:
		f.err = core.Invalid("frame", "an upload goes on with data and ends with `commit`")
	}
	return f.err
}

// check holds the commit against what came.
func (f *frameReader) check(c *artifactv1.UploadCommit) error {
	switch {
	case c.GetSize() != f.size:
		return core.Errorf(core.DataLoss, "the commit is of %d bytes, but %d came", c.GetSize(), f.size)
	case !bytes.Equal(c.GetSha256(), f.digest.Sum(nil)):
		return core.Errorf(core.DataLoss, "the commit has another SHA-256 than the bytes that came")
	}
	return nil
}

// broken is the error of a stream that ended before its commit. Nothing was stored.
func broken(ctx context.Context, err error) error {
	if interrupted := core.Interrupted(ctx); interrupted != nil {
		return interrupted
	}
	if errors.Is(err, io.EOF) {
		return core.Errorf(core.Aborted, "the upload ended without a commit: nothing was stored")
	}
	return core.Errorf(core.Unavailable, "the upload broke off: %w", err)
}
