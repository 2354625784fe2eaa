package interop_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// shown is all that a store has, as testdata/show.py prints it.
type shown struct {
	Experiments map[core.ExperimentID]shownExperiment `json:"experiments"`
	Searches    [][]core.RunID                        `json:"searches"` // results of runSearches, in order
	Orders      [][]string                            `json:"orders"`   // results of experimentSearches: names, in order
}

type shownExperiment struct {
	Name      string                      `json:"name"`
	Location  string                      `json:"location"`
	Lifecycle core.Lifecycle              `json:"lifecycle"`
	Created   core.Millis                 `json:"created"`
	Updated   core.Millis                 `json:"updated"`
	Tags      map[string]string           `json:"tags"`
	Runs      map[core.RunID]shownRun     `json:"runs"`
	Models    map[core.ModelID]shownModel `json:"models"`
}

type shownRun struct {
	Name        string                   `json:"name"`
	User        string                   `json:"user"`
	Status      string                   `json:"status"`
	Start       core.Millis              `json:"start"`
	End         core.Millis              `json:"end"`
	ArtifactURI string                   `json:"artifact_uri"`
	Lifecycle   core.Lifecycle           `json:"lifecycle"`
	Latest      map[string]number        `json:"latest"`
	History     map[string][]shownPoint  `json:"history"`
	Params      map[string]string        `json:"params"`
	Tags        map[string]string        `json:"tags"`
	Datasets    []shownDataset           `json:"datasets"`
	Inputs      []core.ModelID           `json:"inputs"`
	Outputs     []shownOutput            `json:"outputs"`
	Artifacts   map[string]shownArtifact `json:"artifacts"`
}

type shownDataset struct {
	Name       string            `json:"name"`
	Digest     string            `json:"digest"`
	SourceType string            `json:"source_type"`
	Source     string            `json:"source"`
	Schema     string            `json:"schema"`
	Profile    string            `json:"profile"`
	Tags       map[string]string `json:"tags"`
}

type shownModel struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Run         core.RunID        `json:"run"`
	ArtifactURI string            `json:"artifact_uri"`
	Status      string            `json:"status"`
	Message     string            `json:"message"`
	Created     core.Millis       `json:"created"`
	Updated     core.Millis       `json:"updated"`
	Params      map[string]string `json:"params"`
	Tags        map[string]string `json:"tags"`
	Metrics     []shownMetric     `json:"metrics"`
}

type (
	shownPoint struct {
		Value number
		Step  int64
		Time  core.Millis
	}
	shownOutput struct {
		Model core.ModelID
		Step  int64
	}
	shownArtifact struct {
		Size   int64
		Digest string
	}
	shownMetric struct {
		Key     string
		Value   number
		Step    int64
		Time    core.Millis
		Run     core.RunID
		Dataset string
		Digest  string
	}
)

// number is the text of a floating-point number, one for each of the values that are told apart.
type number string

func numberOf(f float64) number { return number(strconv.FormatFloat(f, 'g', -1, 64)) }

// UnmarshalJSON reads what Python's repr prints.
func (n *number) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	f, err := strconv.ParseFloat(text, 64)
	*n = numberOf(f)
	return err
}

// Lists of values stand for the small structures.

func (p *shownPoint) UnmarshalJSON(data []byte) error { return list(data, &p.Value, &p.Step, &p.Time) }

func (o *shownOutput) UnmarshalJSON(data []byte) error { return list(data, &o.Model, &o.Step) }

func (a *shownArtifact) UnmarshalJSON(data []byte) error { return list(data, &a.Size, &a.Digest) }

func (m *shownMetric) UnmarshalJSON(data []byte) error {
	return list(data, &m.Key, &m.Value, &m.Step, &m.Time, &m.Run, &m.Dataset, &m.Digest)
}

func list(data []byte, into ...any) error {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	if len(items) != len(into) {
		return fmt.Errorf("%d items, want %d", len(items), len(into))
	}
	for i, item := range items {
		if err := json.Unmarshal(item, into[i]); err != nil {
			return err
		}
	}
	return nil
}

// showMLflow shows the store as MLflow sees it.
func showMLflow(t *testing.T, m *mlflow, root string, s searches) shown {
	t.Helper()
	var all shown
	m.do(t, "show", root, args{"searches": s.runs, "orders": s.experiments}, &all)
	for _, e := range all.Experiments {
		for id, r := range e.Runs {
			if e.Lifecycle == core.Deleted {
				r.Lifecycle = core.Deleted // D-4; MLflow 1 leaves the runs of a deleted experiment as they are
			}
			e.Runs[id] = r.sorted()
		}
		for id, m := range e.Models {
			slices.SortFunc(m.Metrics, compareShown)
			e.Models[id] = m
		}
	}
	return all
}

// sorted puts lists whose order means nothing in order. A point that is there twice counts once (D-1): MLflow's folders
// show a repeated one each time.
func (r shownRun) sorted() shownRun {
	for key, points := range r.History {
		slices.SortFunc(points, func(a, b shownPoint) int {
			return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Value, b.Value))
		})
		r.History[key] = slices.Compact(points)
	}
	slices.SortFunc(r.Datasets, func(a, b shownDataset) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest))
	})
	slices.Sort(r.Inputs)
	slices.SortFunc(r.Outputs, func(a, b shownOutput) int { return cmp.Compare(a.Model, b.Model) })
	return r
}

func compareShown(a, b shownMetric) int {
	return cmp.Or(
		cmp.Compare(a.Key, b.Key), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Step, b.Step),
		cmp.Compare(a.Time, b.Time), cmp.Compare(a.Value, b.Value),
	)
}
