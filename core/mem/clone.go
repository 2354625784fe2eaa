package mem

import (
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// What a store returns shares no memory with it.

func cloneExperiment(e core.Experiment) core.Experiment {
	e.Tags = maps.Clone(e.Tags)
	return e
}

func cloneRun(r core.Run) core.Run {
	r.Metrics, r.Params, r.Tags = maps.Clone(r.Metrics), maps.Clone(r.Params), maps.Clone(r.Tags)
	r.Inputs = cloneInputs(r.Inputs)
	r.Outputs = slices.Clone(r.Outputs)
	return r
}

func cloneInputs(in core.Inputs) core.Inputs {
	in.Models = slices.Clone(in.Models)
	in.Datasets = slices.Clone(in.Datasets)
	for i := range in.Datasets {
		in.Datasets[i].Tags = maps.Clone(in.Datasets[i].Tags)
	}
	return in
}

func cloneLoggedModel(m core.LoggedModel) core.LoggedModel {
	m.Params, m.Tags, m.Metrics = maps.Clone(m.Params), maps.Clone(m.Tags), slices.Clone(m.Metrics)
	return m
}

func cloneModel(m core.Model) core.Model {
	m.Tags, m.Aliases = maps.Clone(m.Tags), maps.Clone(m.Aliases)
	m.Latest = slices.Clone(m.Latest)
	for i := range m.Latest {
		m.Latest[i] = cloneVersion(m.Latest[i])
	}
	return m
}

func cloneVersion(v core.Version) core.Version {
	v.Tags, v.Aliases = maps.Clone(v.Tags), slices.Clone(v.Aliases)
	return v
}

func cloneWebhook(w core.Webhook) core.Webhook {
	w.Events = slices.Clone(w.Events)
	return w
}

func cloneJob(j core.Job) core.Job {
	j.Tags = maps.Clone(j.Tags)
	if j.ExitCode != nil {
		code := *j.ExitCode
		j.ExitCode = &code
	}
	return j
}
