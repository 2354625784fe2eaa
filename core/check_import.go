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
