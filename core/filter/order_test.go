package filter_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

func runsIn(order ...string) (*filter.Query[core.Run], error) {
	return filter.Runs(core.RunQuery{Experiments: []core.ExperimentID{"1"}, OrderBy: order}, core.DefaultLimits())
}

func experimentsIn(order ...string) (*filter.Query[core.Experiment], error) {
	return filter.Experiments(core.ExperimentQuery{OrderBy: order}, core.DefaultLimits())
}

func modelsIn(order ...string) (*filter.Query[core.Model], error) {
	return filter.Models(core.ModelQuery{OrderBy: order}, core.DefaultLimits())
}

func versionsIn(order ...string) (*filter.Query[core.Version], error) {
	return filter.Versions(core.VersionQuery{OrderBy: order}, core.DefaultLimits())
}

func loggedIn(order ...core.LoggedModelOrder) (*filter.Query[core.LoggedModel], error) {
	return filter.LoggedModels(core.LoggedModelQuery{Experiments: []core.ExperimentID{"1", "2"}, OrderBy: order}, core.DefaultLimits())
}

func TestOrdersAreCompleted(t *testing.T) {
	t.Parallel()
	show := func(order []filter.OrderKey) string { return strings.Join(names(order, filter.OrderKey.String), ", ") }
	for want, got := range map[string]string{
		"start_time DESC, run_id ASC":                                show(must[core.Run](t)(runsIn()).Order()),
		"metrics.`a b` DESC, start_time DESC, run_id ASC":            show(must[core.Run](t)(runsIn("metric.`a b` desc")).Order()),
		"start_time ASC, run_id ASC":                                 show(must[core.Run](t)(runsIn("attribute.Created")).Order()),
		"run_id DESC, start_time DESC":                               show(must[core.Run](t)(runsIn("run_id DESC")).Order()),
		"tags.`x` ASC, params.`x` ASC, start_time DESC, run_id ASC":  show(must[core.Run](t)(runsIn("tag.x ASC", " param.x ")).Order()),
		"creation_time DESC, experiment_id ASC":                      show(must[core.Experiment](t)(experimentsIn()).Order()),
		"name ASC, experiment_id DESC":                               show(must[core.Experiment](t)(experimentsIn("name")).Order()),
		"experiment_id ASC":                                          show(must[core.Experiment](t)(experimentsIn("attribute.experiment_id aSc")).Order()),
		"name ASC":                                                   show(must[core.Model](t)(modelsIn()).Order()),
		"last_updated_timestamp DESC, name ASC":                      show(must[core.Model](t)(modelsIn("timestamp DESC")).Order()),
		"last_updated_timestamp DESC, name ASC, version_number DESC": show(must[core.Version](t)(versionsIn()).Order()),
		"creation_timestamp ASC, name ASC, version_number DESC":      show(must[core.Version](t)(versionsIn("`creation_timestamp`")).Order()),
		"version_number ASC, name ASC":                               show(must[core.Version](t)(versionsIn("version_number")).Order()),
		"creation_timestamp DESC, model_id ASC":                      show(must[core.LoggedModel](t)(loggedIn()).Order()),
		"metrics.`acc` DESC, creation_timestamp DESC, model_id ASC":  show(must[core.LoggedModel](t)(loggedIn(core.LoggedModelOrder{Field: "metrics.acc", Descending: true})).Order()),
	} {
		if got != want {
			t.Errorf("the order is %s, want %s", got, want)
		}
	}
}

func TestMalformedOrders(t *testing.T) {
	t.Parallel()
	runs := func(order ...string) error { _, err := runsIn(order...); return err }
	experiments := func(order ...string) error { _, err := experimentsIn(order...); return err }
	models := func(order ...string) error { _, err := modelsIn(order...); return err }
	versions := func(order ...string) error { _, err := versionsIn(order...); return err }
	const unread = "Could not be parsed."
	for i, row := range []struct {
		read  func(...string) error
		order []string
		says  []string
	}{
		{runs, []string{""}, []string{"Invalid order_by clause ''", unread, "near the end"}},
		{runs, []string{"  "}, []string{unread}},
		{runs, []string{"metrics.a, metrics.b"}, []string{"Invalid order_by clause 'metrics.a, metrics.b'", "','", "at character 10 of order_by[0]"}},
		{runs, []string{"metrics.a DESC NULLS LAST"}, []string{unread, "'NULLS'"}},
		{runs, []string{"metrics.a DESC,"}, []string{unread, "','"}},
		{runs, []string{"metrics.a SIDEWAYS"}, []string{"Invalid ordering key in order_by clause 'metrics.a SIDEWAYS'", "'SIDEWAYS'", "at character 11"}},
		{runs, []string{"metrics.a > 1"}, []string{unread, "'>'"}},
		{runs, []string{"metrics.a;"}, []string{unread, "';'"}},
		{runs, []string{"metrics."}, []string{unread}},
		{runs, []string{"metrics.1"}, []string{unread, "'metrics.1'"}},
		{runs, []string{"1"}, []string{unread, "'1'"}},
		{runs, []string{"'metrics.a'"}, []string{unread}},
		{runs, []string{"`metrics.a"}, []string{unread, "'`metrics.a'"}},
		{runs, []string{"metrics.`" + strings.Repeat("k", 10<<10) + "`"}, []string{"more than the 4096"}},
		{runs, []string{"metrics.\xff"}, []string{"is not valid UTF-8"}},
		{runs, []string{"foo.a"}, []string{"Invalid entity type 'foo'", "'foo.a'"}},
		{runs, []string{"nope"}, []string{"Invalid attribute key 'nope' specified", "'start_time'"}},
		{runs, []string{"`Run Name`"}, []string{"Invalid attribute key 'Run Name'"}},
		{runs, []string{"attribute.experiment_id"}, []string{"Invalid attribute key 'experiment_id'"}},
		{runs, []string{"dataset.name"}, []string{"Invalid order_by entity: dataset", "'dataset.name'"}},
		{runs, []string{"run_id", "metrics.a", "metric.`a` DESC"}, []string{"`order_by` contains duplicate fields: 'a'", "order_by[2]"}},
		{runs, []string{"start_time", "Created DESC"}, []string{"duplicate fields: 'start_time'", "order_by[1]"}},
		{runs, strings.Fields(strings.Repeat("start_time ", 101)), []string{"101 keys, more than 100"}},
		{experiments, []string{"tags.a"}, []string{"Invalid order_by entity: tag"}},
		{experiments, []string{"metrics.a"}, []string{"Invalid entity type 'metrics'"}},
		{experiments, []string{"lifecycle_stage"}, []string{"Invalid attribute key 'lifecycle_stage'"}},
		{experiments, []string{"name", "attribute.name"}, []string{"duplicate fields: 'name'"}},
		{models, []string{"version_number"}, []string{"invalid order by key"}},
		{models, []string{"timestamp", "last_updated_timestamp DESC"}, []string{"duplicate fields: 'last_updated_timestamp'"}},
		{models, []string{"tags.a"}, []string{"Invalid order_by entity: tag"}},
		{versions, []string{"timestamp"}, []string{"'timestamp'", "invalid order by key"}},
		{versions, []string{"name", "name"}, []string{"duplicate fields"}},
		{versions, []string{"run_id"}, []string{"'run_id'"}},
	} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			wantInvalid(t, row.read(row.order...), row.says...)
		})
	}
}

func TestMalformedOrdersOfLoggedModels(t *testing.T) {
	t.Parallel()
	for says, order := range map[string][]core.LoggedModelOrder{
		"Invalid order by field name: 'params.a'": {{Field: "params.a"}},
		"Invalid order by field name: 'metrics.'": {{Field: "metrics."}},
		"Invalid order by field name: ''":         {{}},
		"`dataset_digest` can only be specified":  {{Field: "metrics.a", DatasetDigest: "d"}},
		"'name' is no metric":                     {{Field: "name", DatasetName: "d"}},
		"duplicate fields: 'creation_time'":       {{Field: "creation_timestamp"}, {Field: "creation_time", Descending: true}},
		"duplicate fields: 'metrics.a'":           {{Field: "metrics.a", DatasetName: "d"}, {Field: "metrics.a", DatasetName: "d"}},
		"101 keys, more than 100":                 make([]core.LoggedModelOrder, 101),
	} {
		_, err := loggedIn(order...)
		wantInvalid(t, err, says)
	}
}

func TestRunsInOrder(t *testing.T) {
	t.Parallel()
	at := func(ms core.Millis) func(*core.Run) { return func(r *core.Run) { r.StartTime = ms } }
	ended := func(ms core.Millis) func(*core.Run) { return func(r *core.Run) { r.EndTime = ms } }
	runs := []core.Run{
		run("nan", metric("m", math.NaN()), at(5)),
		run("none", at(9)),
		run("minus0", metric("m", math.Copysign(0, -1)), at(2)),
		run("inf", metric("m", math.Inf(1)), param("p", "Z"), ended(7)),
		run("zero", metric("m", 0), at(1), param("p", "a"), ended(3)),
		run("-inf", metric("m", math.Inf(-1)), param("p", "")),
		run("one", metric("m", 1), param("p", "ä")),
	}
	for order, want := range map[string]string{
		"metrics.m":         "-inf minus0 zero one inf nan none", // the zeros are equal: the later start is first
		"metrics.m DESC":    "inf one minus0 zero -inf nan none",
		"params.p ASC":      "-inf inf zero one none nan minus0", // by bytes; who has none by start time
		"params.p DESC":     "one zero inf -inf none nan minus0",
		"end_time":          "zero inf none nan minus0 -inf one",
		"end_time DESC":     "inf zero none nan minus0 -inf one",
		"run_id DESC":       "zero one none nan minus0 inf -inf",
		"start_time":        "-inf inf one zero minus0 nan none",
		"attributes.status": "none nan minus0 zero -inf inf one",
	} {
		q := must[core.Run](t)(runsIn(order))
		got := names(q.Slice(runs).Items, func(r core.Run) string { return string(r.ID) })
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", order, diff)
		}
	}
}

func TestExperimentIDsAreOrderedAsNumbers(t *testing.T) {
	t.Parallel()
	var experiments []core.Experiment
	for _, id := range []core.ExperimentID{"b", "10", "9", "2", "1a", "0", "123456789012345678901234567890", "02"} {
		experiments = append(experiments, core.Experiment{ID: id, CreatedAt: 1})
	}
	id := func(e core.Experiment) string { return string(e.ID) }
	want := strings.Fields("0 02 2 9 10 123456789012345678901234567890 1a b")
	if diff := cmp.Diff(want, names(must[core.Experiment](t)(experimentsIn()).Slice(experiments).Items, id)); diff != "" {
		t.Errorf("the default order (-want +got):\n%s", diff)
	}
	last := must[core.Experiment](t)(experimentsIn("creation_time")).Slice(experiments).Items
	if id(last[0]) != "b" || id(last[7]) != "0" {
		t.Errorf("ties of a given order are broken by the id ascending: %v", names(last, id))
	}
}

func TestVersionsInOrder(t *testing.T) {
	t.Parallel()
	versions := []core.Version{
		{Model: "b", Number: 1, UpdatedAt: 5, CreatedAt: 1},
		{Model: "a", Number: 9, UpdatedAt: 5, CreatedAt: 2},
		{Model: "a", Number: 10, UpdatedAt: 5, CreatedAt: 3},
		{Model: "c", Number: 1, UpdatedAt: 7, CreatedAt: 4},
		{Model: "d", Number: 1},
	}
	for order, want := range map[string]string{
		"":                        "c1 a10 a9 b1 d1",
		"name":                    "a10 a9 b1 c1 d1",
		"version_number":          "b1 c1 d1 a9 a10",
		"creation_timestamp":      "b1 a9 a10 c1 d1",
		"creation_timestamp DESC": "c1 a10 a9 b1 d1",
	} {
		var items []string
		if order != "" {
			items = []string{order}
		}
		got := names(must[core.Version](t)(versionsIn(items...)).Slice(versions).Items,
			func(v core.Version) string { return fmt.Sprint(v.Model, v.Number) })
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", order, diff)
		}
	}
}

func TestLoggedModelsInOrder(t *testing.T) {
	t.Parallel()
	for want, order := range map[string][]core.LoggedModelOrder{
		"c b a": nil,
		"b a c": {{Field: "metrics.acc", Descending: true}}, // 0.7, 0.5, NaN
		"a b c": {{Field: "metrics.acc", Descending: true, DatasetName: "iris"}},
		"a c b": {{Field: "metrics.acc", DatasetName: "iris", DatasetDigest: "d1"}}, // 0.9, NaN, none
	} {
		got := names(must[core.LoggedModel](t)(loggedIn(order...)).Slice(someLogged()).Items,
			func(m core.LoggedModel) string { return string(m.ID) })
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", order, diff)
		}
	}
}
