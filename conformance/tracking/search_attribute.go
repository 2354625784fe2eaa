package tracking

import (
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func attributeCases() []entry {
	return []entry{
		{
			ID: "TS-142", Name: "search/attributes", Run: searchAttributes,
			Rule: "Status, name, id, user and times of a run can be searched, ids also with IN and NOT IN.",
		},
		{
			ID: "TS-143", Name: "search/aliases-of-fields", Level: conformance.Extended, Run: searchAliases,
			Rule: "Fields have MLflow's other names too: attr., run., bare attributes, metric., parameter., Created.",
		},
		{
			ID: "TS-228", Name: "search/info-only", Run: searchInfoOnly,
			Rule: "A search for the info alone gives the info whole, and the filter still sees everything.",
		},
		{
			ID: "TS-229", Name: "search/whole-runs", Run: searchWholeRuns,
			Rule: "What a search shows of a run is what reading the run shows.",
		},
	}
}

func searchAttributes(t check, e *env) {
	l := newLab(t, e)
	for _, name := range []string{"alpha", "Beta", "gamma"} {
		l.add(name, core.Batch{})
	}
	end := core.Millis(1000)
	changeRun(t, e, l.runs[0].ID, core.RunChange{Status: core.Finished, EndTime: &end})
	later := end + 1
	changeRun(t, e, l.runs[1].ID, core.RunChange{Status: core.Failed, EndTime: &later})
	quoted := func(i int) string { return "'" + string(l.runs[i].ID) + "'" }
	for filter, names := range map[string]string{
		"status = 'FINISHED'": "alpha", "status != 'FINISHED'": "Beta gamma", "attributes.status = 'RUNNING'": "gamma",
		"status LIKE 'F%'":  "alpha Beta",
		"run_name = 'Beta'": "Beta", "run_name ILIKE 'beta'": "Beta", "run_name LIKE '%a'": "alpha Beta gamma",
		"run_name != 'Beta'":    "alpha gamma",
		"run_id = " + quoted(2): "gamma", "run_id IN (" + quoted(0) + ", " + quoted(2) + ")": "alpha gamma",
		"run_id NOT IN (" + quoted(0) + ")": "Beta gamma", "run_id IN ('" + string(nobodysRun) + "')": "",
		"start_time = 2": "Beta", "start_time > 1": "Beta gamma", "start_time <= 2": "alpha Beta", "start_time != 1": "Beta gamma",
		"start_time < 0":  "",
		"end_time = 1000": "alpha", "end_time > 1000": "Beta", "end_time != 1": "alpha Beta",
		"end_time < " + strconv.Itoa(1<<40): "alpha Beta",
	} {
		l.finds(filter, names)
	}
	x := newExperiment(t, e, core.ExperimentSpec{})
	ada := newRun(t, e, x.ID, core.RunSpec{User: "ada"})
	newRun(t, e, x.ID, core.RunSpec{User: "Ada"})
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Filter: "user_id = 'ada'"}, ada.ID)
}

func searchAliases(t check, e *env) {
	l := newLab(t, e)
	l.add("one", core.Batch{
		Metrics: []core.Metric{point("m", 1, 1)}, Params: []core.Param{{Key: "p", Value: "1"}},
		Tags: []core.Tag{{Key: "t", Value: "1"}},
	})
	l.add("two", core.Batch{})
	for _, filter := range []string{
		"metric.m = 1", "metrics.m = 1", "param.p = '1'", "params.p = '1'", "parameter.p = '1'", "parameters.p = '1'", "tag.t = '1'",
		"tags.t = '1'",
		"attribute.run_name = 'one'", "attributes.run_name = 'one'", "attr.run_name = 'one'", "run.run_name = 'one'",
		"run_name = 'one'",
		"attribute.`run name` = 'one'", "attribute.`Run Name` = 'one'", "created = 1", "attribute.Created = 1", "start_time = 1",
		`run_name = "one"`,
	} {
		l.finds(filter, "one")
	}
}

func searchInfoOnly(t check, e *env) {
	r := loggedRun(t, e)
	q := core.RunQuery{
		Experiments: []core.ExperimentID{r.ExperimentID}, Filter: "params.lr = '0.1' AND metrics.loss = 1",
		Fields: core.RunInfoOnly,
	}
	sawRuns(t, e, q, r.ID)
	runs, err := searchRuns(t.Context(), e.Second(), q)
	conformance.NoError(t, "SearchRuns", err)
	conformance.Equal(t, "SearchRuns", runs, []core.Run{{RunInfo: r.RunInfo}})
}

func searchWholeRuns(t check, e *env) {
	r := loggedRun(t, e)
	q := core.RunQuery{Experiments: []core.ExperimentID{r.ExperimentID}}
	sawRun(t, e, r)
	sawRuns(t, e, q, r.ID)
	runs, err := searchRuns(t.Context(), e.Second(), q)
	conformance.NoError(t, "SearchRuns", err)
	conformance.Equal(t, "SearchRuns", runs, []core.Run{r})
}

func literalCases() []entry {
	return []entry{
		{
			ID: "TS-145", Name: "search/quoting", Run: quoteKeys,
			Rule: "Keys in backticks or double quotes may have blanks, dots, slashes and anything else.",
		},
		{
			ID: "TS-146", Name: "search/values-literal", Run: literalValues,
			Rule: "Values in a filter are literal text, whatever a database would make of them.",
			Why:  "A store that builds SQL from text is wrong first and attacked later.",
		},
	}
}

func quoteKeys(t check, e *env) {
	l := newLab(t, e)
	keys := []string{"a b", "a.b", "a/b", "a-b", "a:b", " a", "select", "7", "Größe"}
	for i, key := range keys {
		l.add("r"+strconv.Itoa(i), core.Batch{
			Metrics: []core.Metric{point(key, 1, 1)}, Params: []core.Param{{Key: key, Value: "v"}},
			Tags: []core.Tag{{Key: key, Value: "v"}},
		})
	}
	for i, key := range keys {
		name := "r" + strconv.Itoa(i)
		for _, quote := range []string{"`", `"`} {
			l.finds("metrics."+quote+key+quote+" = 1", name)
			l.finds("params."+quote+key+quote+" = 'v'", name)
			l.finds("tags."+quote+key+quote+" = 'v'", name)
		}
	}
	l.finds("tags.a.b = 'v'", "r1")
}

func literalValues(t check, e *env) {
	l := newLab(t, e)
	values := []string{
		"100%", "a_b", `a\b`, `a\`, "it's", `say "x"`, "--", ";", "' OR 1=1 --", "x'; DROP TABLE runs; --", "%", "_", "[a-z]*",
		"a.b", "(x)", "line\nbreak", "ü🧪", "$1", "?", ":p",
	}
	for i, v := range values {
		l.add("r"+strconv.Itoa(i), core.Batch{Params: []core.Param{{Key: "p", Value: v}}, Tags: []core.Tag{{Key: "t", Value: v}}})
	}
	for i, v := range values {
		quote := "'"
		if i == 4 || i == 8 || i == 9 { // these have a single quote
			quote = `"`
		}
		l.finds("params.p = "+quote+v+quote, "r"+strconv.Itoa(i))
		l.finds("tags.t = "+quote+v+quote, "r"+strconv.Itoa(i))
	}
	q := core.RunQuery{Experiments: []core.ExperimentID{l.in}, OrderBy: []string{"start_time ASC"}}
	sawRuns(t, e, q, ids(l.runs)...) // they are all still there
}
