"""Shows a whole tracking store through MLflow's client."""

import hashlib
import os

import mlflow
from mlflow.entities import ViewType

MAJOR = int(mlflow.__version__.split(".")[0])


def show(client, searches=(), orders=()):
    experiments = {}
    for e in client.search_experiments(view_type=ViewType.ALL, max_results=1000):
        experiments[e.experiment_id] = {
            "name": e.name,
            "location": e.artifact_location,
            "lifecycle": e.lifecycle_stage,
            "created": e.creation_time or 0,
            "updated": e.last_update_time or 0,
            "tags": dict(e.tags),
            "runs": {
                run.info.run_id: show_run(client, run)
                for run in client.search_runs([e.experiment_id], "", ViewType.ALL, max_results=1000)
            },
            "models": logged_models(client, e.experiment_id),
        }
    active = [e.experiment_id for e in client.search_experiments(max_results=1000) if e.name in ("searched", "lineage")]
    return {
        "experiments": experiments,
        "searches": [
            attempt(q, lambda q: [run.info.run_id for run in client.search_runs(active, q["filter"], q["view"], 1000, q["order"])])
            for q in searches or ()
        ],
        "orders": [
            attempt(q, lambda q: [e.name for e in client.search_experiments(q["view"], 1000, q["filter"], q["order"])])
            for q in orders or ()
        ],
    }


def attempt(query, search):
    """What a search finds; in place of it the error where MLflow refuses it."""
    try:
        return search(query)
    except mlflow.exceptions.MlflowException as e:
        return ["refused: %s" % e]


def show_run(client, found):
    run = client.get_run(found.info.run_id)
    if MAJOR >= 2 and run.to_dictionary() != found.to_dictionary() and "nan" not in str(run.data.metrics):
        raise AssertionError("get_run: %s, search_runs: %s" % (run.to_dictionary(), found.to_dictionary()))
    inputs = getattr(run, "inputs", None)
    outputs = getattr(run, "outputs", None)
    return {
        "name": run.info.run_name,
        "user": run.info.user_id,
        "status": run.info.status,
        "start": run.info.start_time or 0,
        "end": run.info.end_time or 0,
        "artifact_uri": run.info.artifact_uri,
        "lifecycle": run.info.lifecycle_stage,
        "latest": {key: repr(float(value)) for key, value in run.data.metrics.items()},
        "history": {
            key: [[repr(float(m.value)), m.step, m.timestamp] for m in client.get_metric_history(run.info.run_id, key)]
            for key in run.data.metrics
        },
        "params": dict(run.data.params),
        "tags": dict(run.data.tags),
        "datasets": [show_dataset(d) for d in inputs.dataset_inputs] if inputs else [],
        "inputs": [m.model_id for m in getattr(inputs, "model_inputs", None) or []],
        "outputs": [[m.model_id, m.step] for m in outputs.model_outputs] if outputs else [],
        "artifacts": artifacts(client, run.info),
    }


def show_dataset(used):
    d = used.dataset
    return {
        "name": d.name,
        "digest": d.digest,
        "source_type": d.source_type,
        "source": d.source,
        "schema": d.schema or "",
        "profile": d.profile or "",
        "tags": {tag.key: tag.value for tag in used.tags},
    }


def artifacts(client, info, folder=None):
    """Sizes and digests of all artifacts of a run."""
    shown = {}
    for f in client.list_artifacts(info.run_id, folder):
        if f.is_dir:
            shown.update(artifacts(client, info, f.path))
            continue
        with open(client.download_artifacts(info.run_id, f.path), "rb") as opened:
            shown[f.path] = [f.file_size, hashlib.sha256(opened.read()).hexdigest()]
    return shown


def logged_models(client, experiment):
    if MAJOR < 3:
        return {}
    if not [e for e in client.search_experiments(max_results=1000) if e.experiment_id == experiment]:
        return {}
    return {
        m.model_id: {
            "name": m.name,
            "type": m.model_type or "",
            "run": m.source_run_id or "",
            "artifact_uri": m.artifact_location,
            "status": str(m.status),
            "message": m.status_message or "",
            "created": m.creation_timestamp,
            "updated": m.last_updated_timestamp,
            "params": dict(m.params),
            "tags": dict(m.tags),
            "metrics": [
                [x.key, repr(float(x.value)), x.step, x.timestamp, x.run_id, x.dataset_name or "", x.dataset_digest or ""]
                for x in m.metrics or []
            ],
        }
        for m in client.search_logged_models([experiment], max_results=100)
    }


ACTS = {"show": show}
