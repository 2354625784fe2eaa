"""Walks through MLflow's Python client against servers: python client.py NAME=URL ...

Each step is a function of the fluent API, or a job that takes several. It prints a line of JSON for each step and server:
{"store", "step", "verdict": "yes", "no", "absent" or "lacking", "error"}. What the release does not have is absent,
what the server says that its store does not have is lacking.
"""

import json
import logging
import math
import os
import sys
import tempfile
import traceback
import uuid
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType
from mlflow.exceptions import MlflowException, RestException
from mlflow.tracking import MlflowClient

logging.getLogger("mlflow").setLevel(logging.ERROR)
MAJOR = int(mlflow.__version__.split(".")[0])
STEPS = []


class Absent(Exception):
    """The release lacks what a step is about."""


def step(name):
    def add(function):
        STEPS.append((name, function))
        return function

    return add


def need(condition):
    if not condition:
        raise Absent()


def same(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def refused(code, call):
    try:
        call()
    except RestException as e:
        same(e.error_code, code)
    except MlflowException as e:
        same(e.error_code, code)
    else:
        raise AssertionError(f"not refused with {code}")


class World:
    """What the steps on one server share."""

    def __init__(self, url):
        self.url = url
        self.client = MlflowClient(url, url)
        self.dir = tempfile.mkdtemp()
        self.tag = uuid.uuid4().hex[:8]
        self.experiment = None
        self.run_id = None

    def name(self, what):
        return f"{what}-{self.tag}"

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def run(self):
        return self.client.get_run(self.run_id)

    def download(self, run_id, path):
        if hasattr(mlflow, "artifacts"):
            return mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=path)
        return self.client.download_artifacts(run_id, path)


# The module `mlflow`.


@step("`mlflow.set_tracking_uri`, `mlflow.get_tracking_uri`")
def _(w):
    mlflow.set_tracking_uri(w.url)
    same(mlflow.get_tracking_uri(), w.url)


@step("`mlflow.set_registry_uri`, `mlflow.get_registry_uri`")
def _(w):
    mlflow.set_registry_uri(w.url)
    same(mlflow.get_registry_uri(), w.url)


@step("`mlflow.create_experiment`")
def _(w):
    w.experiment = mlflow.create_experiment(w.name("größe 1"), tags={"k": "v"})
    refused("RESOURCE_ALREADY_EXISTS", lambda: mlflow.create_experiment(w.name("größe 1")))


@step("`mlflow.get_experiment`")
def _(w):
    e = mlflow.get_experiment(w.experiment)
    same((e.name, e.lifecycle_stage, e.tags.get("k")), (w.name("größe 1"), "active", "v"))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_experiment("987654321"))


@step("`mlflow.get_experiment_by_name`")
def _(w):
    same(mlflow.get_experiment_by_name(w.name("größe 1")).experiment_id, w.experiment)
    same(mlflow.get_experiment_by_name(w.name("absent")), None)


@step("`mlflow.set_experiment`")
def _(w):
    mlflow.set_experiment(w.name("new"))
    mlflow.set_experiment(w.name("größe 1"))


@step("`mlflow.search_experiments`")
def _(w):
    need(hasattr(mlflow, "search_experiments"))
    found = mlflow.search_experiments(filter_string=f"name LIKE '%{w.tag}'", order_by=["name DESC"])
    same([e.name for e in found], [w.name("new"), w.name("größe 1")])


@step("`mlflow.set_experiment_tag`, `mlflow.set_experiment_tags`")
def _(w):
    need(hasattr(mlflow, "set_experiment_tag"))
    mlflow.set_experiment_tag("a", 1)
    mlflow.set_experiment_tags({"b": "2", "c": "3"})
    tags = mlflow.get_experiment(w.experiment).tags
    same([tags[k] for k in "abck"], ["1", "2", "3", "v"])


@step("`mlflow.start_run`, `mlflow.active_run`, `mlflow.ActiveRun`")
def _(w):
    with mlflow.start_run(run_name="first") as run:
        w.run_id = run.info.run_id
        same(mlflow.active_run().info.run_id, w.run_id)
        assert isinstance(run, mlflow.ActiveRun)
        same(w.run().info.status, "RUNNING")
    same(mlflow.active_run(), None)
    same((w.run().info.status, w.run().data.tags["mlflow.runName"]), ("FINISHED", "first"))
    assert w.run().info.end_time >= w.run().info.start_time


@step("`mlflow.end_run`")
def _(w):
    run = mlflow.start_run()
    mlflow.end_run("FAILED")
    same(w.client.get_run(run.info.run_id).info.status, "FAILED")


@step("`mlflow.start_run` of a run that has ended")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        same(w.run().info.status, "RUNNING")
    same(w.run().info.status, "FINISHED")


@step("`mlflow.start_run` nested")
def _(w):
    with mlflow.start_run(run_name="parent") as parent:
        for i in range(2):
            with mlflow.start_run(run_name=f"child {i}", nested=True):
                mlflow.log_metric("depth", i)
    found = w.client.search_runs([w.experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.depth"])
    same([r.data.tags["mlflow.runName"] for r in found], ["child 0", "child 1"])


@step("`mlflow.log_param`")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        mlflow.log_param("a/b", 1)
        mlflow.log_param("a/b", 1)
        refused("INVALID_PARAMETER_VALUE", lambda: mlflow.log_param("a/b", 2))
        mlflow.log_param("none", None)
    same((w.run().data.params["a/b"], w.run().data.params["none"]), ("1", "None"))


@step("`mlflow.log_params`")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        mlflow.log_params({f"p{i}": f"größe {i}" for i in range(30)})
    same(w.run().data.params["p29"], "größe 29")


@step("`mlflow.log_metric`")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        for i in range(5):
            mlflow.log_metric("loss", 1 / (i + 1), step=i)
        mlflow.log_metric("nan", float("nan"))
        mlflow.log_metric("large", 1.7e308)
        mlflow.log_metric("small", -5e-324)
    metrics = w.run().data.metrics
    same((metrics["loss"], metrics["large"], metrics["small"]), (0.2, 1.7e308, -5e-324))
    assert math.isnan(metrics["nan"])
    history = w.client.get_metric_history(w.run_id, "loss")
    same([(m.step, m.value) for m in history], [(i, 1 / (i + 1)) for i in range(5)])


@step("`mlflow.log_metrics`")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        mlflow.log_metrics({"auc": 0.5, "f1": 0.25}, step=-3)
    same((w.run().data.metrics["auc"], w.run().data.metrics["f1"]), (0.5, 0.25))


@step("`mlflow.set_tag`, `mlflow.set_tags`")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        mlflow.set_tag("one", "a\nb")
        mlflow.set_tags({"two": "2", "empty": ""})
    tags = w.run().data.tags
    same((tags["one"], tags["two"], tags["empty"]), ("a\nb", "2", ""))


@step("`mlflow.delete_tag`")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        mlflow.delete_tag("two")
        refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.delete_tag("two"))
    assert "two" not in w.run().data.tags


@step("`mlflow.log_artifact`, `mlflow.log_artifacts`")
def _(w):
    w.file("tree/a.txt", "a")
    w.file("tree/sub/größe 1.txt", "ä")
    w.file("tree/empty", "")
    with mlflow.start_run(run_id=w.run_id):
        mlflow.log_artifact(w.file("one.txt", "one\n"))
        mlflow.log_artifact(w.file("one.txt", "one\n"), "dir/deep")
        mlflow.log_artifacts(os.path.join(w.dir, "tree"), "tree")
    found = {(f.path, f.is_dir) for f in w.client.list_artifacts(w.run_id)}
    same(found, {("one.txt", False), ("dir", True), ("tree", True)})
    sizes = {f.path: f.file_size for f in w.client.list_artifacts(w.run_id, "tree")}
    same((sizes["tree/a.txt"], sizes["tree/sub"]), (1, None))


@step("artifacts downloaded, file by file and as a tree")
def _(w):
    with open(w.download(w.run_id, "dir/deep/one.txt"), encoding="utf-8") as f:
        same(f.read(), "one\n")
    with open(os.path.join(w.download(w.run_id, "tree"), "sub", "größe 1.txt"), encoding="utf-8") as f:
        same(f.read(), "ä")


@step("artifacts of 20 MiB")
def _(w):
    path = os.path.join(w.dir, "large")
    with open(path, "wb") as f:
        f.write(os.urandom(20 << 20))
    w.client.log_artifact(w.run_id, path)
    with open(w.download(w.run_id, "large"), "rb") as got, open(path, "rb") as want:
        assert got.read() == want.read(), "other bytes came back"


@step("`mlflow.get_artifact_uri`")
def _(w):
    with mlflow.start_run(run_id=w.run_id):
        same(mlflow.get_artifact_uri("a"), w.run().info.artifact_uri + "/a")


@step("`mlflow.log_text`, `mlflow.log_dict`")
def _(w):
    need(hasattr(mlflow, "log_text"))
    with mlflow.start_run(run_id=w.run_id):
        mlflow.log_text("tëxt", "texts/a.txt")
        mlflow.log_dict({"k": [1, 2]}, "texts/d.json")
    if hasattr(mlflow, "artifacts") and hasattr(mlflow.artifacts, "load_text"):
        root = w.run().info.artifact_uri
        same(mlflow.artifacts.load_text(root + "/texts/a.txt"), "tëxt")
        same(mlflow.artifacts.load_dict(root + "/texts/d.json"), {"k": [1, 2]})


@step("`mlflow.log_input`")
def _(w):
    need(hasattr(mlflow, "log_input"))
    import pandas

    data = mlflow.data.from_pandas(pandas.DataFrame({"x": [1, 2]}), source="s3://bucket/data", name="data")
    with mlflow.start_run(run_id=w.run_id):
        mlflow.log_input(data, context="training")
        mlflow.log_input(data, context="training")
    inputs = w.run().inputs.dataset_inputs
    same([(i.dataset.name, i.tags[0].value) for i in inputs], [("data", "training")])


@step("`mlflow.get_run`")
def _(w):
    same(mlflow.get_run(w.run_id).data.metrics["auc"], 0.5)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_run("0" * 32))


@step("`mlflow.search_runs` as a data frame")
def _(w):
    frame = mlflow.search_runs([w.experiment], "metrics.auc > 0.1 and params.`a/b` = '1'", order_by=["start_time DESC"])
    same((list(frame["run_id"]), frame["metrics.auc"][0], frame["params.p3"][0]), ([w.run_id], 0.5, "größe 3"))
    same(len(mlflow.search_runs([w.experiment], "tags.one = 'nothing'")), 0)
    same(len(mlflow.search_runs([w.experiment], max_results=3)), 3)


@step("`mlflow.list_run_infos`")
def _(w):
    need(hasattr(mlflow, "list_run_infos"))
    assert w.run_id in [info.run_id for info in mlflow.list_run_infos(w.experiment)]


@step("`mlflow.delete_run`")
def _(w):
    with mlflow.start_run() as run:
        pass
    mlflow.delete_run(run.info.run_id)
    same(w.client.get_run(run.info.run_id).info.lifecycle_stage, "deleted")
    deleted = w.client.search_runs([w.experiment], run_view_type=ViewType.DELETED_ONLY)
    same([r.info.run_id for r in deleted], [run.info.run_id])
    w.client.restore_run(run.info.run_id)
    same(w.client.get_run(run.info.run_id).info.lifecycle_stage, "active")


@step("`mlflow.delete_experiment`")
def _(w):
    gone = mlflow.create_experiment(w.name("goes"))
    mlflow.delete_experiment(gone)
    same(mlflow.get_experiment(gone).lifecycle_stage, "deleted")
    w.client.restore_experiment(gone)
    w.client.rename_experiment(gone, w.name("gone"))
    same(mlflow.get_experiment(gone).name, w.name("gone"))


# Models.


def sklearn_model():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


@step("`mlflow.sklearn.log_model`, loaded back")
def _(w):
    import mlflow.sklearn

    with mlflow.start_run(run_id=w.run_id):
        mlflow.sklearn.log_model(sklearn_model(), "model", pip_requirements=["scikit-learn"])
    loaded = mlflow.sklearn.load_model(f"runs:/{w.run_id}/model")
    same(list(loaded.predict([[0.0], [3.0]])), [0, 1])


@step("`mlflow.register_model`, loaded by version")
def _(w):
    v = mlflow.register_model(f"runs:/{w.run_id}/model", w.name("größe"))
    same((str(v.version), v.status, v.run_id), ("1", "READY", w.run_id))
    loaded = mlflow.pyfunc.load_model(f"models:/{w.name('größe')}/1")
    same(list(loaded.predict([[0.0], [3.0]])), [0, 1])


@step("`log_model` with `registered_model_name`")
def _(w):
    import mlflow.sklearn

    with mlflow.start_run(run_id=w.run_id):
        mlflow.sklearn.log_model(
            sklearn_model(), "again", pip_requirements=["scikit-learn"], registered_model_name=w.name("größe")
        )
    found = w.client.search_model_versions(f"name = '{w.name('größe')}'")
    same(sorted(str(v.version) for v in found), ["1", "2"])


@step("registered models: create, rename, describe, tag, search, delete")
def _(w):
    c = w.client
    c.create_registered_model(w.name("a"), tags={"k": "v"}, description="d")
    refused("RESOURCE_ALREADY_EXISTS", lambda: c.create_registered_model(w.name("a")))
    c.rename_registered_model(w.name("a"), w.name("b"))
    c.update_registered_model(w.name("b"), description="e")
    c.set_registered_model_tag(w.name("b"), "l", "w")
    c.delete_registered_model_tag(w.name("b"), "k")
    m = c.get_registered_model(w.name("b"))
    same((m.description, m.tags), ("e", {"l": "w"}))
    found = c.search_registered_models(f"name ILIKE '%{w.tag}'", max_results=1, order_by=["name DESC"])
    same((found[0].name, bool(found.token)), (w.name("größe"), True))
    same(c.search_registered_models(f"name ILIKE '%{w.tag}'", order_by=["name DESC"], page_token=None)[-1].name, w.name("b"))
    if hasattr(c, "list_registered_models"):
        assert w.name("b") in [m.name for m in c.list_registered_models()]
    c.delete_registered_model(w.name("b"))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: c.get_registered_model(w.name("b")))


@step("model versions: create, describe, tag, stages, download URI, delete")
def _(w):
    c, name = w.client, w.name("v")
    c.create_registered_model(name)
    for _ in range(3):
        c.create_model_version(name, "s3://bucket/key", tags={"k": "v"}, await_creation_for=60)
    c.update_model_version(name, "1", "described")
    c.set_model_version_tag(name, "1", "l", "w")
    c.delete_model_version_tag(name, "1", "k")
    v = c.get_model_version(name, "1")
    same((v.description, v.tags, v.source), ("described", {"l": "w"}, "s3://bucket/key"))
    c.transition_model_version_stage(name, "1", "Production")
    c.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    latest = {v.current_stage: str(v.version) for v in c.get_latest_versions(name)}
    same(latest, {"None": "3", "Production": "2", "Archived": "1"})
    same([str(v.version) for v in c.get_latest_versions(name, ["Production"])], ["2"])
    same(c.get_model_version_download_uri(name, "2"), "s3://bucket/key")
    c.delete_model_version(name, "3")
    same(str(c.create_model_version(name, "s3://bucket/key").version), "4")


@step("model versions: aliases, copies")
def _(w):
    c, name = w.client, w.name("v")
    need(hasattr(c, "set_registered_model_alias"))
    c.set_registered_model_alias(name, "champion", "2")
    same(str(c.get_model_version_by_alias(name, "champion").version), "2")
    c.delete_registered_model_alias(name, "champion")
    refused("INVALID_PARAMETER_VALUE", lambda: c.get_model_version_by_alias(name, "champion"))
    copied = c.copy_model_version(f"models:/{w.name('größe')}/1", w.name("copy"))
    same((str(copied.version), copied.run_id), ("1", w.run_id))
    c.set_registered_model_alias(w.name("copy"), "best", "1")
    loaded = mlflow.pyfunc.load_model(f"models:/{w.name('copy')}@best")
    same(list(loaded.predict([[0.0], [3.0]])), [0, 1])


@step("logged models")
def _(w):
    need(hasattr(mlflow, "create_external_model"))
    with mlflow.start_run(run_id=w.run_id):
        m = mlflow.create_external_model(name="external", params={"p": "1"}, tags={"k": "v"})
        mlflow.log_metric("auc", 0.75, model_id=m.model_id)
        mlflow.log_model_params({"q": "2"}, model_id=m.model_id)
        mlflow.set_logged_model_tags(m.model_id, {"l": "w"})
        mlflow.delete_logged_model_tag(m.model_id, "k")
    m = mlflow.get_logged_model(m.model_id)
    same((m.params, m.tags["l"], [x.value for x in m.metrics]), ({"p": "1", "q": "2"}, "w", [0.75]))
    assert "k" not in m.tags
    found = mlflow.search_logged_models(
        [w.experiment], filter_string="name = 'external' AND metrics.auc > 0.5", output_format="list"
    )
    same([x.model_id for x in found], [m.model_id])
    w.client.finalize_logged_model(m.model_id, "READY")
    w.client.delete_logged_model(m.model_id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: w.client.get_logged_model(m.model_id))


@step("prompts")
def _(w):
    need(MAJOR >= 3 and hasattr(mlflow, "genai") and hasattr(mlflow.genai, "register_prompt"))
    p = mlflow.genai.register_prompt(w.name("prompt"), "Hello {{name}}!", tags={"k": "v"})
    mlflow.genai.set_prompt_alias(w.name("prompt"), "best", p.version)
    loaded = mlflow.genai.load_prompt(f"prompts:/{w.name('prompt')}@best")
    same((loaded.template, loaded.format(name="you")), ("Hello {{name}}!", "Hello you!"))
    assert w.name("prompt") not in [m.name for m in w.client.search_registered_models(max_results=1000)]


# The client below the fluent API.


@step("`MlflowClient.log_batch`")
def _(w):
    run = w.client.create_run(w.experiment)
    w.client.log_batch(
        run.info.run_id,
        [Metric("m", i * 0.1, 1000 + i, i) for i in range(900)],
        [Param(f"p{i}", str(i)) for i in range(50)],
        [RunTag(f"t{i}", str(i)) for i in range(50)],
    )
    got = w.client.get_run(run.info.run_id)
    same((got.data.metrics["m"], got.data.params["p49"], got.data.tags["t49"]), (899 * 0.1, "49", "49"))
    same(len(w.client.get_metric_history(run.info.run_id, "m")), 900)
    w.client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))
    same(w.client.get_run(run.info.run_id).info.status, "KILLED")


@step("`MlflowClient.search_runs` page by page")
def _(w):
    token, found = None, []
    while True:
        page = w.client.search_runs([w.experiment], order_by=["attributes.start_time ASC"], max_results=2, page_token=token)
        found += [r.info.run_id for r in page]
        token = page.token
        if not token:
            break
    same(len(found), len(set(found)))
    same(set(found), {r.info.run_id for r in w.client.search_runs([w.experiment])})


@step("`MlflowClient.update_run`")
def _(w):
    need(hasattr(w.client, "update_run"))
    w.client.update_run(w.run_id, status="FINISHED", name="renamed")
    same(w.run().data.tags["mlflow.runName"], "renamed")


@step("webhooks")
def _(w):
    need(hasattr(w.client, "create_webhook"))
    hook = w.client.create_webhook(w.name("hook"), "https://93.184.216.34/in", ["registered_model.created"])
    w.client.update_webhook(hook.webhook_id, description="d", status="DISABLED")
    got = w.client.get_webhook(hook.webhook_id)
    same((got.name, got.description, str(got.status)), (w.name("hook"), "d", "DISABLED"))
    same([h.webhook_id for h in w.client.list_webhooks()], [hook.webhook_id])
    w.client.delete_webhook(hook.webhook_id)
    same(len(w.client.list_webhooks()), 0)


def main():
    for argument in sys.argv[1:]:
        store, _, url = argument.partition("=")
        world = World(url)
        for name, function in STEPS:
            verdict, error = "yes", ""
            try:
                function(world)
            except Absent:
                verdict = "absent"
            except Exception as e:
                verdict, error = "no", traceback.format_exc()
                if getattr(e, "error_code", "") == "NOT_IMPLEMENTED":
                    verdict = "lacking"
            while mlflow.active_run():
                mlflow.end_run("KILLED")
            print(json.dumps({"store": store, "step": name, "verdict": verdict, "error": error}), flush=True)


main()
