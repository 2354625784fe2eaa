package query_test

import (
	"context"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// tables are those of MLflow's schema that searches read, with the columns that they read. Both databases understand them.
const tables = `
CREATE TABLE experiments (experiment_id integer PRIMARY KEY, name varchar(256) NOT NULL, lifecycle_stage varchar(32),
	creation_time bigint, last_update_time bigint, workspace varchar(63) DEFAULT 'default' NOT NULL);
CREATE TABLE experiment_tags (key varchar(250), value text, experiment_id integer, PRIMARY KEY (key, experiment_id));
CREATE TABLE runs (run_uuid varchar(32) PRIMARY KEY, name varchar(250), user_id varchar(256), status varchar(9),
	start_time bigint, end_time bigint, lifecycle_stage varchar(20), artifact_uri varchar(200), experiment_id integer);
CREATE TABLE latest_metrics (key varchar(250), value double precision NOT NULL, is_nan boolean NOT NULL,
	run_uuid varchar(32), PRIMARY KEY (key, run_uuid));
CREATE TABLE params (key varchar(250), value varchar(8000) NOT NULL, run_uuid varchar(32), PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key varchar(250), value varchar(8000), run_uuid varchar(32), PRIMARY KEY (key, run_uuid));
CREATE TABLE datasets (dataset_uuid varchar(36), experiment_id integer, name varchar(500), digest varchar(36),
	PRIMARY KEY (experiment_id, name, digest));
CREATE TABLE inputs (input_uuid varchar(36), source_type varchar(36), source_id varchar(36), destination_type varchar(36),
	destination_id varchar(36), PRIMARY KEY (source_type, source_id, destination_type, destination_id));
CREATE TABLE input_tags (input_uuid varchar(36), name varchar(255), value varchar(500), PRIMARY KEY (input_uuid, name));
CREATE TABLE registered_models (name varchar(256), creation_time bigint, last_updated_time bigint,
	workspace varchar(63) DEFAULT 'default' NOT NULL, PRIMARY KEY (workspace, name));
CREATE TABLE registered_model_tags (key varchar(250), value varchar(5000), name varchar(256),
	workspace varchar(63) DEFAULT 'default' NOT NULL, PRIMARY KEY (workspace, key, name));
CREATE TABLE model_versions (name varchar(256), version integer, creation_time bigint, last_updated_time bigint,
	current_stage varchar(20), source varchar(500), run_id varchar(32),
	workspace varchar(63) DEFAULT 'default' NOT NULL, PRIMARY KEY (workspace, name, version));
CREATE TABLE model_version_tags (key varchar(250), value text, name varchar(256), version integer,
	workspace varchar(63) DEFAULT 'default' NOT NULL, PRIMARY KEY (workspace, key, name, version));
CREATE TABLE logged_models (model_id varchar(36) PRIMARY KEY, experiment_id integer, name varchar(500),
	creation_timestamp_ms bigint, last_updated_timestamp_ms bigint, status integer, lifecycle_stage varchar(32),
	model_type varchar(500), source_run_id varchar(32));
CREATE TABLE logged_model_params (model_id varchar(36), param_key varchar(255), param_value text NOT NULL,
	PRIMARY KEY (model_id, param_key));
CREATE TABLE logged_model_tags (model_id varchar(36), tag_key varchar(255), tag_value text NOT NULL,
	PRIMARY KEY (model_id, tag_key));
CREATE TABLE logged_model_metrics (model_id varchar(36), metric_name varchar(500), metric_timestamp_ms bigint,
	metric_step bigint, metric_value double precision, run_id varchar(32), dataset_name varchar(500), dataset_digest varchar(36),
	PRIMARY KEY (model_id, metric_name, metric_timestamp_ms, metric_step, run_id));
`

// create makes the tables.
func create(t testing.TB, db sqldb.DB) {
	t.Helper()
	err := db.Write(context.Background(), func(tx sqldb.Tx) error {
		for _, statement := range strings.Split(tables, ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := tx.Exec(context.Background(), statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
