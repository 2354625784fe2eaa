package wire

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

type artifactServer struct {
	artifactv1.UnimplementedArtifactServiceServer
	frames framePool
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
	return errors.Join(a.send(file, stream), file.Close())
}

func (a *artifactServer) send(file io.Reader, stream grpc.ServerStreamingServer[artifactv1.DownloadResponse]) error {
	header := &artifactv1.DownloadResponse_Header{Header: &artifactv1.DownloadHeader{}}
	if err := stream.Send(&artifactv1.DownloadResponse{Frame: header}); err != nil {
		return err
	}
	size, crc, err := a.frames.send(file, stream)
	if failed, ok := errors.AsType[*readError](err); ok {
		return failed.cause
	}
	if err != nil {
		return err
	}
	trailer := &artifactv1.DownloadTrailer{Size: size, Crc32: crc}
	return stream.Send(&artifactv1.DownloadResponse{Frame: &artifactv1.DownloadResponse_Trailer{Trailer: trailer}})
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
	frames := &frameReader{ctx: ctx, stream: stream}
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
