package wire

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

func pbModel(m core.Model) *typesv1.Model {
	pb := &typesv1.Model{
		Name: m.Name, Description: m.Description, CreatedAt: int64(m.CreatedAt), UpdatedAt: int64(m.UpdatedAt),
		Tags: m.Tags, Latest: each(m.Latest, pbVersion),
	}
	if len(m.Aliases) > 0 {
		pb.Aliases = make(map[string]int64, len(m.Aliases))
		for alias, number := range m.Aliases {
			pb.Aliases[alias] = int64(number)
		}
	}
	return pb
}

func coreModel(pb *typesv1.Model) core.Model {
	m := core.Model{
		Name: pb.GetName(), Description: pb.GetDescription(), CreatedAt: core.Millis(pb.GetCreatedAt()),
		UpdatedAt: core.Millis(pb.GetUpdatedAt()), Tags: mapped(pb.GetTags()), Latest: each(pb.GetLatest(), coreVersion),
	}
	if len(pb.GetAliases()) > 0 {
		m.Aliases = make(map[string]int, len(pb.GetAliases()))
		for alias, number := range pb.GetAliases() {
			m.Aliases[alias] = int(number)
		}
	}
	return m
}

func pbVersion(v core.Version) *typesv1.Version {
	return &typesv1.Version{
		Model: v.Model, Number: int64(v.Number), CreatedAt: int64(v.CreatedAt), UpdatedAt: int64(v.UpdatedAt), User: v.User,
		Description: v.Description, Stage: string(v.Stage), Source: v.Source, Location: v.Location, RunId: string(v.RunID),
		RunLink: v.RunLink, ModelId: string(v.ModelID), Status: enum[typesv1.VersionStatus](v.Status),
		StatusMessage: v.StatusMessage, Tags: v.Tags, Aliases: v.Aliases,
	}
}

func coreVersion(pb *typesv1.Version) core.Version {
	return core.Version{
		Model: pb.GetModel(), Number: int(pb.GetNumber()), CreatedAt: core.Millis(pb.GetCreatedAt()),
		UpdatedAt: core.Millis(pb.GetUpdatedAt()), User: pb.GetUser(), Description: pb.GetDescription(),
		Stage: core.Stage(pb.GetStage()), Source: pb.GetSource(), Location: pb.GetLocation(), RunID: core.RunID(pb.GetRunId()),
		RunLink: pb.GetRunLink(), ModelID: core.ModelID(pb.GetModelId()), Status: core.VersionStatus(pb.GetStatus()),
		StatusMessage: pb.GetStatusMessage(), Tags: mapped(pb.GetTags()), Aliases: pb.GetAliases(),
	}
}

func pbVersionRef(r core.VersionRef) *typesv1.VersionRef {
	return &typesv1.VersionRef{Model: r.Model, Number: int64(r.Number)}
}

func coreVersionRef(pb *typesv1.VersionRef) core.VersionRef {
	return core.VersionRef{Model: pb.GetModel(), Number: int(pb.GetNumber())}
}
