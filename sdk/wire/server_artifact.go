package wire

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

type artifactServer struct {
	artifactv1.UnimplementedArtifactServiceServer
}

func (*artifactServer) store(ctx context.Context) (core.ArtifactRepository, error) {
	return storeOf[core.ArtifactRepository](ctx, kindArtifacts)
}

func (a *artifactServer) Stat(ctx context.Context, r *artifactv1.StatRequest) (*artifactv1.StatResponse, error) {
	store, err := a.store(ctx)
	if err != nil {
		return nil, err
	}
	found, err := store.Stat(ctx, r.GetPath())
	return &artifactv1.StatResponse{Artifact: pbArtifact(found)}, err
}

func (a *artifactServer) List(ctx context.Context, r *artifactv1.ListRequest) (*artifactv1.ListResponse, error) {
	store, err := a.store(ctx)
	if err != nil {
		return nil, err
	}
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Artifact], error) {
		return store.List(ctx, r.GetDir(), core.ListOptions{Recursive: r.GetRecursive(), PageOptions: o})
	}, corePage(r.GetPage()), func(p core.Page[core.Artifact]) *artifactv1.ListResponse {
		return &artifactv1.ListResponse{Artifacts: each(p.Items, pbArtifact), Next: p.Next}
	})
}

func (a *artifactServer) Delete(ctx context.Context, r *artifactv1.DeleteRequest) (*artifactv1.DeleteResponse, error) {
	store, err := a.store(ctx)
	if err != nil {
		return nil, err
	}
	return &artifactv1.DeleteResponse{}, store.Delete(ctx, r.GetPath(), core.DeleteOptions{All: r.GetAll()})
}

// Download opens the file before it says anything, so that a stream that begins is of a file that is there.
func (a *artifactServer) Download(
	r *artifactv1.DownloadRequest, stream grpc.ServerStreamingServer[artifactv1.DownloadResponse],
) error {
	ctx := stream.Context()
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	file, err := store.Open(ctx, r.GetPath(), core.ReadOptions{Offset: r.GetOffset(), Length: r.Length})
	if err != nil {
		return err
	}
	return errors.Join(sendFile(file, stream), file.Close())
}

func sendFile(file io.Reader, stream grpc.ServerStreamingServer[artifactv1.DownloadResponse]) error {
	header := &artifactv1.DownloadResponse_Header{Header: &artifactv1.DownloadHeader{}}
	if err := stream.Send(&artifactv1.DownloadResponse{Frame: header}); err != nil {
		return err
	}
	digest, size := sha256.New(), int64(0)
	frame := make([]byte, frameSize)
	data := &artifactv1.DownloadResponse_Data{}
	reply := &artifactv1.DownloadResponse{Frame: data}
	for {
		n, err := fill(file, frame)
		if n > 0 {
			digest.Write(frame[:n])
			size += int64(n)
			data.Data = frame[:n]
			if err := stream.Send(reply); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			trailer := &artifactv1.DownloadResponse_Trailer{
				Trailer: &artifactv1.DownloadTrailer{Size: size, Sha256: digest.Sum(nil)},
			}
			return stream.Send(&artifactv1.DownloadResponse{Frame: trailer})
		case err != nil:
			return err
		}
	}
}

// fill reads until the buffer is full or the reader has ended. What a reader yields together with its end is not lost.
func fill(r io.Reader, buffer []byte) (n int, err error) {
	const patience = 100 // reads that yield nothing, as package bufio has it
	for empty := 0; n < len(buffer) && err == nil; {
		var more int
		more, err = r.Read(buffer[n:])
		n += more
		if more > 0 {
			empty = 0
			continue
		}
		if empty++; empty == patience && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// Upload hands the frames on as one reader, which ends well only after a commit that fits.
func (a *artifactServer) Upload(stream grpc.ClientStreamingServer[artifactv1.UploadRequest, artifactv1.UploadResponse]) error {
	ctx := stream.Context()
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return broken(ctx, err)
	}
	begin := first.GetBegin()
	if begin == nil {
		return core.Invalid("frame", "an upload begins with the frame `begin`")
	}
	frames := &frameReader{ctx: ctx, stream: stream, digest: sha256.New()}
	if err := frames.next(); err != nil {
		return err
	}
	stored, err := store.Put(ctx, begin.GetPath(), frames, core.PutOptions{
		Size: begin.Size, SHA256: begin.GetSha256(), IfAbsent: begin.GetIfAbsent(), ContentType: begin.GetContentType(),
	})
	if err != nil {
		return err
	}
	if !frames.committed {
		return &core.Error{
			Code: core.DataLoss, Key: begin.GetPath(), Outcome: core.OutcomeUnknown,
			Err: errors.New("the store did not read the file to its end and yet calls it stored"),
		}
	}
	return stream.SendAndClose(&artifactv1.UploadResponse{Artifact: pbArtifact(stored)})
}
