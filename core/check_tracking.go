package core

import (
	"strings"

	"github.com/mlstore/mlstore/core/names"
)

// CheckExperimentName refuses a blank or too long name of an experiment.
func CheckExperimentName(name string, l Limits) error {
	return first(invalidName("name", names.ExperimentName(name)), checkLength("name", name, l.ExperimentName))
}

// CheckExperimentSpec refuses an experiment that cannot be created.
func CheckExperimentSpec(s ExperimentSpec, l Limits) error {
	if err := first(CheckExperimentName(s.Name, l), checkTags(s.Tags, l.Key, l.ExperimentTag)); err != nil {
		return err
	}
	if s.ArtifactLocation == "" {
		return nil
	}
	return invalidName("artifact_location", names.ArtifactLocation(s.ArtifactLocation))
}

// CheckExperimentRef refuses a reference by both or none of id and name.
func CheckExperimentRef(r ExperimentRef) error {
	switch {
	case r.ID != "" && r.Name != "":
		return fieldError("experiment_id", "an experiment is named by its id or its name, not by both")
	case r.ID == "" && r.Name == "":
		return fieldError("experiment_id", "Invalid experiment ID: '' (and no name is given)")
	case r.ID != "":
		return CheckExperimentID(r.ID)
	}
	return nil
}

// CheckExperimentID refuses what cannot be the id of an experiment.
func CheckExperimentID(id ExperimentID) error {
	return invalidName("experiment_id", names.ExperimentID(string(id)))
}

// CheckExperimentChange refuses a change of none or of more than one thing, and a bad name.
func CheckExperimentChange(c ExperimentChange, l Limits) error {
	switch {
	case (c.Name == nil) == (c.Lifecycle == ""):
		return fieldError("change", "an experiment is renamed, deleted or restored: exactly one of them a call")
	case c.Name != nil:
		return CheckExperimentName(*c.Name, l)
	}
	return checkLifecycle(c.Lifecycle)
}

func checkLifecycle(l Lifecycle) error {
	if l == Active || l == Deleted {
		return nil
	}
	return fieldError("lifecycle_stage", "unknown lifecycle stage %q: it must be active or deleted", short(string(l)))
}

// CheckExperimentTagChange refuses a bad change of an experiment's tags.
func CheckExperimentTagChange(c TagChange, l Limits) error {
	return checkTagChange(c, l.Key, l.ExperimentTag)
}

// CheckRunTagChange refuses a bad change of a run's tags.
func CheckRunTagChange(c TagChange, l Limits) error { return checkTagChange(c, l.Key, l.RunTag) }

// CheckRunID refuses what cannot be the id of a run.
func CheckRunID(id RunID) error { return invalidName("run_id", names.RunID(string(id))) }

// CheckRunSpec refuses a run that cannot be created. A name and a tag mlflow.runName that differ are among it.
func CheckRunSpec(s RunSpec, l Limits) error {
	tag := s.Tags[RunNameTag]
	if s.Name != "" && tag != "" && s.Name != tag {
		return fieldError("run_name", "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "+
			"different values (run_name='%s', mlflow.runName='%s').", short(s.Name), short(tag))
	}
	return first(
		checkText("run_name", s.Name, l.RunName), checkText("run_name", tag, l.RunName),
		checkText("user_id", s.User, l.RunName), checkTags(s.Tags, l.Key, l.RunTag), checkStart(s.StartTime),
	)
}

func checkStart(t Millis) error {
	if t < 0 {
		return fieldError("start_time", "start_time is negative")
	}
	return nil
}

// RunName is the name that a new run of this specification gets: the given one, the tag mlflow.runName, or a new one.
func (s RunSpec) RunName() string {
	if s.Name != "" {
		return s.Name
	}
	if tag := s.Tags[RunNameTag]; strings.TrimSpace(tag) != "" {
		return tag
	}
	return NewRunName()
}

// CheckRunChange refuses an unknown status or lifecycle, and a lifecycle beside another change.
func CheckRunChange(c RunChange, l Limits) error {
	if c.Status != 0 && !c.Status.Valid() {
		return fieldError("status", "Invalid value %d for parameter 'status' supplied: it is no run status", int(c.Status))
	}
	if c.EndTime != nil && *c.EndTime < 0 {
		return fieldError("end_time", "end_time is negative")
	}
	if c.Lifecycle != "" {
		if c.Name != "" || c.Status != 0 || c.EndTime != nil {
			return fieldError("lifecycle_stage", "deleting or restoring a run goes alone, not beside other changes")
		}
		return checkLifecycle(c.Lifecycle)
	}
	return checkText("run_name", c.Name, l.RunName)
}
