"""Experiments, runs and metrics in dicts, under one lock."""

import secrets
import threading
import time
import uuid

import grpc
from mlstore.tracking.v1 import tracking_pb2 as pb
from mlstore.tracking.v1 import tracking_pb2_grpc
from mlstore.types.v1 import experiment_pb2, page_pb2, run_pb2

from dictstore import failure, manifest, metrics, pages, rules

ACTIVE, DELETED = "active", "deleted"
RUN_NAME = "mlflow.runName"


def now() -> int:
    return time.time_ns() // 1_000_000


class Tracking:
    """What one URI keeps. Entities are messages, and leave the store as copies."""

    capabilities = ("atomic.batch", "experiments.default", "float.inf", "float.negative_zero", "history.missing_run",
                    "metric.nan_order")
    closed = False

    def __init__(self, root: str):
        self.root, self.lock = root, threading.Lock()
        self.limits = manifest.limits()
        self.experiments: dict[str, experiment_pb2.Experiment] = {}
        self.runs: dict[str, Run] = {}
        self.add_experiment("0", pb.CreateExperimentRequest(name="Default"))

    def add_experiment(self, id: str, spec) -> experiment_pb2.Experiment:
        at = now()
        e = experiment_pb2.Experiment(
            id=id, name=spec.name, artifact_location=spec.artifact_location or f"{self.root}/{id}", lifecycle=ACTIVE,
            created_at=at, updated_at=at, tags=spec.tags)
        self.experiments[id] = e
        return e

    def experiment(self, id: str) -> experiment_pb2.Experiment:
        rules.identifier("experiment_id", id, 64)
        if id not in self.experiments:
            raise failure.missing("experiment", id)
        return self.experiments[id]

    def active_experiment(self, id: str) -> experiment_pb2.Experiment:
        e = self.experiment(id)
        if e.lifecycle != ACTIVE:
            raise failure.wrong_state(id, f"the experiment {id} is deleted")
        return e

    def named(self, name: str):
        return next((e for e in self.experiments.values() if e.name == name), None)

    def run(self, id: str) -> "Run":
        rules.identifier("run_id", id, 256)
        if id not in self.runs:
            raise failure.missing("run", id)
        return self.runs[id]

    def active_run(self, id: str) -> "Run":
        r = self.run(id)
        if r.info.lifecycle != ACTIVE:
            raise failure.wrong_state(id, f"the run {id} is deleted")
        return r


class Run:
    """A run, and every point of its metrics by key and then by order."""

    def __init__(self, info: run_pb2.RunInfo, tags: dict[str, str]):
        self.info, self.tags = info, tags
        self.params: dict[str, str] = {}
        self.points: dict[str, dict[tuple, metrics.Point]] = {}
        self.latest: dict[str, metrics.Point] = {}

    def message(self) -> run_pb2.Run:
        return run_pb2.Run(info=self.info, metrics=metrics.write(list(self.latest.items())), params=self.params, tags=self.tags)

    def log(self, key: str, point: metrics.Point) -> None:
        self.points.setdefault(key, {})[point.order()] = point
        if key not in self.latest or point.age() > self.latest[key].age():
            self.latest[key] = point

    def set_tag(self, key: str, value: str) -> None:
        self.tags[key] = value
        if key == RUN_NAME:
            self.info.name = value

    def move(self, lifecycle: str) -> None:
        if self.info.lifecycle != lifecycle:
            self.info.lifecycle = lifecycle
            self.info.deleted_at = now() if lifecycle == DELETED else 0


def shown(lifecycle: str, view: int) -> bool:
    return view == page_pb2.VIEW_ALL or (lifecycle == DELETED) == (view == page_pb2.VIEW_DELETED_ONLY)


def change_tags(tags, change) -> None:
    """All or nothing: what is to be deleted must be there."""
    for key in change.delete:
        if key not in tags:
            raise failure.missing("tag", key)
    for key in set(change.delete):
        del tags[key]


def below(location: str, *parts: str) -> str:
    """A place below an artifact location, whose query stays at the end."""
    head, mark, query = location.partition("?")
    return "/".join((head.rstrip("/"), *parts)) + mark + query


def query_of(request) -> bytes:
    """What a page token is bound to: the request without its page."""
    bound = type(request)()
    bound.CopyFrom(request)
    bound.ClearField("page")
    return bound.DESCRIPTOR.name.encode() + bound.SerializeToString(deterministic=True)


def no_search(request) -> None:
    if request.filter or request.order_by:  # the host does it, since search.native is not declared
        raise failure.Failure(grpc.StatusCode.UNIMPLEMENTED, "this store evaluates no filters and no orders")


def lifecycle_given(lifecycle: str) -> None:
    rules.refuse("lifecycle_stage", "" if lifecycle in (ACTIVE, DELETED) else "must be active or deleted")


class TrackingServicer(tracking_pb2_grpc.TrackingServiceServicer):
    """The calls. Each gets the store that its instance has opened."""

    kind = "tracking"

    def CreateExperiment(self, request, s: Tracking):
        rules.experiment_name(request.name, s.limits.experiment_name)
        rules.tags(request.tags, s.limits.key, s.limits.experiment_tag)
        if request.artifact_location:
            rules.location(request.artifact_location)
        with s.lock:
            if s.named(request.name):
                raise failure.exists("experiment", request.name)
            return pb.CreateExperimentResponse(experiment=s.add_experiment(str(len(s.experiments)), request))

    def GetExperiment(self, request, s: Tracking):
        rules.refuse("experiment_id", "" if bool(request.experiment_id) != bool(request.name) else "give the id or the name")
        with s.lock:
            e = s.experiment(request.experiment_id) if request.experiment_id else s.named(request.name)
            if e is None:
                raise failure.missing("experiment", request.name)
            return pb.GetExperimentResponse(experiment=e)

    def UpdateExperiment(self, request, s: Tracking):
        renames = request.HasField("name")
        rules.refuse("change", "" if renames != bool(request.lifecycle) else "rename, delete or restore: one of them a call")
        if renames:
            rules.experiment_name(request.name, s.limits.experiment_name)
            with s.lock:
                e = s.active_experiment(request.experiment_id)
                if s.named(request.name) not in (None, e):
                    raise failure.exists("experiment", request.name)
                if e.name != request.name:
                    e.name, e.updated_at = request.name, max(e.updated_at, now())
                return pb.UpdateExperimentResponse()
        lifecycle_given(request.lifecycle)
        with s.lock:
            e = s.experiment(request.experiment_id)
            if e.lifecycle == request.lifecycle:
                raise failure.Failure(grpc.StatusCode.NOT_FOUND, f"experiment {e.id} is {e.lifecycle} already", e.id)
            if e.id == "0":
                raise failure.wrong_state(e.id, "the default experiment cannot be deleted")
            e.lifecycle, e.updated_at = request.lifecycle, max(e.updated_at, now())
            for r in s.runs.values():
                if r.info.experiment_id == e.id:
                    r.move(request.lifecycle)
            return pb.UpdateExperimentResponse()

    def ChangeExperimentTags(self, request, s: Tracking):
        rules.tag_change(request.change, s.limits.key, s.limits.experiment_tag)
        with s.lock:
            e = s.active_experiment(request.experiment_id)
            change_tags(e.tags, request.change)
            e.tags.update(request.change.set)
            return pb.ChangeExperimentTagsResponse()

    def SearchExperiments(self, request, s: Tracking):
        no_search(request)

        def position(e):
            return (-e.created_at, e.id)
        with s.lock:
            found = sorted((e for e in s.experiments.values() if shown(e.lifecycle, request.view)), key=position)
            found, after = pages.page(request.page, s.limits.experiment_page, found, query_of(request), position)
            return pb.SearchExperimentsResponse(experiments=found, next=after)

    def CreateRun(self, request, s: Tracking):
        tag = request.tags.get(RUN_NAME, "")
        if request.name and tag and request.name != tag:
            raise failure.invalid("run_name", f"it is {request.name[:100]!r}, and the tag {RUN_NAME} is {tag[:100]!r}")
        for field, text in (("run_name", request.name), ("run_name", tag), ("user_id", request.user)):
            rules.length(field, text, s.limits.run_name)
        rules.tags(request.tags, s.limits.key, s.limits.run_tag)
        rules.refuse("start_time", "must not be negative" if request.start_time < 0 else "")
        name = request.name or (tag if tag.strip() else f"run-{secrets.token_hex(4)}")
        with s.lock:
            e = s.active_experiment(request.experiment_id)
            id = uuid.uuid4().hex
            info = run_pb2.RunInfo(
                id=id, experiment_id=e.id, name=name, user=request.user, status=run_pb2.RUN_STATUS_RUNNING,
                start_time=request.start_time, artifact_uri=below(e.artifact_location, id, "artifacts"), lifecycle=ACTIVE)
            s.runs[id] = Run(info, {**request.tags, RUN_NAME: name})
            return pb.CreateRunResponse(run=s.runs[id].message())

    def GetRun(self, request, s: Tracking):
        with s.lock:
            return pb.GetRunResponse(run=s.run(request.run_id).message())

    def UpdateRun(self, request, s: Tracking):
        rules.refuse("status", "" if 0 <= request.status <= run_pb2.RUN_STATUS_KILLED else f"{request.status} is no run status")
        rules.refuse("end_time", "must not be negative" if request.end_time < 0 else "")
        rules.length("run_name", request.name, s.limits.run_name)
        ends = request.HasField("end_time")
        if request.lifecycle:
            lifecycle_given(request.lifecycle)
            rules.refuse("lifecycle_stage", "goes alone, not beside other changes" if request.name or request.status or ends else "")
            with s.lock:
                r = s.run(request.run_id)
                r.move(request.lifecycle)
                return pb.UpdateRunResponse(info=r.info)
        with s.lock:
            r = s.active_run(request.run_id)
            if request.name:
                r.set_tag(RUN_NAME, request.name)
            if request.status:
                r.info.status = request.status
            if ends:
                r.info.end_time = request.end_time
            return pb.UpdateRunResponse(info=r.info)

    def ChangeRunTags(self, request, s: Tracking):
        rules.tag_change(request.change, s.limits.key, s.limits.run_tag)
        rules.length("run_name", request.change.set.get(RUN_NAME, ""), s.limits.run_name)
        with s.lock:
            r = s.active_run(request.run_id)
            change_tags(r.tags, request.change)
            for key, value in request.change.set.items():
                r.set_tag(key, value)
            return pb.ChangeRunTagsResponse()

    def SearchRuns(self, request, s: Tracking):
        no_search(request)
        wanted, info_only = set(request.experiment_ids), request.fields == pb.RUN_FIELDS_INFO_ONLY

        def position(r):
            return (-r.info.start_time, r.info.id)
        with s.lock:
            found = [r for r in s.runs.values() if r.info.experiment_id in wanted and shown(r.info.lifecycle, request.view)]
            found.sort(key=position)
            found, after = pages.page(request.page, s.limits.run_page, found, query_of(request), position)
            runs = [run_pb2.Run(info=r.info) if info_only else r.message() for r in found]
            return pb.SearchRunsResponse(runs=runs, next=after)

    def LogBatch(self, request, s: Tracking):
        points = list(metrics.read(request.metrics))
        check_batch(request, points, s.limits)
        with s.lock:
            r = s.active_run(request.run_id)
            for param in request.params:
                old = r.params.get(param.key, param.value)
                if old != param.value:
                    raise failure.invalid(param.key, f"the param was logged as {old[:100]!r} and cannot become {param.value[:100]!r}")
            for key, _, point in points:
                r.log(key, point)
            r.params.update((p.key, p.value) for p in request.params)
            for tag in request.tags:
                r.set_tag(tag.key, tag.value)
            return pb.LogBatchResponse()

    def GetMetricHistory(self, request, s: Tracking):
        with s.lock:
            points = s.run(request.run_id).points.get(request.key, {})
            ordered = [points[order] for order in sorted(points)]
        found, after = pages.page(request.page, s.limits.history_page, ordered, query_of(request), metrics.Point.order)
        return pb.GetMetricHistoryResponse(points=metrics.write([(request.key, p) for p in found]), next=after)


def check_batch(request, points, limits) -> None:
    """Refuses what no store takes, before anything is written."""
    for i, (key, model, point) in enumerate(points):
        rules.key(f"metrics[{i}].name", key, limits.key)
        rules.refuse(f"metrics[{i}].timestamp", "must not be negative" if point.timestamp < 0 else "")
        both = bool(point.dataset) == bool(point.digest)
        rules.refuse(f"metrics[{i}].dataset_name", "" if both else "name and digest must come together")
        rules.length(f"metrics[{i}].dataset_name", point.dataset, limits.dataset_name)
        rules.length(f"metrics[{i}].dataset_digest", point.digest, limits.dataset_digest)
        if model:
            raise failure.missing("logged model", model)
    for name, items, most in (("params", request.params, limits.param_value), ("tags", request.tags, limits.run_tag)):
        for i, item in enumerate(items):
            rules.key(f"{name}[{i}].key", item.key, limits.key)
            rules.length(f"{name}[{i}].value", item.value, limits.run_name if item.key == RUN_NAME and name == "tags" else most)
    counts = {"metrics": len(points), "params": len(request.params), "tags": len(request.tags)}
    for name, count in (*counts.items(), ("total", sum(counts.values()))):
        most = getattr(limits, f"batch_{name}")
        rules.refuse(name, f"a batch may have {most} of them, not {count}" if count > most else "")
    seen = set()
    for param in request.params:
        rules.refuse(param.key, "the param is given twice" if param.key in seen else "")
        seen.add(param.key)
