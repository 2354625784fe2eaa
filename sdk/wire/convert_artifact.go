package wire

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

func pbArtifact(a core.Artifact) *typesv1.Artifact {
	return &typesv1.Artifact{Path: a.Path, Dir: a.Dir, Size: a.Size, ModTime: int64(a.ModTime), Sha256: a.SHA256}
}

func coreArtifact(pb *typesv1.Artifact) core.Artifact {
	return core.Artifact{
		Path: pb.GetPath(), Dir: pb.GetDir(), Size: pb.GetSize(), ModTime: core.Millis(pb.GetModTime()), SHA256: pb.GetSha256(),
	}
}
