"""Writes something of everything."""

from mlflow.entities import Metric, Param, RunTag

from show import MAJOR

NAMES = ["plain", "Ünïcödé \"d\" #1", "0123", "null", " spaced ", "emoji 🎉", "line\nbreak", "back\\slash\t", "100%", "x" * 150]
VALUES = [
    0.0, -0.0, 1.0, 0.1, 1 / 3, 1e22, 1e-7, 5e-324, 1.7976931348623157e308, 123456789.123456789, float("nan"), float("inf"),
    float("-inf"), -1.5, 2.0**53 + 2,
]
TEXTS = {
    "plain": "x", "newline": "a\nb", "unicode": "Ünïcödé 🎉 日本語", "spaces": "  x  ", "quotes": "'\"`", "folder/deep/key": "deep",
    "dots.in.key": "d", "dash-and_underscore": "u", "yaml": "{a: [1, 2]}", "number": "017", "None": "None", "long": "ü" * 250,
}


def write(client):
    for i, name in enumerate(NAMES):
        client.create_experiment(name, tags={"n": str(i), "a/b": "ü\nx"} if i % 3 == 0 else None)
    for name in ("deleted", "restored", "renamed"):
        e = client.create_experiment(name, tags={"was": name})
        client.log_metric(client.create_run(e).info.run_id, "m", 1.0, timestamp=5, step=1)
        gone = client.create_run(e).info.run_id
        client.delete_run(gone)
        if name == "renamed":
            client.rename_experiment(e, "now " + name)
            continue
        client.delete_experiment(e)
        if name == "restored":
            client.restore_experiment(e)
    values(client, client.create_experiment("runs"))
    searched(client, client.create_experiment("searched"))
    if MAJOR >= 3:
        lineage(client, client.create_experiment("lineage"))
    registry(client)


def values(client, e):
    r = client.create_run(e, start_time=1600000000123).info.run_id
    for i, value in enumerate(VALUES):
        client.log_metric(r, "value %d" % i, value, timestamp=1600000000000 + i, step=i)
    for step in (0, -(2**63), 7, 2**63 - 1, -5, 7):
        client.log_metric(r, "steps", step / 7, timestamp=1, step=step)
    for value in (1.0, 3.0, 2.0, 3.0, float("-inf")):
        client.log_metric(r, "tie", value, timestamp=4, step=4)
    client.log_batch(
        r,
        metrics=[Metric("many", 1 / (n + 1), 1600000000000 + n, n) for n in range(900)],
        params=[Param(k, v) for k, v in TEXTS.items()],
        tags=[RunTag(k, v) for k, v in TEXTS.items()] + [RunTag("very long", "x" * 4900)],
    )
    client.set_tag(r, "gone", "x")
    client.delete_tag(r, "gone")
    client.set_terminated(r, end_time=1600000009999)


def searched(client, e):
    for i, score in enumerate([0.5, 0.25, 0.75, float("nan"), float("inf"), float("-inf"), None, 0.5, -1.0]):
        r = client.create_run(e, start_time=1650000000000 + 100 * (i % 4)).info.run_id
        if score is not None:
            client.log_metric(r, "score", score, timestamp=1, step=1)
        client.log_param(r, "kind", "odd" if i % 2 else "Even %d" % i)
        client.set_tag(r, "group", "abc"[i % 3])
        if i % 4 == 0:
            client.set_tag(r, "only some", "x")
        if i % 3 == 0:
            client.set_terminated(r, "FAILED", end_time=1650000001000 + i)


def lineage(client, e):
    from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput

    r = client.create_run(e, run_name="lineage").info.run_id
    used = [
        DatasetInput(Dataset("iris", "d%d" % n, "local", "{}", schema="{}" if n else None), [InputTag("mlflow.data.context", "training")])
        for n in range(3)
    ]
    made = client.create_logged_model(e, name="made", source_run_id=r, params={"p": "1"}, tags={"t": "u"}, model_type="linear")
    read = client.create_logged_model(e, name="read")
    client.finalize_logged_model(made.model_id, "READY")
    client.log_inputs(r, datasets=used, models=[LoggedModelInput(read.model_id)])
    client.log_outputs(r, models=[LoggedModelOutput(made.model_id, 3)])
    client.log_metric(r, "acc", 0.5, timestamp=7, step=3, model_id=made.model_id)
    client.log_metric(r, "acc", 0.75, timestamp=8, step=4, model_id=made.model_id)


def registry(client):
    client.create_registered_model("theirs", tags={"team": "ü: '\"#", "a.b-c d": "yes"}, description="two\nlines: 'x' \"y\"")
    for n in range(4):
        client.create_model_version(
            "theirs", "s3://bucket/model?x=%d" % n, run_id="r%d" % n if n else None, tags={"n": str(n)} if n % 2 else None,
            run_link="http://h/#/r" if n else None, description="nr: %d" % n if n else None,
        )
    if MAJOR >= 2:
        for alias, version in (("champion", "2"), ("challenger", "3"), ("gone", "4")):
            client.set_registered_model_alias("theirs", alias, version)
    client.transition_model_version_stage("theirs", "1", "Production")
    client.transition_model_version_stage("theirs", "2", "production", archive_existing_versions=True)
    client.transition_model_version_stage("theirs", "3", "Staging")
    client.delete_model_version("theirs", "4")
    client.create_registered_model("plain")
    client.create_model_version("plain", "dbfs:/some/folder")
    client.rename_registered_model("plain", "now another")


ACTS = {"write": write}
