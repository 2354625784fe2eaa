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

// shown is all that a database holds, as testdata/show.py prints it.
type shown struct {
	Experiments      map[core.ExperimentID]shownExperiment `json:"experiments"`
	Models           map[string]shownModel                 `json:"models"`
	RunsFound        [][]core.RunID                        `json:"runs_found"`
	ExperimentsFound [][]string                            `json:"experiments_found"`
	VersionsFound    [][]string                            `json:"versions_found"`
}

type shownExperiment struct {
	Name      string                       `json:"name"`
	Location  string                       `json:"location"`
	Lifecycle core.Lifecycle               `json:"lifecycle"`
	Created   core.Millis                  `json:"created"`
	Updated   core.Millis                  `json:"updated"`
	Tags      map[string]string            `json:"tags"`
	Runs      map[core.RunID]shownRun      `json:"runs"`
	Models    map[core.ModelID]shownLogged `json:"models"`
}

type shownRun struct {
	Name        string                  `json:"name"`
	User        string                  `json:"user"`
	Status      string                  `json:"status"`
	Start       core.Millis             `json:"start"`
	End         core.Millis             `json:"end"`
	ArtifactURI string                  `json:"artifact_uri"`
	Lifecycle   core.Lifecycle          `json:"lifecycle"`
	Latest      map[string]number       `json:"latest"`
	History     map[string][]shownPoint `json:"history"`
	Params      map[string]string       `json:"params"`
	Tags        map[string]string       `json:"tags"`
	Datasets    []shownDataset          `json:"datasets"`
	Inputs      []core.ModelID          `json:"inputs"`
	Outputs     []shownOutput           `json:"outputs"`
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

type shownLogged struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Run         core.RunID        `json:"run"`
	ArtifactURI string            `json:"artifact_uri"`
	Status      string            `json:"status"`
	Created     core.Millis       `json:"created"`
	Updated     core.Millis       `json:"updated"`
	Params      map[string]string `json:"params"`
	Tags        map[string]string `json:"tags"`
	Metrics     []shownMetric     `json:"metrics"`
}

type shownModel struct {
	Description string                  `json:"description"`
	Tags        map[string]string       `json:"tags"`
	Created     core.Millis             `json:"created"`
	Updated     core.Millis             `json:"updated"`
	Aliases     map[string]int          `json:"aliases"`
	Latest      map[core.Stage]int      `json:"latest"`
	Versions    map[string]shownVersion `json:"versions"`
}

type shownVersion struct {
	Source      string            `json:"source"`
	Stage       core.Stage        `json:"stage"`
	Description string            `json:"description"`
	Run         core.RunID        `json:"run"`
	Link        string            `json:"link"`
	Tags        map[string]string `json:"tags"`
	Aliases     []string          `json:"aliases"`
	Status      string            `json:"status"`
	Created     core.Millis       `json:"created"`
	Updated     core.Millis       `json:"updated"`
	User        string            `json:"user"`
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
	shownMetric struct {
		Key   string
		Value number
		Step  int64
		Time  core.Millis
		Run   core.RunID
	}
)

// number is the text of a floating-point number.
type number string

func numberOf(f float64) number {
	if f == 0 {
		f = 0 // SQLite keeps no sign of a zero
	}
	return number(strconv.FormatFloat(f, 'g', -1, 64))
}

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

func (m *shownMetric) UnmarshalJSON(data []byte) error {
	return list(data, &m.Key, &m.Value, &m.Step, &m.Time, &m.Run)
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

// show shows the database as MLflow sees it.
func (m *mlflow) show(t *testing.T, at place, s searches) shown {
	t.Helper()
	var all shown
	m.do(t, "show", at, args{"searches": s.runs, "experiments": s.experiments, "versions": s.versions}, &all)
	for _, e := range all.Experiments {
		for id, r := range e.Runs {
			e.Runs[id] = r.sorted()
		}
		for id, l := range e.Models {
			e.Models[id] = l.sorted()
		}
	}
	return all
}

// sorted puts lists whose order means nothing in order.
func (r shownRun) sorted() shownRun {
	for _, points := range r.History {
		slices.SortFunc(points, func(a, b shownPoint) int {
			return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Value, b.Value))
		})
	}
	slices.SortFunc(r.Datasets, func(a, b shownDataset) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest))
	})
	slices.Sort(r.Inputs)
	slices.SortFunc(r.Outputs, func(a, b shownOutput) int { return cmp.Compare(a.Model, b.Model) })
	return r
}

func (l shownLogged) sorted() shownLogged {
	slices.SortFunc(l.Metrics, func(a, b shownMetric) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Step, b.Step))
	})
	return l
}
