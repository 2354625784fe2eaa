package file_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// dump writes down everything that a store shows, without ids and times that differ from one run of a test to the next.
func dump(t *testing.T, s *file.Tracking) []string {
	t.Helper()
	lines, err := dumpStore(t.Context(), s)
	check(t, err)
	return lines
}

func dumpStore(ctx context.Context, s *file.Tracking) ([]string, error) {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	experiments, err := s.SearchExperiments(ctx, core.ExperimentQuery{View: core.AllStages})
	if err != nil {
		return nil, err
	}
	for _, e := range experiments.Items {
		add("experiment %q %s %v", e.Name, e.Lifecycle, e.Tags)
		runs, err := s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{e.ID}, View: core.AllStages})
		if err != nil {
			return nil, err
		}
		names := map[core.RunID]string{}
		for _, r := range runs.Items {
			names[r.ID] = r.Name
			add("experiment %q run %q %s %s ended %d deleted %v params %v tags %v inputs %v outputs %v", e.Name, r.Name, r.Status,
				r.Lifecycle, r.EndTime, r.DeletedAt != 0, r.Params, r.Tags, r.Inputs, r.Outputs)
			for _, key := range slices.Sorted(maps.Keys(r.Metrics)) {
				page, err := s.MetricHistory(ctx, r.ID, key, core.HistoryOptions{})
				if err != nil {
					return nil, err
				}
				for _, m := range page.Items {
					add("experiment %q run %q point %+v", e.Name, r.Name, m)
				}
			}
		}
		models, err := s.SearchLoggedModels(ctx, core.LoggedModelQuery{Experiments: []core.ExperimentID{e.ID}})
		if err != nil {
			return nil, err
		}
		for _, m := range models.Items {
			add("experiment %q model %q %d params %v tags %v", e.Name, m.Name, m.Status, m.Params, m.Tags)
			for _, p := range m.Metrics {
				p.ModelID = ""
				add("experiment %q model %q point of %q %+v", e.Name, m.Name, names[p.RunID], p.Metric)
			}
		}
	}
	slices.Sort(lines)
	return lines, nil
}

// leftovers lists what is wrong with a folder after a store on it was opened and closed.
func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	s, err := file.NewTracking(dir, file.TrackingOptions{})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	var problems []string
	for finding, err := range s.Check(t.Context()) {
		check(t, err)
		problems = append(problems, fmt.Sprint(finding))
	}
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.Contains(path, "/metrics/") {
			if line := repeated(t, path); line != "" {
				problems = append(problems, path+" has twice: "+line)
			}
		}
		if strings.Contains(path, ".mlstore-tmp-") {
			problems = append(problems, path)
		}
		return err
	})
	check(t, err)
	return problems
}

// repeated returns a line that is in a file twice.
func repeated(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if seen[line] {
			return line
		}
		seen[line] = true
	}
	return ""
}

// tree reads every file below a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	check(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			all[path] = "folder"
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	}))
	return all
}
