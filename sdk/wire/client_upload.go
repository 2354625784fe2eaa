package wire

import (
	"context"
	"errors"
	"io"
	"strings"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

// upload sends what r yields, and a commit when it has come to its end. An error of r cancels the stream: to close it would
// look like an end.
func upload(
	ctx context.Context, a *artifacts, begin *artifactv1.UploadBegin, r io.Reader,
) (core.Artifact, error) {
	const method = artifactv1.ArtifactService_Upload_FullMethodName
	if field := notUTF8(begin); field != "" {
		return core.Artifact{}, core.Do(operation(method), "", core.Invalid(field, "'%s' is not valid UTF-8", field))
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := a.client.Upload(streamCtx, grpc.ForceCodecV2(newCodec()))
	if err != nil {
		return core.Artifact{}, failure(ctx, method, err)
	}
	commit, err := a.sendFrames(stream, begin, &whileOpen{stream.Context(), r})
	if err != nil && !errors.Is(err, io.EOF) {
		if read, ok := errors.AsType[*readError](err); ok {
			return core.Artifact{}, core.Do("put artifact", begin.GetPath(), read.cause)
		}
		return core.Artifact{}, failure(ctx, method, err)
	}
	reply, err := stream.CloseAndRecv() // also after io.EOF of a Send, which only says that there is an answer
	switch {
	case err != nil && commit == nil && ctx.Err() != nil: // the store may have seen no more than an end without a commit
		return core.Artifact{}, core.Do(operation(method), "", ctx.Err())
	case err != nil:
		return core.Artifact{}, failure(ctx, method, err)
	}
	stored, err := a.artifactAnswer(begin.GetPath(), reply.GetArtifact(), nil)
	switch {
	case err != nil:
		return core.Artifact{}, err
	case commit == nil:
		return core.Artifact{}, lie("the upload of %q was answered before its commit", begin.GetPath())
	case stored.Size != commit.GetSize():
		return core.Artifact{}, lie("it stored %d bytes of %d", stored.Size, commit.GetSize())
	case begin.GetSha256() != "" && stored.SHA256 != "" && !strings.EqualFold(stored.SHA256, begin.GetSha256()):
		return core.Artifact{}, lie("it stored bytes with another SHA-256 than the one declared")
	}
	return stored, nil
}

// whileOpen reads on for as long as the stream lives. When it has ended there is an answer or an error to fetch.
type whileOpen struct {
	ctx context.Context //nolint:containedctx // that of the stream
	r   io.Reader
}

func (w *whileOpen) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, errStreamEnded
	}
	return w.r.Read(p)
}

var errStreamEnded = errors.New("the stream has ended")

// sendFrames returns the commit that it sent.
func (a *artifacts) sendFrames(
	stream grpc.ClientStreamingClient[artifactv1.UploadRequest, artifactv1.UploadResponse], begin *artifactv1.UploadBegin,
	r io.Reader,
) (*artifactv1.UploadCommit, error) {
	if err := stream.Send(&artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Begin{Begin: begin}}); err != nil {
		return nil, err
	}
	size, crc, err := a.frames.send(r, stream)
	switch {
	case errors.Is(err, errStreamEnded):
		return nil, io.EOF // as Send says it
	case err != nil:
		return nil, err
	}
	commit := &artifactv1.UploadCommit{Size: size, Crc32: crc}
	return commit, stream.Send(&artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Commit{Commit: commit}})
}
