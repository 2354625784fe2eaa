package query_test

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

func FuzzExperiments(f *testing.F) { f.Fuzz(rapid.MakeFuzz(experiments(inMemory(f)))) }

func FuzzModels(f *testing.F) { f.Fuzz(rapid.MakeFuzz(models(inMemory(f)))) }

func FuzzVersions(f *testing.F) { f.Fuzz(rapid.MakeFuzz(versions(inMemory(f)))) }

func TestOthers(t *testing.T) {
	t.Parallel()
	for name, property := range others() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, property(inMemory(t)))
		})
	}
}

func TestOthersOnPostgres(t *testing.T) {
	t.Parallel()
	for name, property := range others() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onPostgres(t, property)
		})
	}
}

func others() map[string]func(sqldb.DB) func(*rapid.T) {
	return map[string]func(sqldb.DB) func(*rapid.T){
		"experiments": experiments, "models": models, "versions": versions, "logged models": loggedModels,
	}
}

func experiments(db sqldb.DB) func(*rapid.T) {
	return func(t *rapid.T) { differs(t, db, experimentWorld(t)) }
}

func models(db sqldb.DB) func(*rapid.T) {
	return func(t *rapid.T) { differs(t, db, modelWorld(t)) }
}

func versions(db sqldb.DB) func(*rapid.T) {
	return func(t *rapid.T) { differs(t, db, versionWorld(t)) }
}

func experimentWorld(t *rapid.T) world[core.Experiment] {
	w := world[core.Experiment]{rows: &sqldb.Batch{}, id: func(e core.Experiment) string { return e.Name }}
	for i, name := range rapid.Permutation(texts).Draw(t, "names")[:rapid.IntRange(0, 9).Draw(t, "experiments")] {
		id := rapid.SampledFrom([]int{0, 7, 90}).Draw(t, "id") + i
		e := core.Experiment{
			ID: core.ExperimentID(strconv.Itoa(id)), Name: name,
			CreatedAt: core.Millis(moment(t, "created")), UpdatedAt: core.Millis(moment(t, "updated")),
			Lifecycle: rapid.SampledFrom([]core.Lifecycle{core.Active, core.Active, core.Deleted}).Draw(t, "stage"),
			Tags:      some(t, "tags", text),
		}
		if len(w.items) > 0 && contains(w.items, func(other core.Experiment) bool { return other.ID == e.ID }) {
			continue
		}
		w.rows.Exec("INSERT INTO experiments (experiment_id, name, lifecycle_stage, creation_time, last_update_time)"+
			" VALUES ($1, $2, $3, $4, $5)", int64(id), name, string(e.Lifecycle), timeOrNull(t, e.CreatedAt), timeOrNull(t, e.UpdatedAt))
		for key, value := range e.Tags {
			w.rows.Exec("INSERT INTO experiment_tags VALUES ($1, $2, $3)", key, orNull(t, value), int64(id))
		}
		w.items = append(w.items, e)
	}
	of := core.ExperimentQuery{
		Filter: filterOf(t, []field{
			{"name", 'p'},
			{"experiment_id", 'd'},
			{"creation_time", 'i'},
			{"last_update_time", 'i'},
			{"tags.a", 'T'},
			{"tags.b", 'T'},
			{"tags.A", 'T'},
			{"tags.z", 'T'},
		}),
		OrderBy: orderOf(t, []string{"name", "experiment_id", "creation_time", "last_update_time"}),
		View:    rapid.SampledFrom([]core.View{core.ActiveOnly, core.DeletedOnly, core.AllStages}).Draw(t, "view"),
	}
	w.search = func(d sqldb.Dialect, page core.PageOptions) (*filter.Query[core.Experiment], query.Search, error) {
		of.PageOptions = page
		q, err := filter.Experiments(of, core.DefaultLimits())
		if err != nil {
			return nil, query.Search{}, err
		}
		s, err := query.Experiments(d, q, of, "e.name")
		return q, s, err
	}
	return w
}

func contains[T any](items []T, is func(T) bool) bool {
	for _, item := range items {
		if is(item) {
			return true
		}
	}
	return false
}

// registryTags draws tags, at times with that of prompts.
func registryTags(t *rapid.T) map[string]string {
	tags := some(t, "tags", text)
	if rapid.Bool().Draw(t, "is or was a prompt") {
		tags[core.PromptTag] = rapid.SampledFrom([]string{"true", "false", ""}).Draw(t, "prompt")
	}
	return tags
}

func registryFields(more ...field) []field {
	return append(more, field{"name", 't'}, field{"tags.a", 'p'}, field{"tags.b", 'p'}, field{"tags.A", 'p'},
		field{"tags.`mlflow.prompt.is_prompt`", 'p'}, field{"tags.`mlflow.prompt.is_prompt`", 'p'})
}

func modelWorld(t *rapid.T) world[core.Model] {
	w := world[core.Model]{rows: &sqldb.Batch{}, id: func(m core.Model) string { return m.Name }}
	for _, name := range rapid.Permutation(texts).Draw(t, "names")[:rapid.IntRange(0, 9).Draw(t, "models")] {
		m := core.Model{
			Name: name, CreatedAt: core.Millis(moment(t, "created")), UpdatedAt: core.Millis(moment(t, "updated")),
			Tags: registryTags(t),
		}
		w.rows.Exec("INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES ($1, $2, $3)",
			name, timeOrNull(t, m.CreatedAt), timeOrNull(t, m.UpdatedAt))
		for key, value := range m.Tags {
			w.rows.Exec("INSERT INTO registered_model_tags (key, value, name) VALUES ($1, $2, $3)", key, orNull(t, value), name)
		}
		w.items = append(w.items, m)
	}
	of := core.ModelQuery{
		Filter:  filterOf(t, registryFields()),
		OrderBy: orderOf(t, []string{"name", "creation_timestamp", "last_updated_timestamp"}),
	}
	w.search = func(d sqldb.Dialect, page core.PageOptions) (*filter.Query[core.Model], query.Search, error) {
		of.PageOptions = page
		q, err := filter.Models(of, core.DefaultLimits())
		if err != nil {
			return nil, query.Search{}, err
		}
		s, err := query.Models(d, q, "m.name")
		return q, s, err
	}
	return w
}

func versionWorld(t *rapid.T) world[core.Version] {
	w := world[core.Version]{rows: &sqldb.Batch{}, id: func(v core.Version) string { return v.Model + "/" + strconv.Itoa(v.Number) }}
	for _, name := range texts[:3] {
		for number := range rapid.IntRange(0, 4).Draw(t, "versions") {
			v := core.Version{
				Model: name, Number: number, Source: text(t, "source"), RunID: core.RunID(text(t, "run")),
				CreatedAt: core.Millis(moment(t, "created")), UpdatedAt: core.Millis(moment(t, "updated")), Tags: registryTags(t),
			}
			stage := rapid.SampledFrom([]any{nil, "None", "Production", query.DeletedStage}).Draw(t, "stage")
			w.rows.Exec("INSERT INTO model_versions (name, version, creation_time, last_updated_time, current_stage, source, run_id)"+
				" VALUES ($1, $2, $3, $4, $5, $6, $7)", name, int64(number), timeOrNull(t, v.CreatedAt), timeOrNull(t, v.UpdatedAt),
				stage, orNull(t, v.Source), orNull(t, string(v.RunID)))
			for key, value := range v.Tags {
				w.rows.Exec("INSERT INTO model_version_tags (key, value, name, version) VALUES ($1, $2, $3, $4)",
					key, orNull(t, value), name, int64(number))
			}
			if stage != query.DeletedStage {
				w.items = append(w.items, v)
			}
		}
	}
	of := core.VersionQuery{
		Filter:  filterOf(t, registryFields(field{"run_id", 't'}, field{"source_path", 'p'}, field{"version_number", 'i'})),
		OrderBy: orderOf(t, []string{"name", "version_number", "creation_timestamp", "last_updated_timestamp"}),
	}
	w.search = func(d sqldb.Dialect, page core.PageOptions) (*filter.Query[core.Version], query.Search, error) {
		of.PageOptions = page
		q, err := filter.Versions(of, core.DefaultLimits())
		if err != nil {
			return nil, query.Search{}, err
		}
		s, err := query.Versions(d, q, "v.name || '/' || v.version")
		return q, s, err
	}
	return w
}
