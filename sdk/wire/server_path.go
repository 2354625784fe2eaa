package wire

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
)

type pathTransferServer struct {
	artifactv1.UnimplementedPathTransferServiceServer
}

func (pathTransferServer) PutFile(
	ctx context.Context, r *artifactv1.PutFileRequest,
) (_ *artifactv1.PutFileResponse, err error) {
	store, err := abilityOf[core.PathTransfer](ctx, kindArtifacts)
	if err != nil {
		return nil, err
	}
	file, err := openVery(r.GetFile(), os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	stored, err := store.PutFile(ctx, r.GetPath(), file, core.PutOptions{
		Size: r.Size, SHA256: r.GetSha256(), IfAbsent: r.GetIfAbsent(), ContentType: r.GetContentType(),
	})
	return &artifactv1.PutFileResponse{Artifact: pbArtifact(stored)}, err
}

func (pathTransferServer) GetFile(ctx context.Context, r *artifactv1.GetFileRequest) (*artifactv1.GetFileResponse, error) {
	store, err := abilityOf[core.PathTransfer](ctx, kindArtifacts)
	if err != nil {
		return nil, err
	}
	file, err := openVery(r.GetFile(), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	found, err := store.GetFile(ctx, r.GetPath(), file)
	return &artifactv1.GetFileResponse{Artifact: pbArtifact(found)}, errors.Join(err, file.Close())
}

// openVery opens the very file that the caller has: one that is another, or cannot be found, is ErrUnsupported, and the
// caller streams.
func openVery(want *artifactv1.LocalFile, flag int) (*os.File, error) {
	if !filepath.IsAbs(want.GetPath()) {
		return nil, core.Errorf(core.Unimplemented, "the local file %q has no absolute path", want.GetPath())
	}
	file, err := os.OpenFile(want.GetPath(), flag|openFlags, 0)
	if err != nil {
		return nil, core.Errorf(core.Unimplemented, "the plugin cannot open the local file: %w", err)
	}
	have, err := localFile(file)
	if err == nil && !sameFile(have, want) {
		err = core.Errorf(core.Unimplemented, "the plugin finds another file at %q", want.GetPath())
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// localFile describes an open regular file by what tells it from every other one on this machine.
func localFile(file *os.File) (*artifactv1.LocalFile, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, core.Errorf(core.Unimplemented, "the local file: %w", err)
	}
	device, inode, known := identity(info)
	if !known || !info.Mode().IsRegular() {
		return nil, core.Errorf(core.Unimplemented, "%s is not a regular file that can be told from others", file.Name())
	}
	path, err := filepath.Abs(file.Name())
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return nil, core.Errorf(core.Unimplemented, "the local file: %w", err)
	}
	return &artifactv1.LocalFile{
		Path: path, Device: device, Inode: inode, Size: info.Size(), ModTimeNs: info.ModTime().UnixNano(),
	}, nil
}

func sameFile(a, b *artifactv1.LocalFile) bool {
	return a.GetDevice() == b.GetDevice() && a.GetInode() == b.GetInode() && a.GetSize() == b.GetSize() &&
		a.GetModTimeNs() == b.GetModTimeNs()
}
