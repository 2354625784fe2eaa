package core

import "github.com/mlstore/mlstore/core/names"

// CheckModelName refuses a name that no registered model may have.
func CheckModelName(name string, l Limits) error {
	return first(invalidName("name", names.ModelName(name)), checkLength("name", name, l.ModelName))
}

// CheckModelSpec refuses a model that cannot be created.
func CheckModelSpec(s ModelSpec, l Limits) error {
	return first(
		CheckModelName(s.Name, l), checkText("description", s.Description, l.ModelDesc),
		checkTags(s.Tags, l.RegistryTagKey, l.ModelTag),
	)
}

// CheckModelChange refuses a bad change of a model.
func CheckModelChange(c ModelChange, l Limits) error {
	if c.Name != nil {
		if err := CheckModelName(*c.Name, l); err != nil {
			return err
		}
	}
	return first(checkDescription(c.Description, l), checkTagChange(c.Tags, l.RegistryTagKey, l.ModelTag))
}

func checkDescription(text *string, l Limits) error {
	if text == nil {
		return nil
	}
	return checkText("description", *text, l.ModelDesc)
}

// CheckVersionRef refuses a bad model name and a number below 1.
func CheckVersionRef(r VersionRef, l Limits) error {
	if r.Number < 1 {
		return fieldError("version", "Parameter 'version' must be a positive integer, got '%d'.", r.Number)
	}
	return CheckModelName(r.Model, l)
}

// CheckVersionSpec refuses a version that cannot be created.
func CheckVersionSpec(s VersionSpec, l Limits) error {
	if s.RunID != "" {
		if err := CheckRunID(s.RunID); err != nil {
			return err
		}
	}
	if s.Location != "" {
		if err := invalidName("location", names.VersionSource(s.Location)); err != nil {
			return err
		}
	}
	return first(
		invalidName("source", names.VersionSource(s.Source)), checkText("source", s.Source, l.VersionSource),
		checkText("run_link", s.RunLink, l.VersionSource), checkText("user_id", s.User, l.ModelName),
		checkText("description", s.Description, l.ModelDesc), checkTags(s.Tags, l.RegistryTagKey, l.VersionTag),
	)
}

// CheckVersionChange refuses a bad change of a version.
func CheckVersionChange(c VersionChange, l Limits) error {
	return first(checkDescription(c.Description, l), checkTagChange(c.Tags, l.RegistryTagKey, l.VersionTag))
}

// CheckAlias refuses a name that no alias may have.
func CheckAlias(alias string, l Limits) error {
	return first(invalidName("alias", names.Alias(alias)), checkLength("alias", alias, l.Alias))
}

// CheckNewAlias is CheckAlias for an alias that is to be set: it also refuses the reserved words (D-9).
func CheckNewAlias(alias string, l Limits) error {
	return first(CheckAlias(alias, l), invalidName("alias", names.AliasReserved(alias)))
}

// CheckStageChange reads the stage of a change and refuses to archive the versions of one that is not active.
func CheckStageChange(c StageChange) (StageChange, error) {
	stage, err := ParseStage(string(c.Stage))
	if err != nil {
		return c, err
	}
	if c.ArchiveExisting && stage != StageStaging && stage != StageProduction {
		return c, fieldError("archive_existing_versions", "Model version transition cannot archive existing model versions "+
			"because '%s' is not an Active stage. Valid stages are ['Staging', 'Production']", c.Stage)
	}
	c.Stage = stage
	return c, nil
}
