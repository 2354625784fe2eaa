package core

// CheckImportedExperiment refuses an experiment that cannot be taken as it is (Importer). The experiment "0" is never a
// deleted one.
func CheckImportedExperiment(e Experiment, l Limits) error {
	if err := first(
		CheckExperimentID(e.ID),
		CheckExperimentSpec(ExperimentSpec{Name: e.Name, ArtifactLocation: e.ArtifactLocation, Tags: e.Tags}, l),
		checkLifecycle(e.Lifecycle),
	); err != nil {
		return err
	}
	if e.ID == DefaultExperimentID && e.Lifecycle == Deleted {
		return State(e.ID, "Cannot delete the default experiment '%s'. This is an internally reserved experiment.", e.ID)
	}
	return nil
}

// CheckImportedRun refuses a run that cannot be taken as it is. It may hold more params and tags than one batch.
func CheckImportedRun(r Run, l Limits) error {
	l.BatchParams, l.BatchTags, l.BatchTotal = 0, 0, 0
	batch := Batch{}
	for key, value := range r.Params {
		batch.Params = append(batch.Params, Param{Key: key, Value: value})
	}
	if !r.Status.Valid() {
		return fieldError("status", "a run to import needs a status, not %d", int(r.Status))
	}
	return first(
		CheckRunID(r.ID), CheckExperimentID(r.ExperimentID), checkLifecycle(r.Lifecycle),
		CheckRunChange(RunChange{Name: r.Name, Status: r.Status, EndTime: &r.EndTime}, l),
		CheckRunSpec(RunSpec{User: r.User, StartTime: r.StartTime, Tags: r.Tags}, l),
		CheckBatch(batch, l), CheckInputs(r.Inputs, l), CheckOutputs(r.Outputs),
	)
}

// CheckImportedLoggedModel refuses a logged model that cannot be taken as it is.
func CheckImportedLoggedModel(m LoggedModel, l Limits) error {
	if m.Status < ModelPending || m.Status > ModelFailed {
		return fieldError("status", "unknown status %d of a logged model", int(m.Status))
	}
	return first(
		CheckModelID(m.ID), CheckExperimentID(m.ExperimentID),
		CheckLoggedModelSpec(LoggedModelSpec{Name: m.Name, Type: m.Type, Params: m.Params, Tags: m.Tags}, l),
		checkLifecycle(m.Lifecycle),
	)
}

// CheckImportedVersion refuses a model version that cannot be taken as it is, and returns it in the stage that it has: one
// from a store without stages is in StageNone.
func CheckImportedVersion(v Version, l Limits) (Version, error) {
	err := first(
		CheckVersionRef(VersionRef{Model: v.Model, Number: v.Number}, l),
		CheckVersionSpec(VersionSpec{
			Source: v.Source, Location: v.Location, RunID: v.RunID, RunLink: v.RunLink, User: v.User,
			Description: v.Description, Tags: v.Tags,
		}, l),
	)
	if err != nil {
		return v, err
	}
	for _, alias := range v.Aliases {
		if err := CheckNewAlias(alias, l); err != nil {
			return v, err
		}
	}
	if v.Status < VersionPending || v.Status > VersionReady {
		return v, fieldError("status", "unknown status %d of a model version", int(v.Status))
	}
	if v.Stage == "" {
		v.Stage = StageNone
	}
	v.Stage, err = ParseStage(string(v.Stage))
	return v, err
}
