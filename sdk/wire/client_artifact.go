package wire

import (
	"context"
	"io"
	"os"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// artifacts is the artifact repository of a plugin.
type artifacts struct {
	*remote
	client artifactv1.ArtifactServiceClient
	paths  artifactv1.PathTransferServiceClient
	frames framePool

	presigns   artifactv1.PresignerServiceClient
	multiparts artifactv1.MultipartServiceClient
}

func newArtifacts(r *remote) *artifacts {
	return &artifacts{
		remote: r, client: artifactv1.NewArtifactServiceClient(r), paths: artifactv1.NewPathTransferServiceClient(r),
		presigns: artifactv1.NewPresignerServiceClient(r), multiparts: artifactv1.NewMultipartServiceClient(r),
	}
}

// Ability answers for what the plugin's repository has.
func (a *artifacts) Ability(target any) bool {
	return ability[core.PathTransfer](a.remote, "path_transfer", target, a) ||
		ability[core.Multipart](a.remote, "multipart", target, a) ||
		ability[core.Presigner](a.remote, "presigner", target, a) ||
		ability[core.SecretUpdater](a.remote, "secret_updater", target, a)
}

// Stat describes a file or directory.
func (a *artifacts) Stat(ctx context.Context, path string) (core.Artifact, error) {
	reply, err := a.client.Stat(ctx, &artifactv1.StatRequest{Path: path})
	return a.artifactAnswer(path, reply.GetArtifact(), err)
}

func (r *remote) artifactAnswer(asked string, pb *typesv1.Artifact, err error) (core.Artifact, error) {
	if err != nil {
		return core.Artifact{}, err
	}
	found := coreArtifact(pb)
	if err = checkSame("artifact", asked, found.Path); err == nil {
		err = checkArtifact(found)
	}
	return answer(found, r.blame(err))
}

// List returns a page of what lies in dir.
func (a *artifacts) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	reply, err := a.client.List(ctx, &artifactv1.ListRequest{
		Dir: dir, Recursive: o.Recursive, Page: pbPage(o.PageOptions),
	})
	if err != nil {
		return core.Page[core.Artifact]{}, err
	}
	page := core.Page[core.Artifact]{Items: each(reply.GetArtifacts(), coreArtifact), Next: reply.GetNext()}
	err = checkPage(len(page.Items), page.Next, o.PageOptions, a.info.Limits.ArtifactPage)
	if err == nil {
		err = checkListing(dir, o.Recursive, page.Items)
	}
	return answer(page, a.blame(err))
}

// Open reads a file or a part of it as a stream.
func (a *artifacts) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	return openDownload(ctx, a, &artifactv1.DownloadRequest{Path: path, Offset: o.Offset, Length: o.Length})
}

// Put sends what r yields as a stream, and the commit when r has come to its end.
func (a *artifacts) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	stored, err := upload(ctx, a, &artifactv1.UploadBegin{
		Path: path, Size: o.Size, Sha256: o.SHA256, IfAbsent: o.IfAbsent, ContentType: o.ContentType,
	}, r)
	return stored, a.blame(err)
}

// Delete removes what is at path and below it.
func (a *artifacts) Delete(ctx context.Context, path string, o core.DeleteOptions) error {
	_, err := a.client.Delete(ctx, &artifactv1.DeleteRequest{Path: path, All: o.All})
	return err
}

// PutFile lets the plugin read the local file by itself.
func (a *artifacts) PutFile(ctx context.Context, path string, from *os.File, o core.PutOptions) (core.Artifact, error) {
	before, err := localFile(from)
	if err != nil {
		return core.Artifact{}, err
	}
	reply, err := a.paths.PutFile(ctx, &artifactv1.PutFileRequest{
		Path: path, File: before, Size: o.Size, Sha256: o.SHA256, IfAbsent: o.IfAbsent, ContentType: o.ContentType,
	})
	stored, err := a.artifactAnswer(path, reply.GetArtifact(), err)
	if err == nil && stored.Size != before.GetSize() {
		return core.Artifact{}, a.blame(lie("it stored %d bytes of a file of %d", stored.Size, before.GetSize()))
	}
	return stored, err
}

// GetFile lets the plugin write the local file by itself.
func (a *artifacts) GetFile(ctx context.Context, path string, to *os.File) (core.Artifact, error) {
	file, err := localFile(to)
	if err != nil {
		return core.Artifact{}, err
	}
	if file.GetSize() != 0 {
		return core.Artifact{}, core.Invalid("file", "the local file %s is not empty", to.Name())
	}
	reply, err := a.paths.GetFile(ctx, &artifactv1.GetFileRequest{Path: path, File: file})
	found, err := a.artifactAnswer(path, reply.GetArtifact(), err)
	if err != nil {
		return core.Artifact{}, err
	}
	info, err := to.Stat()
	if err != nil {
		return core.Artifact{}, core.Errorf(core.Internal, "the local file: %w", err)
	}
	if info.Size() != found.Size {
		return core.Artifact{}, a.blame(lie("it wrote %d bytes of an artifact of %d", info.Size(), found.Size))
	}
	return found, nil
}
