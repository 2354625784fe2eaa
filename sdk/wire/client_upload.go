package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	ctx context.Context, client artifactv1.ArtifactServiceClient, begin *artifactv1.UploadBegin, r io.Reader,
) (core.Artifact, error) {
	const method = artifactv1.ArtifactService_Upload_FullMethodName
	if field := notUTF8(begin); field != "" {
		return core.Artifact{}, core.Do(operation(method), "", core.Invalid(field, "'%s' is not valid UTF-8", field))
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Upload(streamCtx)
	if err != nil {
		return core.Artifact{}, failure(ctx, method, err)
	}
	commit, err := sendFrames(stream, begin, &whileOpen{stream.Context(), r})
	if err != nil && !errors.Is(err, io.EOF) {
		var read *readError
		if errors.As(err, &read) {
			return core.Artifact{}, core.Do("put artifact", begin.GetPath(), read.cause)
		}
		return core.Artifact{}, failure(ctx, method, err)
	}
	reply, err := stream.CloseAndRecv() // also after io.EOF of a Send, which only says that there is an answer
	if errors.Is(err, io.EOF) {
		err = lie("the upload of %q ended without an answer", begin.GetPath())
	}
	if err != nil {
		return core.Artifact{}, failure(ctx, method, err)
	}
	stored, err := artifactAnswer(begin.GetPath(), reply.GetArtifact(), nil)
	switch {
	case err != nil:
		return core.Artifact{}, err
	case commit == nil:
		return core.Artifact{}, lie("the upload of %q was answered before its commit", begin.GetPath())
	case stored.Size != commit.GetSize():
		return core.Artifact{}, lie("it stored %d bytes of %d", stored.Size, commit.GetSize())
	case stored.SHA256 != "" && !strings.EqualFold(stored.SHA256, hex.EncodeToString(commit.GetSha256())):
		return core.Artifact{}, lie("it stored bytes with another SHA-256 than those sent")
	}
	return stored, nil
}

// readError is the error of the reader whose bytes were sent.
type readError struct{ cause error }

func (e *readError) Error() string { return e.cause.Error() }

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
func sendFrames(
	stream grpc.ClientStreamingClient[artifactv1.UploadRequest, artifactv1.UploadResponse], begin *artifactv1.UploadBegin,
	r io.Reader,
) (*artifactv1.UploadCommit, error) {
	if err := stream.Send(&artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Begin{Begin: begin}}); err != nil {
		return nil, err
	}
	digest, size := sha256.New(), int64(0)
	frame := make([]byte, frameSize)
	data := &artifactv1.UploadRequest_Data{}
	request := &artifactv1.UploadRequest{Frame: data}
	for {
		n, err := fill(r, frame)
		switch {
		case errors.Is(err, errStreamEnded):
			return nil, io.EOF // as Send says it
		case err != nil && !errors.Is(err, io.EOF):
			return nil, &readError{err}
		}
		if n > 0 {
			digest.Write(frame[:n])
			size += int64(n)
			data.Data = frame[:n]
			if err := stream.Send(request); err != nil {
				return nil, err
			}
		}
		if err != nil {
			commit := &artifactv1.UploadCommit{Size: size, Sha256: digest.Sum(nil)}
			return commit, stream.Send(&artifactv1.UploadRequest{Frame: &artifactv1.UploadRequest_Commit{Commit: commit}})
		}
	}
}
