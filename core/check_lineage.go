package core

import (
	"fmt"

	"github.com/mlstore/mlstore/core/names"
)

// CheckInputs refuses inputs with a dataset or tag that is too long, a dataset without name or digest, or a bad model id.
func CheckInputs(in Inputs, l Limits) error {
	for i, d := range in.Datasets {
		if err := checkDataset(d, l); err != nil {
			return at(err, "datasets", i)
		}
	}
	for i, id := range in.Models {
		if err := CheckModelID(id); err != nil {
			return at(err, "models", i)
		}
	}
	return nil
}

func checkDataset(d DatasetInput, l Limits) error {
	if d.Dataset.Name == "" || d.Dataset.Digest == "" {
		return fieldError("dataset", "a dataset needs a name and a digest")
	}
	for key, value := range d.Tags {
		if key == "" {
			return fieldError("tags", "InputTag key cannot be empty")
		}
		if err := first(checkText("key", key, l.InputTagKey), checkText("value", value, l.InputTagValue)); err != nil {
			return err
		}
	}
	return first(
		checkText("name", d.Dataset.Name, l.DatasetName),
		checkText("digest", d.Dataset.Digest, l.DatasetDigest),
		checkText("source_type", d.Dataset.SourceType, l.DatasetDigest),
		checkText("source", d.Dataset.Source, l.DatasetSource),
		checkText("schema", d.Dataset.Schema, l.DatasetSchema),
		checkText("profile", d.Dataset.Profile, l.DatasetProfile),
	)
}

// CheckOutputs refuses bad model ids.
func CheckOutputs(out []ModelOutput) error {
	for i, o := range out {
		if err := CheckModelID(o.ModelID); err != nil {
			return at(err, "models", i)
		}
	}
	return nil
}

// CheckModelID refuses what cannot be the id of a logged model.
func CheckModelID(id ModelID) error { return invalidName("model_id", names.LoggedModelID(string(id))) }

// CheckDatasetSearch refuses a search in no or more than 20 experiments.
func CheckDatasetSearch(in []ExperimentID) error {
	const most = 20
	switch {
	case len(in) == 0:
		return fieldError("experiment_ids", "SearchDatasets request must specify at least one experiment_id.")
	case len(in) > most:
		return fieldError("experiment_ids", "SearchDatasets request cannot specify more than %d experiment_ids. "+
			"Received %d experiment_ids.", most, len(in))
	}
	return nil
}

// CheckHistories refuses a request for too many runs or points, and returns the number of points to give at most.
func CheckHistories(q HistoriesQuery, l Limits) (int, error) {
	if err := checkRuns(len(q.Runs), q.Key, l); err != nil {
		return 0, err
	}
	return CheckPage(PageOptions{Limit: q.Limit}, l.HistoryPage)
}

// CheckSample refuses a request for too many runs or points or for half a range, and returns the number of points for
// each run to give at most.
func CheckSample(q SampleQuery, l Limits) (int, error) {
	if err := checkRuns(len(q.Runs), q.Key, l); err != nil {
		return 0, err
	}
	switch {
	case (q.Start == nil) != (q.End == nil):
		return 0, fieldError("start_step",
			"If either start step or end step are specified, both must be specified.")
	case q.Start != nil && *q.Start > *q.End:
		return 0, fieldError("start_step", "end_step must be greater than start_step. "+
			"Found start_step=%d and end_step=%d.", *q.Start, *q.End)
	}
	return CheckPage(PageOptions{Limit: q.Limit}, l.SampledHistory)
}

func checkRuns(count int, key string, l Limits) error {
	switch {
	case count == 0:
		return fieldError("run_ids", "the request must specify at least one run_id.")
	case l.HistoryRuns > 0 && count > l.HistoryRuns:
		return fieldError("run_ids", "the request cannot specify more than %d run_ids. Received %d run_ids.",
			l.HistoryRuns, count)
	case key == "":
		return fieldError("metric_key", "the request must specify a metric_key.")
	}
	return nil
}

// CheckLoggedModelSpec refuses a logged model that cannot be created.
func CheckLoggedModelSpec(s LoggedModelSpec, l Limits) error {
	if s.Name != "" {
		if err := names.LoggedModelName(s.Name); err != nil {
			return &Error{Code: InvalidArgument, Key: "name", Err: fmt.Errorf(
				"Invalid model name ('%s') provided. %w", short(s.Name), err)}
		}
	}
	return first(
		checkText("name", s.Name, l.LoggedModelName), checkText("model_type", s.Type, l.LoggedModelName),
		checkTags(s.Params, l.Key, l.ParamValue), checkTags(s.Tags, l.Key, l.RunTag),
	)
}

// CheckLoggedModelChange refuses a bad change of a logged model.
func CheckLoggedModelChange(c LoggedModelChange, l Limits) error {
	if c.Status < 0 || c.Status > ModelFailed {
		return fieldError("status", "unknown status %d of a logged model", int(c.Status))
	}
	return first(checkTagChange(c.Tags, l.Key, l.RunTag), checkTags(c.Params, l.Key, l.ParamValue))
}
