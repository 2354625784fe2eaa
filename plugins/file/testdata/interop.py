"""What MLflow does with a folder that mlstore uses too. Arguments: what to do, the folder, and a file for the answer."""
import json
import math
import sys

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.tracking import MlflowClient

what, folder, answer = sys.argv[1:4]
client = MlflowClient(tracking_uri="file://" + folder)
major = int(mlflow.__version__.split(".")[0])


def experiments():
    if hasattr(client, "search_experiments"):
        return client.search_experiments(view_type=ViewType.ALL)
    return client.list_experiments(view_type=ViewType.ALL)


def number(value):
    return repr(float(value))


def shown():
    """Everything that MLflow shows, in the form in which the Go side writes it down."""
    lines = []
    for e in experiments():
        lines.append(["experiment", e.name, e.lifecycle_stage, dict(e.tags), e.artifact_location])
        for r in client.search_runs([e.experiment_id], run_view_type=ViewType.ALL):
            name = r.data.tags.get("mlflow.runName", "")
            # MLflow 1 deletes an experiment without its runs; mlstore shows them as deleted, as MLflow 3 would.
            gone = major == 1 and e.lifecycle_stage == "deleted"
            lines.append(
                ["run", e.name, name, r.info.status, "deleted" if gone else r.info.lifecycle_stage, r.info.start_time or 0, r.info.end_time or 0,
                 r.info.artifact_uri, dict(r.data.params), dict(r.data.tags)]
            )
            for key in r.data.metrics:
                points = client.get_metric_history(r.info.run_id, key)
                lines.append(["metric", e.name, name, key, number(r.data.metrics[key]),
                              sorted({(p.timestamp, p.step, number(p.value)) for p in points})])
    return sorted(lines, key=json.dumps)


def write():
    experiment = client.create_experiment("from mlflow: 1:30 é", artifact_location=folder + "/elsewhere")
    client.set_experiment_tag(experiment, "odd key/é x", "line\nbreak 'quote' \"double\" \U0001f600")
    for n, name in enumerate(["yes", "1e3", "0x1f", "2020-01-01", "null", "=", "plain", "a: b # c", "é\u2028x"]):
        r = client.create_run(experiment, start_time=1000 + n, tags={"mlflow.runName": name, "t": name})
        client.log_batch(
            r.info.run_id,
            metrics=[Metric("m", v, 1700000000000 + i, i - 2) for i, v in enumerate([1.0, 0.1, 1e22, 1e-7, -0.0, 5e-324])]
            + [Metric("specials/" + k, float(k), 5, 0) for k in ("nan", "inf", "-inf")] + [Metric("twice", 1, 1, 1)] * 2,
            params=[Param("p", name), Param("in/folder", ""), Param("long", "x" * 250)],
            tags=[RunTag("u", " spaces ")],
        )
        if n % 3 == 1:
            client.set_terminated(r.info.run_id, "FAILED", end_time=2000)
        if n % 3 == 2:
            client.delete_run(r.info.run_id)
    client.delete_experiment(client.create_experiment("deleted by mlflow"))


def change():
    """Goes on with what mlstore has made."""
    experiment = client.get_experiment_by_name("from mlstore")
    runs = client.search_runs([experiment.experiment_id], "metrics.m > 0.5 and params.p = 'yes'")
    assert len(runs) == 1, runs
    r = runs[0].info.run_id
    client.log_metric(r, "m", 0.25, timestamp=9, step=9)
    client.log_param(r, "from mlflow", "1")
    client.set_tag(r, "t", "changed by mlflow")
    client.delete_tag(r, "gone")
    client.set_terminated(r, end_time=77)
    client.set_experiment_tag(experiment.experiment_id, "by", "mlflow")
    others = client.search_runs([experiment.experiment_id], "params.p = 'to delete'")
    client.delete_run(others[0].info.run_id)
    client.rename_experiment(client.get_experiment_by_name("to rename").experiment_id, "renamed by mlflow")
    client.delete_experiment(client.get_experiment_by_name("to delete").experiment_id)
    client.restore_experiment(client.get_experiment_by_name("to restore").experiment_id)


{"write": write, "change": change, "show": lambda: None}[what]()
with open(answer, "w", encoding="utf-8") as out:
    json.dump(shown(), out)
