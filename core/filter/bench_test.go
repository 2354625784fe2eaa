package filter_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// BenchmarkRuns10k searches 10,000 runs in memory: reading the query, matching, sorting, the first page.
func BenchmarkRuns10k(b *testing.B) {
	runs := make([]core.Run, 10_000)
	for i := range runs {
		runs[i] = run(fmt.Sprintf("%032x", i*7919), metric("loss", float64(i%997)/997), param("lr", strconv.Itoa(i%13)),
			tag("mlflow.source.name", "train/model_"+strconv.Itoa(i)+".py"), func(r *core.Run) { r.StartTime = core.Millis(i) })
	}
	for _, bench := range []struct{ name, filter, order string }{
		{"metric", "metrics.loss < 0.5", ""},
		{"metric by metric", "metrics.loss < 0.5", "metrics.loss ASC"},
		{"like", "tags.`mlflow.source.name` LIKE '%model_9%'", ""},
		{"ilike", "tags.`mlflow.source.name` ILIKE '%MODEL%9%'", ""},
		{"in", "params.lr = '3' AND run_id NOT IN ('a', 'b', 'c')", "params.lr DESC"},
		{"none", "", ""},
	} {
		b.Run(bench.name, func(b *testing.B) {
			query := core.RunQuery{Experiments: []core.ExperimentID{"1"}, Filter: bench.filter, PageOptions: core.PageOptions{Limit: 100}}
			if bench.order != "" {
				query.OrderBy = []string{bench.order}
			}
			b.ReportAllocs()
			for b.Loop() {
				q, err := filter.Runs(query, core.DefaultLimits())
				if err != nil {
					b.Fatal(err)
				}
				if page := q.Slice(runs); len(page.Items) != 100 || page.Next == "" {
					b.Fatalf("found %d runs", len(page.Items))
				}
			}
		})
	}
}
