"""Shows all that a database holds through MLflow's client."""

import mlflow
from mlflow.entities import ViewType

MAJOR = int(mlflow.__version__.split(".")[0])


def show(client, searches=(), experiments=(), versions=()):
    found = client.search_experiments(view_type=ViewType.ALL, max_results=1000)
    active = [e.experiment_id for e in found if e.lifecycle_stage == "active"]
    return {
        "experiments": {e.experiment_id: show_experiment(client, e) for e in found},
        "models": {m.name: show_model(client, m) for m in client.search_registered_models(max_results=1000)},
        "runs_found": [
            [r.info.run_id for r in client.search_runs(active, q["filter"], q["view"], 1000, q["order"])] for q in searches or ()
        ],
        "experiments_found": [
            [e.name for e in client.search_experiments(q["view"], 1000, q["filter"], q["order"])] for q in experiments or ()
        ],
        "versions_found": [
            ["%s/%s" % (v.name, v.version) for v in client.search_model_versions(q["filter"], 1000, q["order"])]
            for q in versions or ()
        ],
    }


def show_experiment(client, e):
    return {
        "name": e.name, "location": e.artifact_location, "lifecycle": e.lifecycle_stage, "created": e.creation_time or 0,
        "updated": e.last_update_time or 0, "tags": dict(e.tags),
        "runs": {
            r.info.run_id: show_run(client, r) for r in client.search_runs([e.experiment_id], "", ViewType.ALL, max_results=1000)
        },
        "models": show_logged(client, e) if MAJOR >= 3 and e.lifecycle_stage == "active" else {},
    }


def show_run(client, found):
    run = client.get_run(found.info.run_id)
    inputs, outputs = getattr(run, "inputs", None), getattr(run, "outputs", None)
    return {
        "name": run.info.run_name, "user": run.info.user_id, "status": run.info.status, "start": run.info.start_time or 0,
        "end": run.info.end_time or 0, "artifact_uri": run.info.artifact_uri, "lifecycle": run.info.lifecycle_stage,
        "latest": {key: repr(float(value)) for key, value in run.data.metrics.items()},
        "history": {
            key: [[repr(float(m.value)), m.step, m.timestamp] for m in client.get_metric_history(run.info.run_id, key)]
            for key in run.data.metrics
        },
        "params": dict(run.data.params), "tags": dict(run.data.tags),
        "datasets": [show_dataset(d) for d in inputs.dataset_inputs] if inputs else [],
        "inputs": [m.model_id for m in getattr(inputs, "model_inputs", None) or []],
        "outputs": [[m.model_id, m.step] for m in outputs.model_outputs] if outputs else [],
    }


def show_dataset(used):
    d = used.dataset
    return {
        "name": d.name, "digest": d.digest, "source_type": d.source_type, "source": d.source, "schema": d.schema or "",
        "profile": d.profile or "", "tags": {tag.key: tag.value for tag in used.tags},
    }


def show_logged(client, e):
    return {
        m.model_id: {
            "name": m.name, "type": m.model_type or "", "run": m.source_run_id or "", "artifact_uri": m.artifact_location,
            "status": str(m.status), "created": m.creation_timestamp, "updated": m.last_updated_timestamp,
            "params": dict(m.params), "tags": dict(m.tags),
            "metrics": [[x.key, repr(float(x.value)), x.step, x.timestamp, x.run_id] for x in latest(m.metrics or [])],
        }
        for m in client.search_logged_models([e.experiment_id], max_results=100)
    }


def latest(metrics):
    """The latest point of each metric and run: MLflow lists all."""
    best = {}
    for x in sorted(metrics, key=lambda x: (x.step, x.timestamp, x.value)):
        best[x.key, x.run_id] = x
    return best.values()


def show_model(client, m):
    versions = client.search_model_versions("name = '%s'" % m.name)
    there = {int(v.version) for v in versions}
    aliases = {k: int(v) for k, v in dict(getattr(m, "aliases", None) or {}).items()}
    # Until 2.22 MLflow leaves the aliases of a version that it deletes.
    aliases = {k: v for k, v in aliases.items() if v in there}
    return {
        "description": m.description or "", "tags": dict(m.tags), "created": m.creation_timestamp,
        "updated": m.last_updated_timestamp, "aliases": aliases,
        "latest": {v.current_stage: int(v.version) for v in m.latest_versions},
        "versions": {
            str(v.version): {
                "source": v.source, "stage": v.current_stage, "description": v.description or "", "run": v.run_id or "",
                "link": v.run_link or "", "tags": {k: t for k, t in v.tags.items() if k != "mlstore.modelId"},
                "aliases": sorted(alias for alias, number in aliases.items() if number == int(v.version)),
                "status": v.status, "created": v.creation_timestamp, "updated": v.last_updated_timestamp,
                "user": v.user_id or "",
            }
            for v in versions
        },
    }


ACTS = {"show": show}
