"""Changes what somebody else has written."""


def change(client, run, deleted, experiment, trashed):
    """Does everything to a run and an experiment; restores the deleted ones and deletes them again, with new tags."""
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
    client.log_text(run, "their text", "theirs/text.txt")
    client.set_terminated(run, "FAILED", end_time=1800000000999)
    client.restore_run(deleted)
    client.log_metric(deleted, "after", 1.0, timestamp=1, step=1)
    client.delete_run(deleted)
    client.rename_experiment(experiment, "renamed by MLflow")
    client.set_experiment_tag(experiment, "theirs", "tag")
    client.restore_experiment(trashed)
    client.set_experiment_tag(trashed, "theirs", "restored")
    run = client.create_run(trashed, run_name="made by MLflow", start_time=17).info.run_id
    client.log_metric(run, "loss", 1.0, timestamp=1, step=1)
    client.delete_experiment(experiment)
    return run


def append(client, run, points, start, rename=False):
    """Appends points to a metric that others write too and to one of its own, with params and tags.

    Renaming the run rewrites its meta.yaml, which MLflow does in place.
    """
    for n in range(start, start + points):
        client.log_metric(run, "shared", n + 0.5, timestamp=1600000000000 + n, step=n)
        client.log_metric(run, "theirs", n + 0.5, timestamp=1600000000000 + n, step=n)
        if n % 10 == 0:
            client.log_param(run, "theirs %d" % n, n)
            client.set_tag(run, "theirs", str(n))
            client.set_tag(run, "theirs %d" % n, str(n))
        if rename:
            client.update_run(run, name="name %d" % n)


def race(client, run, points):
    for n in range(points):
        client.log_metric(run, "race", n + 0.5, timestamp=1600000000000, step=n)


ACTS = {"append": append, "change": change, "race": race}
