"""Instances: what a host has opened, by the id that its calls carry."""

import copy
import functools
import inspect
import logging
import re
import threading
import uuid

import grpc
from grpc_status import rpc_status
from mlstore.plugin.v1 import identity_pb2, identity_pb2_grpc, lifecycle_pb2, lifecycle_pb2_grpc

from dictstore import failure, manifest
from dictstore.artifacts import Artifacts
from dictstore.tracking import Tracking

READS = {"GetExperiment", "SearchExperiments", "GetRun", "SearchRuns", "GetMetricHistory", "Stat", "List", "Download"}


class Instance:
    """The stores that one opening sees, by kind."""

    def __init__(self, stores: dict, read_only: bool):
        self.stores, self.read_only = stores, read_only

    def store(self, kind: str):
        if kind not in self.stores:
            raise failure.closed(kind)
        return self.stores[kind]


class Instances(lifecycle_pb2_grpc.LifecycleServiceServicer, identity_pb2_grpc.IdentityServiceServicer):
    """Keeps the data of every URI, and who has opened it."""

    def __init__(self):
        self.idle = threading.Condition()  # its lock guards the rest
        self.data: dict[str, dict] = {}
        self.open: dict[str, Instance] = {}
        self.calls, self.draining = 0, False

    def of(self, context) -> Instance:
        id = dict(context.invocation_metadata()).get("mlstore-instance", "")
        with self.idle:
            if id not in self.open:
                raise failure.Failure(grpc.StatusCode.FAILED_PRECONDITION, f"no instance {id!r} is open", id,
                                      "INSTANCE_UNKNOWN", "mlstore.plugin")
            return self.open[id]

    def enter(self) -> None:
        with self.idle:
            if self.draining:
                raise failure.Failure(grpc.StatusCode.UNAVAILABLE, "the plugin takes no more calls")
            self.calls += 1

    def leave(self) -> None:
        with self.idle:
            self.calls -= 1
            self.idle.notify_all()

    def Describe(self, request, context):
        return identity_pb2.DescribeResponse(manifest=manifest.manifest())

    def ValidateConfig(self, request, context):
        found = [identity_pb2.Diagnostic(field=f.key, message=str(f)) for f in problems(request)]
        return identity_pb2.ValidateConfigResponse(diagnostics=found)

    def Open(self, request, context):
        for problem in problems(request):
            raise problem
        root = "pydict://" + request.uri.split("/")[2]  # however the scheme is written
        with self.idle:
            if root not in self.data:
                self.data[root] = {"tracking": Tracking(root), "artifacts": Artifacts(root)}
            id = uuid.uuid4().hex
            stores = {kind: copy.copy(store) for kind, store in self.data[root].items()}  # the dicts in them are the same
            self.open[id] = Instance(stores, request.read_only)
        opened = [lifecycle_pb2.OpenedStore(kind=kind, info=manifest.info(*store.capabilities)) for kind, store in stores.items()]
        return lifecycle_pb2.OpenResponse(instance_id=id, stores=opened)

    def Close(self, request, context):
        id = dict(context.invocation_metadata()).get("mlstore-instance", "")
        with self.idle:
            instance = self.open.get(id, Instance({}, read_only=False))
            for kind in [request.kind] if request.kind else list(instance.stores):
                store = instance.stores.pop(kind, None)
                if store:
                    store.closed = True  # for calls that run
            if not instance.stores:
                self.open.pop(id, None)
        return lifecycle_pb2.CloseResponse()

    def Check(self, request, context):
        if any(key == "mlstore-instance" for key, _ in context.invocation_metadata()):
            self.of(context)
        return lifecycle_pb2.CheckResponse()

    def UpdateSecrets(self, request, context):
        self.of(context)  # it has none
        return lifecycle_pb2.UpdateSecretsResponse()

    def Drain(self, request, context):
        with self.idle:
            self.draining = True
            self.idle.wait_for(lambda: self.calls <= 1)  # this one
        return lifecycle_pb2.DrainResponse()


def problems(request):
    """What is wrong with a URI and its options."""
    if not re.fullmatch(r"(?i:pydict)://[A-Za-z0-9._-]+/?", request.uri):
        yield failure.invalid("uri", "write pydict://name")
    for name in sorted(request.options):
        yield failure.invalid(f"options.{name}", "there is no such option")
    for name in sorted(request.secrets):
        yield failure.invalid(f"secrets.{name}", "there is no such secret")


def served(instances: Instances, servicer):
    """The servicer as gRPC calls it: calls of stores get the store in the place of the context, and failures their status."""
    for name, method in inspect.getmembers(type(servicer), inspect.isfunction):
        if name[0].isupper():
            setattr(servicer, name, answered(instances, name, functools.partial(method, servicer), getattr(servicer, "kind", "")))
    return servicer


def answered(instances: Instances, name: str, method, kind: str):
    streams = inspect.isgeneratorfunction(method.func)

    def second(context):
        if not kind:
            return context
        instance = instances.of(context)
        store = instance.store(kind)
        if instance.read_only and name not in READS:
            raise failure.Failure(grpc.StatusCode.PERMISSION_DENIED, "the store was opened for reading only")
        return store

    def call(request, context):
        instances.enter()
        try:
            return method(request, second(context))
        finally:
            instances.leave()

    def stream(request, context):
        instances.enter()
        try:
            yield from method(request, second(context))
        finally:
            instances.leave()

    def unary(request, context):
        try:
            return call(request, context)
        except Exception as e:
            abort(context, e)

    def streaming(request, context):
        try:
            yield from stream(request, context)
        except Exception as e:
            abort(context, e)

    return streaming if streams else unary


def abort(context, e: Exception):
    """Ends a call with an error that the host understands."""
    if not isinstance(e, failure.Failure):
        if context.is_active():
            logging.exception("a call failed")
        e = failure.Failure(grpc.StatusCode.INTERNAL, f"{type(e).__name__}: {e}")
    context.abort_with_status(rpc_status.to_status(e.status()))
