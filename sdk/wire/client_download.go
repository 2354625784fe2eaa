package wire

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

// openDownload begins a download and waits for its header, so that what is not there is an error of the opening.
func openDownload(
	ctx context.Context, a *artifacts, request *artifactv1.DownloadRequest,
) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	d := &download{ctx: ctx, cancel: cancel, blame: a.blame, path: request.GetPath(), most: -1}
	if request.Length != nil {
		d.most = request.GetLength()
	}
	if err := d.begin(a.client, request); err != nil {
		cancel()
		return nil, a.blame(err)
	}
	return d, nil
}

// download reads the frames of a stream. It ends well only with a trailer that fits the data.
type download struct {
	ctx    context.Context //nolint:containedctx // the reader of a call belongs to the call
	cancel context.CancelFunc
	blame  func(error) error
	stream grpc.ServerStreamingClient[artifactv1.DownloadResponse]
	path   string
	most   int64 // bytes that were asked for; below 0 is all
	rest   *block
	size   int64
	crc    uint32
	err    error
}

func (d *download) begin(client artifactv1.ArtifactServiceClient, request *artifactv1.DownloadRequest) (err error) {
	if d.stream, err = client.Download(d.ctx, request, grpc.ForceCodecV2(newCodec())); err != nil {
		if field := notUTF8(request); field != "" {
			return core.Invalid(field, "'%s' is not valid UTF-8", field)
		}
		return failure(d.ctx, artifactv1.ArtifactService_Download_FullMethodName, err)
	}
	_, frame, err := d.receive()
	if err != nil {
		return err
	}
	if frame.GetHeader() == nil {
		return lie("a download of %q without a header", d.path)
	}
	return nil
}

// receive returns the data of a frame, or the frame.
func (d *download) receive() (*block, *artifactv1.DownloadResponse, error) {
	message := &artifactv1.DownloadResponse{}
	frame := &inFrame{message: message}
	err := d.stream.RecvMsg(frame)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, lie("the download of %q ended before its trailer", d.path)
	case err != nil:
		return nil, nil, failure(d.ctx, artifactv1.ArtifactService_Download_FullMethodName, err)
	}
	return frame.data, message, nil
}

func (d *download) Read(p []byte) (int, error) {
	for d.rest.empty() {
		if d.err == nil && len(p) == 0 {
			return 0, nil
		}
		if d.err == nil {
			d.err = d.blame(d.next())
		}
		if d.err != nil {
			d.cancel()
			return 0, d.err
		}
	}
	return d.rest.read(p), nil
}

// next takes the next frame; after a trailer that fits it returns io.EOF.
func (d *download) next() error {
	data, frame, err := d.receive()
	switch {
	case err != nil:
		return core.Do("read artifact", d.path, err)
	case data != nil:
		return d.take(data)
	case frame.GetTrailer() == nil:
		return lie("the download of %q has a frame without data", d.path)
	case frame.GetTrailer().GetSize() != d.size || frame.GetTrailer().GetCrc32() != d.crc:
		return lie("the trailer of the download of %q does not fit its %d bytes", d.path, d.size)
	}
	if err := d.stream.RecvMsg(&inFrame{message: frame}); !errors.Is(err, io.EOF) {
		return lie("the download of %q goes on after its trailer: %v", d.path, err)
	}
	return io.EOF
}

func (d *download) take(data *block) error {
	d.size += int64(data.size)
	if d.most >= 0 && d.size > d.most {
		return lie("the download of %q yields more than the %d bytes asked for", d.path, d.most)
	}
	d.crc = data.sum(d.crc)
	d.rest = data
	return nil
}

// Close ends the download, also in the plugin.
func (d *download) Close() error {
	d.cancel()
	d.rest = nil
	d.err = core.Do("read artifact", d.path, core.State(d.path, "the reader of %q: %w", d.path, fs.ErrClosed))
	return nil
}
