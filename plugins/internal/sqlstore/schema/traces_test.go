package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// beforeAnalytics is the revision before the step that derives columns from traces.
const beforeAnalytics = "b7e2c1a4d9f3"

// madeAt is a database of a revision, made by MLflow.
func madeAt(t *testing.T, d sqldb.Dialect, revision string) place {
	t.Helper()
	p := newPlace(t, d)
	testenv.MLflow(t, "3.18.0").Run(t, `
import sys
import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base
Base.metadata.create_all(sqlalchemy.create_engine(sys.argv[1]))
command.upgrade(_get_alembic_config(sys.argv[1].replace("%", "%%")), sys.argv[2])
`, p.uri(), revision)
	return p
}

// traceRows are traces with every kind of value that the step reads.
func traceRows() []string {
	rows := []string{"INSERT INTO experiments (experiment_id, name) VALUES (7, 'e')"}
	add := func(format string, args ...any) { rows = append(rows, fmt.Sprintf(format, args...)) }
	text := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	usages := []string{
		`{"input_tokens": 12, "output_tokens": 3.0, "total_tokens": "15", "cache_read_input_tokens": 1e3}`,
		`{"input_tokens": 1.5, "output_tokens": true, "total_tokens": null, "cache_read_input_tokens": [1]}`,
		`{"input_tokens": 9223372036854775807, "output_tokens": 9223372036854775808, "total_tokens": " 7 ", "unknown": 1}`,
		`{"input_tokens": 1152921504606846976.0, "output_tokens": -4, "total_tokens": "x", "cache_read_input_tokens": "0x10"}`,
		`not JSON`, `[1, 2]`, `null`, `"text"`,
	}
	costs := []string{
		`{"input_cost": 0.25, "output_cost": "0.5", "total_cost": 1}`, `{"input_cost": true, "output_cost": "inf", "total_cost": 1e400}`,
		`{"input_cost": null, "output_cost": {}, "total_cost": " 2e-3 "}`, `{`, `[]`, `3`, `{"total_cost": -0.0}`, `{}`,
	}
	for i := range usages {
		id := fmt.Sprint("tr-", i)
		add("INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('%s', 7, %d, 'OK')", id, 1000+i)
		add("INSERT INTO trace_tags (request_id, key, value) VALUES ('%s', 'mlflow.traceName', %s), ('%s', 'other', 'kept')",
			id, text(strings.Repeat("é", 10+i*600)), id)
		add("INSERT INTO trace_request_metadata (request_id, key, value) VALUES ('%s', 'mlflow.trace.session', %s), "+
			"('%s', 'mlflow.trace.tokenUsage', %s), ('%s', 'mlflow.trace.cost', %s), ('%s', 'kept', 'x')",
			id, text(strings.Repeat("s", 240+i*5)), id, text(usages[i]), id, text(costs[i]), id)
		add("INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, end_time_unix_nano, content, "+
			"dimension_attributes) VALUES ('%s', 7, 'a', 'OK', 1, 5, '{}', %s), ('%s', 7, 'b', 'OK', 2, 3, '{}', NULL)",
			id, text([]string{`{"mlflow.llm.model": "m", "mlflow.llm.provider": "p"}`, `{"mlflow.llm.model": null}`, `{}`, `null`}[i%4]), id)
		add("INSERT INTO span_metrics (trace_id, span_id, key, value) VALUES ('%s', 'a', 'total_cost', %d.5), "+
			"('%s', 'a', 'input_cost', NULL), ('%s', 'b', 'total_cost', 0.25), ('%s', 'b', 'latency', 3)", id, i, id, id, id)
		if i%2 == 1 {
			add("INSERT INTO trace_request_metadata (request_id, key, value) VALUES ('%s', 'mlflow.gateway.endpointId', 'e')", id)
			add("INSERT INTO trace_metrics (request_id, key, value) VALUES ('%s', 'input_tokens', %d), ('%s', 'total_tokens', 2.5), "+
				"('%s', 'output_tokens', 1152921504606846976), ('%s', 'kept', 1)", id, i*100, id, id, id)
		}
	}
	for i, value := range []string{
		`true`, `false`, `3`, `-2.5e1`, `"yes"`, `" No "`, `"maybe"`, `YES`, `{"a": 1}`, `null`, `1e400`, `[]`, `3 4`, `""`,
	} {
		add("INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, created_timestamp, "+
			"last_updated_timestamp, source_type, valid) VALUES ('a-%02d', 'tr-%d', 'n', 'feedback', %s, 1, 2, 'HUMAN', true)",
			i, i%8, text(value))
	}
	return rows
}

func TestTracesAreDerivedAsByMLflow(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			sameUpgrade(t, madeAt(t, d, beforeAnalytics), traceRows())
		})
	}
}

func TestWhatATraceWouldLoseStopsTheUpgrade(t *testing.T) {
	t.Parallel()
	where := madeAt(t, sqldb.SQLite, beforeAnalytics)
	for _, c := range []struct{ change, undo, problem string }{
		{
			"INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content, dimension_attributes) " +
				`VALUES ('tr', 7, 'a', 'OK', 1, '{}', '{"mine": "x"}')`,
			"DELETE FROM spans", `"mine"`,
		},
		{
			"INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content) VALUES ('no', 7, 'a', 'OK', 1, '')",
			"DELETE FROM spans", "traces that are not there",
		},
	} {
		db, stop := where.open(t)
		exec(t, db, "INSERT OR IGNORE INTO experiments (experiment_id, name) VALUES (7, 'e')",
			"INSERT OR IGNORE INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('tr', 7, 1, 'OK')", c.change)
		before := describe(t, db)
		s, err := schema.Upgrade(t.Context(), db, schema.UpgradeOptions{})
		if err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("status %+v, error %v, want one about: %s", s, err, c.problem)
		}
		if after, err := schema.Read(t.Context(), db); err != nil || after.Revision != beforeAnalytics || len(describe(t, db)) != len(before) {
			t.Errorf("status after it: %+v, error %v", after, err)
		}
		exec(t, db, c.undo)
		stop()
	}
}
