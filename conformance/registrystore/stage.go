package registrystore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func stageCases() []entry {
	x := conformance.Extended
	return append(needing(stages, []entry{
		{
			ID: "RG-020", Name: "model/latest-per-stage", Level: x,
			Rule: "A model shows the highest version of each stage that has one, by number, and none that is deleted.",
			Run:  inStages(stageOnModel),
		},
		{
			ID: "RG-067", Name: "stage/transitions", Level: x, Rule: "A version moves from any stage to any.",
			Run: inStages(stageTransitions),
		},
		{
			ID: "RG-068", Name: "stage/case-insensitive-input", Level: x, Rule: "A stage may be given in any case and is kept in one.",
			Run: inStages(stageCase),
		},
		{
			ID: "RG-069", Name: "stage/unknown", Level: x, Rule: "An unknown stage is ErrInvalid and changes nothing.",
			Run: inStages(stageUnknown),
		},
		{
			ID: "RG-070", Name: "stage/archive-existing", Level: x,
			Rule: "ArchiveExisting archives the other versions of that stage and only these.", Run: inStages(stageArchive),
		},
		{
			ID: "RG-071", Name: "stage/archive-existing-illegal", Level: x,
			Rule: "ArchiveExisting is ErrInvalid for None and Archived.", Run: inStages(stageArchiveIllegal),
		},
		{
			ID: "RG-072", Name: "stage/latest-versions", Level: x,
			Rule: "LatestVersions returns the highest of each stage asked for; no stages are all.", Run: inStages(stageLatest),
		},
		{
			ID: "RG-095", Name: "conc/archive-existing-race", Level: x, Needs: []core.Capability{core.AtomicBatch},
			Rule: "When several versions move to a stage with ArchiveExisting at once, one is left in it.", Run: inStages(stageRace),
		},
	}), entry{
		ID: "RG-073", Name: "stage/undeclared-refused",
		Rule: "A store has stages and shows them, or has none and shows none.", Run: stageHonest,
	})
}

// staged is a model with five versions, and the ability to move them.
type staged struct {
	check
	env    *env
	stages core.Stages
	model  string
}

func inStages(f func(*staged)) func(check, *env) {
	return func(t check, e *env) {
		s, _ := core.As[core.Stages](e.Store)
		name, _ := newLine(t, e, 5)
		f(&staged{check: t, env: e, stages: s, model: name})
	}
}

func (s *staged) move(number int, change core.StageChange) core.Version {
	s.Helper()
	v, err := s.stages.SetStage(s.Context(), core.VersionRef{Model: s.model, Number: number}, change)
	conformance.NoError(s, fmt.Sprintf("SetStage(%d, %+v)", number, change), err)
	return v
}

// saw observes the stages of all versions, that of number 1 first. An empty one stands for a deleted version.
func (s *staged) saw(want ...core.Stage) {
	s.Helper()
	s.env.Observe(s, func(ctx context.Context, st store) error {
		for i, stage := range want {
			v, err := st.Version(ctx, core.VersionRef{Model: s.model, Number: i + 1})
			if stage == "" && errors.Is(err, core.ErrNotFound) {
				continue
			}
			if err := differs(fmt.Sprintf("stage of version %d", i+1), v.Stage, stage, err); err != nil {
				return err
			}
		}
		return nil
	})
}

// sawLatest observes the numbers of LatestVersions.
func (s *staged) sawLatest(asked []core.Stage, want ...int) {
	s.Helper()
	s.env.Observe(s, func(ctx context.Context, st store) error {
		reader, ok := core.As[core.Stages](st)
		if !ok {
			return errors.New("the second handle has no stages")
		}
		versions, err := reader.LatestVersions(ctx, s.model, asked)
		return differs(fmt.Sprintf("latest versions of %v", asked), numbers(versions), want, err)
	})
}

func numbers(versions []core.Version) []int {
	var all []int
	for _, v := range versions {
		all = append(all, v.Number)
	}
	return all
}

const (
	none, staging, production, archived = core.StageNone, core.StageStaging, core.StageProduction, core.StageArchived
)

func stageOnModel(s *staged) {
	s.move(1, core.StageChange{Stage: production})
	s.move(2, core.StageChange{Stage: production})
	s.move(4, core.StageChange{Stage: staging})
	m := readModel(s, s.env, s.model)
	conformance.Equal(s, "the latest of each stage", numbers(m.Latest), []int{2, 4, 5})
	for _, v := range m.Latest {
		sawVersion(s, s.env, v)
	}
	for _, number := range []int{2, 5} {
		deleteVersion(s, s.env, core.Version{Model: s.model, Number: number})
	}
	conformance.Equal(s, "after deletions", numbers(readModel(s, s.env, s.model).Latest), []int{1, 3, 4})
}

func stageTransitions(s *staged) {
	for _, from := range core.StageNames() {
		for _, to := range core.StageNames() {
			s.move(1, core.StageChange{Stage: from})
			before, beforeModel := readVersion(s, s.env, core.VersionRef{Model: s.model, Number: 1}), readModel(s, s.env, s.model)
			tick(s)
			v := s.move(1, core.StageChange{Stage: to})
			conformance.Equal(s, fmt.Sprintf("stage after %s to %s", from, to), v.Stage, to)
			if from != to {
				advanced(s, "UpdatedAt", v.UpdatedAt, before.UpdatedAt)
				advanced(s, "the model's UpdatedAt", readModel(s, s.env, s.model).UpdatedAt, beforeModel.UpdatedAt)
			}
			sawVersion(s, s.env, v)
			s.saw(to, none, none, none, none)
		}
	}
	_, err := s.stages.SetStage(s.Context(), core.VersionRef{Model: s.model, Number: 9}, core.StageChange{Stage: staging})
	conformance.Refused(s, "SetStage of an unknown version", err, core.ErrNotFound, s.model)
}

func stageCase(s *staged) {
	for name, want := range map[core.Stage]core.Stage{
		"production": production, "STAGING": staging, "aRcHiVeD": archived, "none": none, "Production": production,
	} {
		conformance.Equal(s, "stage given as "+string(name), s.move(1, core.StageChange{Stage: name}).Stage, want)
		s.saw(want)
	}
	s.move(2, core.StageChange{Stage: "PRODUCTION", ArchiveExisting: true})
	s.sawLatest([]core.Stage{"production"}, 2)
}

func stageUnknown(s *staged) {
	before := readModel(s, s.env, s.model)
	for _, stage := range []core.Stage{"", " ", "prod", "Deleted_Internal", "Production ", "latest", "\x00"} {
		_, err := s.stages.SetStage(s.Context(), core.VersionRef{Model: s.model, Number: 1}, core.StageChange{Stage: stage})
		conformance.Refused(s, fmt.Sprintf("SetStage to %q", stage), err, core.ErrInvalid)
		_, err = s.stages.LatestVersions(s.Context(), s.model, []core.Stage{stage})
		conformance.Refused(s, fmt.Sprintf("LatestVersions of %q", stage), err, core.ErrInvalid)
	}
	sawModel(s, s.env, before)
}

func stageArchive(s *staged) {
	s.move(1, core.StageChange{Stage: production})
	s.move(2, core.StageChange{Stage: production})
	s.move(3, core.StageChange{Stage: staging})
	other := &staged{check: s, env: s.env, stages: s.stages}
	other.model, _ = newLine(s, s.env, 1)
	other.move(1, core.StageChange{Stage: production})
	before := readVersion(s, s.env, core.VersionRef{Model: s.model, Number: 1})
	tick(s)
	v := s.move(4, core.StageChange{Stage: production, ArchiveExisting: true})
	conformance.Equal(s, "stage", v.Stage, production)
	after := readVersion(s, s.env, core.VersionRef{Model: s.model, Number: 1})
	advanced(s, "UpdatedAt of a version that was archived", after.UpdatedAt, before.UpdatedAt)
	s.saw(archived, archived, staging, production, none)
	other.saw(production)
	s.move(4, core.StageChange{Stage: production, ArchiveExisting: true}) // it does not archive itself
	s.saw(archived, archived, staging, production, none)
	s.move(5, core.StageChange{Stage: staging})
	s.saw(archived, archived, staging, production, staging)
}

func stageArchiveIllegal(s *staged) {
	s.move(1, core.StageChange{Stage: archived})
	before := readModel(s, s.env, s.model)
	for _, stage := range []core.Stage{none, archived, "none", "ARCHIVED"} {
		ref := core.VersionRef{Model: s.model, Number: 2}
		_, err := s.stages.SetStage(s.Context(), ref, core.StageChange{Stage: stage, ArchiveExisting: true})
		conformance.Refused(s, "SetStage with ArchiveExisting to "+string(stage), err, core.ErrInvalid)
	}
	sawModel(s, s.env, before)
	s.saw(archived, none, none, none, none)
}

func stageLatest(s *staged) {
	s.sawLatest(nil, 5)
	s.move(1, core.StageChange{Stage: production})
	s.move(3, core.StageChange{Stage: production})
	s.move(2, core.StageChange{Stage: staging})
	s.sawLatest(nil, 2, 3, 5)
	s.sawLatest([]core.Stage{production}, 3)
	s.sawLatest([]core.Stage{archived})
	s.sawLatest([]core.Stage{none, staging}, 2, 5)
	deleteVersion(s, s.env, core.Version{Model: s.model, Number: 3})
	s.sawLatest([]core.Stage{production}, 1)
	missing := s.env.Name("missing")
	_, err := s.stages.LatestVersions(s.Context(), missing, nil)
	conformance.Refused(s, "LatestVersions of an unknown model", err, core.ErrNotFound, missing)
}

func stageRace(s *staged) {
	const rounds = 10
	for range rounds {
		errs := make([]error, 5)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				ref := core.VersionRef{Model: s.model, Number: i + 1}
				_, errs[i] = s.stages.SetStage(s.Context(), ref, core.StageChange{Stage: production, ArchiveExisting: true})
			})
		}
		all.Wait()
		conformance.NoError(s, "SetStage", errors.Join(errs...))
		left := 0
		for number := 1; number <= len(errs); number++ {
			switch v := readVersion(s, s.env, core.VersionRef{Model: s.model, Number: number}); v.Stage {
			case production:
				left++
			case archived:
			default:
				s.Errorf("version %d is in stage %q", number, v.Stage)
			}
		}
		conformance.Equal(s, "versions left in production", left, 1)
	}
}

func stageHonest(t check, e *env) {
	_, versions := newLine(t, e, 1)
	st, ok := core.As[core.Stages](e.Store)
	if e.Info.Has(stages) {
		conformance.Equal(t, "stage of a new version", versions[0].Stage, none)
		conformance.Equal(t, "the ability is found", ok, true)
		return
	}
	conformance.Equal(t, "stage of a new version without stages", versions[0].Stage, "")
	if ok {
		_, err := st.SetStage(t.Context(), refOf(versions[0]), core.StageChange{Stage: production})
		conformance.Refused(t, "SetStage, which is not declared", err, core.ErrUnsupported)
	}
	sawVersion(t, e, versions[0])
}
