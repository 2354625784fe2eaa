package filter

import "github.com/mlstore/mlstore/core"

// Runs reads a search of runs.
func Runs(q core.RunQuery, l core.Limits) (*Query[core.Run], error) {
	limit, err := core.CheckPage(q.PageOptions, l.RunPage)
	return &Query[core.Run]{limit: limit}, err
}

// Experiments reads a search of experiments.
func Experiments(q core.ExperimentQuery, l core.Limits) (*Query[core.Experiment], error) {
	limit, err := core.CheckPage(q.PageOptions, l.ExperimentPage)
	return &Query[core.Experiment]{limit: limit}, err
}

// Models reads a search of registered models.
func Models(q core.ModelQuery, l core.Limits) (*Query[core.Model], error) {
	limit, err := core.CheckPage(q.PageOptions, l.ModelPage)
	return &Query[core.Model]{limit: limit}, err
}

// Versions reads a search of model versions.
func Versions(q core.VersionQuery, l core.Limits) (*Query[core.Version], error) {
	limit, err := core.CheckPage(q.PageOptions, l.VersionPage)
	return &Query[core.Version]{limit: limit}, err
}

// LoggedModels reads a search of logged models.
func LoggedModels(q core.LoggedModelQuery, l core.Limits) (*Query[core.LoggedModel], error) {
	limit, err := core.CheckPage(q.PageOptions, l.LoggedPage)
	return &Query[core.LoggedModel]{limit: limit}, err
}
