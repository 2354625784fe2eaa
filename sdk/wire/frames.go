package wire

import (
	"context"
	"errors"
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
	crc       uint32
	size      int64
	rest      *block // of the frame that may be read
	ahead     *block // the frame after it
	committed bool
	err       error
}

func (f *frameReader) Read(p []byte) (int, error) {
	for f.rest.empty() {
		switch {
		case f.err != nil:
			return 0, f.err
		case f.committed && f.ahead == nil:
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
	return f.rest.read(p), nil
}

// next takes the next frame: data, which it puts ahead, or the commit.
func (f *frameReader) next() error {
	message := &artifactv1.UploadRequest{}
	frame := &inFrame{message: message}
	if err := f.stream.RecvMsg(frame); err != nil {
		f.err = broken(f.ctx, err)
		return f.err
	}
	switch {
	case frame.data != nil:
		f.crc = frame.data.sum(f.crc)
		f.size += int64(frame.data.size)
		f.ahead = frame.data
	case message.GetCommit() != nil:
		f.err = f.check(message.GetCommit())
		f.committed = f.err == nil
	default:
		f.err = core.Invalid("frame", "an upload goes on with data, never empty, and ends with `commit`")
	}
	return f.err
}

// check holds the commit against what came.
func (f *frameReader) check(c *artifactv1.UploadCommit) error {
	switch {
	case c.GetSize() != f.size:
		return core.Errorf(core.DataLoss, "the commit is of %d bytes, but %d came", c.GetSize(), f.size)
	case c.GetCrc32() != f.crc:
		return core.Errorf(core.DataLoss, "the commit has another CRC-32 than the bytes that came")
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
