"""The work of the benchmarks, timed where it is done: seconds."""

import time

from mlflow.entities import Metric, Param, RunTag


def log_metric(client, points):
    run = client.create_run("0").info.run_id
    client.log_metric(run, "loss", 1.0, step=0)
    begin = time.perf_counter()
    for n in range(1, points + 1):
        client.log_metric(run, "loss", 1 / n, step=n)
    return time.perf_counter() - begin


def log_batch(client, batches):
    now = 1600000000000
    work = [(
        client.create_run("0").info.run_id,
        [Metric("m%d" % (n % 100), 1 / (n + 1), now + n, n) for n in range(1000)],
        [Param("p%d" % n, str(n)) for n in range(100)],
        [RunTag("t%d" % n, str(n)) for n in range(100)],
    ) for _ in range(batches)]
    begin = time.perf_counter()
    for run, metrics, params, tags in work:
        client.log_batch(run, metrics, params, tags)
    return time.perf_counter() - begin


def search(client, filter, order, limit):
    begin = time.perf_counter()
    found = client.search_runs(["0"], filter, max_results=limit, order_by=order)
    return [time.perf_counter() - begin, [run.info.run_id for run in found]]


ACTS = {"bench log metric": log_metric, "bench log batch": log_batch, "bench search": search}
