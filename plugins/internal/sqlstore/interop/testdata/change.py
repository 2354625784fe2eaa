"""Changes what somebody else has written, and writes while others do."""


def change(client, run, deleted, experiment, trashed):
    """Does everything to a run and an experiment; restores the deleted ones."""
    client.log_metric(run, "loss", 0.125, timestamp=1800000000000, step=100)
    client.log_metric(run, "new/metric", float("nan"), timestamp=1800000000000, step=-1)
    client.log_param(run, "theirs", "ü\nx")
    client.log_param(run, "lr", "0.1")  # as it is
    try:
        client.log_param(run, "lr", "0.2")
    except Exception as e:
        assert "Changing param values is not allowed" in str(e), e
    else:
        raise AssertionError("a param changed")
    client.set_tag(run, "theirs", "tag")
    client.set_tag(run, "replaced", "by MLflow")
    client.delete_tag(run, "removed")
    client.update_run(run, name="renamed by MLflow")
    client.set_terminated(run, "FAILED", end_time=1800000000999)
    client.restore_run(deleted)
    client.log_metric(deleted, "after", 1.0, timestamp=1, step=1)
    client.delete_run(deleted)
    client.rename_experiment(experiment, "renamed by MLflow")
    client.set_experiment_tag(experiment, "theirs", "tag")
    client.restore_experiment(trashed)
    client.set_experiment_tag(trashed, "theirs", "restored")
    made = client.create_run(trashed, run_name="made by MLflow", start_time=17).info.run_id
    client.log_metric(made, "loss", 1.0, timestamp=1, step=1)
    client.delete_experiment(experiment)


def change_models(client):
    client.update_registered_model("ours", "changed by MLflow")
    client.set_registered_model_tag("ours", "new/tag", "1")
    client.delete_registered_model_tag("ours", "gone")
    client.set_registered_model_alias("ours", "champion", "1")
    client.delete_registered_model_alias("ours", "second")
    v = client.create_model_version("ours", "s3://b/by-mlflow")
    assert int(v.version) == 5, v.version  # 4 was deleted: its number is not used again
    client.set_model_version_tag("ours", "5", "t", "v")
    client.update_model_version("ours", "2", "changed")
    client.transition_model_version_stage("ours", "5", "Production", archive_existing_versions=True)
    client.delete_model_version("ours", "3")
    client.rename_registered_model("short-lived", "long-lived")
    client.delete_registered_model("long-lived")


def append(client, run, points, model):
    """Appends points to a metric that others write too and to one of its own, and registers versions."""
    for n in range(points):
        client.log_metric(run, "shared", n + 0.5, timestamp=1600000000000 + n, step=n)
        client.log_metric(run, "theirs", n + 0.5, timestamp=1600000000000 + n, step=n)
        if n % 10 == 0:
            client.log_param(run, "theirs %d" % n, n)
            client.set_tag(run, "theirs", str(n))
            client.create_model_version(model, "s3://theirs/%d" % n)


ACTS = {"append": append, "change": change, "change_models": change_models}
