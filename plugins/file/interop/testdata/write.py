"""Writes experiments and runs with every kind of value."""

import mlflow
from mlflow.entities import Metric, Param, RunTag

from show import MAJOR

NAMES = [
    "plain", "Ünïcödé: 'q' \"d\" #1", "0123", "1e3", "null", "1:30", "2020-01-01", " spaced ", "[a, b]", "emoji 🎉", "line\nbreak",
    "back\\slash\t\u2028", "%percent", "#hash: ", "x" * 150,
]
VALUES = [
    0.0, -0.0, 1.0, 0.1, 1 / 3, 1e22, 1e16, 1e15, 1e-7, 1e-5, 5e-324, 1.7976931348623157e308, 123456789.123456789,
    float("nan"), float("inf"), float("-inf"), -1.5, 2.0**53 + 2,
]
TEXTS = {
    "plain": "x", "empty": "", "newline": "a\nb", "newlines at the end": "a\n\n", "only newline": "\n", "unicode": "Ünïcödé 🎉 日本語",
    "spaces": "  x  ", "quotes": "'\"`", "tab": "\ta\t", "percent": "100%", "folder/deep/key": "deep", "folder/other": "other",
    "dots.in.key": "d", "dash-and_underscore": "u", "ünï": "k", "yaml": "{a: [1, 2]}", "separator": "a\u2028b\u0085c",
    "number": "017", "None": "None", "long": "ü" * 250,
}
ARTIFACTS = {
    "plain.txt": "text", "empty": "", "dir/sub/ünï cødé 🎉.txt": "ü", ".hidden": "h", "dir/..dots": "d", "a&b=c;d,e.txt": "s",
    "'q' \"d\".txt": "q", "[x]{y}(z)!.txt": "b", "space ": "trailing", "back~tick`$HOME": "t", "dir/big.bin": "0123456789" * 30000,
}


def write(client):
    for i, name in enumerate(NAMES):
        if MAJOR >= 2:
            name = name.replace("'", "´")  # it looks for the name in a search, which stumbles over the quote
        client.create_experiment(name, tags={"n": str(i), "empty": "", "a/b": "ü\nx", "other.key -": "yes"} if i % 3 == 0 else None)
    far = client.create_experiment("elsewhere", artifact_location=client_root(client) + "/../elsewhere")
    client.log_text(client.create_run(far, run_name="far").info.run_id, "far away", "far.txt")
    for name in ("deleted", "restored", "renamed", "renamed and deleted"):
        e = client.create_experiment(name, tags={"was": name})
        kept = client.create_run(e, run_name="kept").info.run_id
        gone = client.create_run(e, run_name="gone").info.run_id
        client.log_metric(kept, "m", 1.0, timestamp=5, step=1)
        client.delete_run(gone)
        if "renamed" in name:
            client.rename_experiment(e, "now " + name)
        if "deleted" in name or name == "restored":
            client.delete_experiment(e)
        if name == "restored":
            client.restore_experiment(e)
    e = client.create_experiment("runs")
    values(client, e)
    for name in NAMES:
        client.create_run(e, start_time=3, run_name=name)
    searched(client, client.create_experiment("searched"))
    fluent(client)
    if MAJOR >= 2:
        lineage(client, client.create_experiment("lineage"))
    client.set_experiment_tag(e, "late", "tag")


def client_root(client):
    return client._tracking_client.store.root_directory


def values(client, e):
    r = client.create_run(e, start_time=1600000000123, run_name="values").info.run_id
    for i, value in enumerate(VALUES):
        client.log_metric(r, "value %d" % i, value, timestamp=1600000000000 + i, step=i)
    for step in (0, -(2**63), 7, 2**63 - 1, -5, 7):
        client.log_metric(r, "steps", step / 7, timestamp=1, step=step)
    for timestamp in (3, 0, 2**53, 9):
        client.log_metric(r, "times", timestamp / 3, timestamp=timestamp, step=1)
    for value in (1.0, 3.0, 2.0, 3.0, float("-inf")):
        client.log_metric(r, "tie", value, timestamp=4, step=4)
    for _ in range(3):
        client.log_metric(r, "repeated", 0.5, timestamp=1, step=1)
    for key in ("deep/down/here", "deep/other", "with.dots", "with space", "with-dash_", "ünï", "x" * 200, "a/b c/d.e"):
        client.log_metric(r, key, 1.0, timestamp=1, step=1)
    for start in range(0, 3000, 1000):
        client.log_batch(r, metrics=[Metric("many", 1 / (n + 1), 1600000000000 + n, n) for n in range(start, start + 1000)])
    client.log_batch(
        r,
        metrics=[Metric("batch", float(n), n, n) for n in range(10)],
        params=[Param(k, v) for k, v in TEXTS.items()],
        tags=[RunTag(k, v) for k, v in TEXTS.items()] + [RunTag("very long", "x" * 4900)],
    )
    client.log_param(r, "single", 17)
    client.log_param(r, "single", "17")
    client.set_tag(r, "single", "first")
    client.set_tag(r, "single", "second")
    client.set_tag(r, "gone", "x")
    client.delete_tag(r, "gone")
    for path, text in ARTIFACTS.items():
        client.log_text(r, text, path)
    client.set_terminated(r, end_time=1600000009999)
    r = client.create_run(e, start_time=5, run_name="nothing").info.run_id


def life(client, e):
    for i, status in enumerate(("FINISHED", "FAILED", "KILLED", "SCHEDULED", "RUNNING")):
        r = client.create_run(e, start_time=1700000000000 + i, tags={"mlflow.user": "me", "mlflow.runName": "is " + status}).info.run_id
        if status in ("SCHEDULED", "RUNNING"):
            client.update_run(r, status)
        else:
            client.set_terminated(r, status, end_time=1700000000500 + i)
        client.create_run(e, start_time=1700000001000, tags={"mlflow.parentRunId": r, "level": str(i)})
    r = client.create_run(e, start_time=2, run_name="deleted").info.run_id
    client.log_metric(r, "m", 2.0, timestamp=1, step=1)
    client.delete_run(r)
    r = client.create_run(e, start_time=2, run_name="restored").info.run_id
    client.delete_run(r)
    client.restore_run(r)
    r = client.create_run(e, start_time=2, run_name="old name").info.run_id
    client.update_run(r, name="new name")
    r = client.create_run(e, start_time=2, run_name="old name").info.run_id
    client.set_tag(r, "mlflow.runName", "named by tag")


def searched(client, e):
    life(client, e)
    scores = [0.5, 0.25, 0.75, float("nan"), float("inf"), float("-inf"), None, 0.5, -1.0]
    for i, score in enumerate(scores):
        r = client.create_run(e, start_time=1650000000000 + 100 * (i % 4), run_name="searched %d" % i).info.run_id
        if score is not None:
            client.log_metric(r, "score", 100.0, timestamp=1, step=0)
            client.log_metric(r, "score", score, timestamp=1, step=1)
            client.log_metric(r, "deep/score", score, timestamp=1, step=1)
        if i % 2:
            client.log_param(r, "kind", "odd")
        elif i:
            client.log_param(r, "kind", "Even %d" % i)
        client.set_tag(r, "group", "abc"[i % 3])
        client.set_tag(r, "a b/c.d", str(i))


def fluent(client):
    mlflow.set_experiment("fluent")
    with mlflow.start_run(run_name="parent", tags={"t": "v"}):
        mlflow.log_params({"lr": 0.1, "on": True, "none": None})
        mlflow.log_metrics({"loss": 0.5, "acc": 0.9}, step=3)
        with mlflow.start_run(nested=True):
            mlflow.log_metric("loss", 0.25)
            mlflow.set_tags({"inner": 1})
            mlflow.log_dict({"a": [1, "ü"]}, "conf/a.json")
    try:
        with mlflow.start_run(run_name="raises"):
            raise ValueError
    except ValueError:
        pass


def lineage(client, e):
    from mlflow.entities import Dataset, DatasetInput, InputTag

    r = client.create_run(e, run_name="lineage").info.run_id
    other = client.create_run(e, run_name="other").info.run_id
    data = [
        Dataset("iris", "d1", "local", '{"uri": "/tmp/iris: x"}', schema='{"a": "ü"}', profile='{"rows": 150}'),
        Dataset("1:30", "0123", "code", "line\nbreak", schema=None, profile=None),
    ]
    client.log_inputs(r, [
        DatasetInput(data[0], [InputTag("mlflow.data.context", "training"), InputTag("a/b", "yes: no")]),
        DatasetInput(data[1], []),
    ])
    client.log_inputs(other, [DatasetInput(data[0], [InputTag("mlflow.data.context", "evaluation")])])
    if MAJOR < 3:
        return
    from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus

    made = client.create_logged_model(
        e, name="made", source_run_id=r, tags={"t": "ü: x", "empty": ""}, params={"p": "017", "q": "a\nb"}, model_type="yes")
    client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
    client.set_logged_model_tags(made.model_id, {"late": "v"})
    pending = client.create_logged_model(e)
    failed = client.create_logged_model(e, name="failed")
    client.finalize_logged_model(failed.model_id, LoggedModelStatus.FAILED)
    gone = client.create_logged_model(e, name="gone")
    client.delete_logged_model(gone.model_id)
    client.log_outputs(r, [LoggedModelOutput(made.model_id, 3), LoggedModelOutput(pending.model_id, 0)])
    client.log_inputs(other, models=[LoggedModelInput(made.model_id)])
    client.log_metric(r, "acc", 0.5, timestamp=1, step=1, model_id=made.model_id)
    client.log_metric(r, "acc", 0.75, timestamp=2, step=2, model_id=made.model_id)
    client.log_metric(other, "on data", 0.25, timestamp=2, step=0, model_id=made.model_id, dataset_name="iris", dataset_digest="d1")


ACTS = {"write": write}
