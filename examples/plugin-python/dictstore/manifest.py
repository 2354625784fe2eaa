"""What the plugin is, and the limits that its stores keep."""

from google.protobuf import json_format
from mlstore.plugin.v1 import identity_pb2
from mlstore.types.v1 import info_pb2

VERSION = "1.0.0"
CONTRACT = "1.0"


# What `describe` prints.
MANIFEST = {
    "format": 1,
    "name": "pydict",
    "version": VERSION,
    "sdk": "python/" + VERSION,
    "contract": CONTRACT,
    "license": "Apache-2.0",
    "services": ["mlstore.plugin.v1", "mlstore.artifact.v1", "mlstore.tracking.v1"],
    "schemes": [{
        "scheme": "pydict",
        "kinds": ["tracking", "artifacts"],
        "form": "pydict://name",
        "about": "dicts of a Python process, gone when it ends",
        "root_shared": True,
    }],
}


def manifest() -> identity_pb2.Manifest:
    return json_format.ParseDict(MANIFEST, identity_pb2.Manifest())


def info(*capabilities: str) -> info_pb2.Info:
    return info_pb2.Info(name="pydict", version=VERSION, contract=CONTRACT, capabilities=sorted(capabilities), limits=limits())


def limits() -> info_pb2.Limits:
    """MLflow's own, so that what this store takes, MLflow takes too."""
    def page(default: int, most: int) -> info_pb2.Bound:
        return info_pb2.Bound(default=default, max=most)
    return info_pb2.Limits(
        experiment_name=500, run_name=250, key=250, param_value=6000, run_tag=8000, experiment_tag=20000,
        batch_metrics=1000, batch_params=100, batch_tags=100, batch_total=1000, dataset_name=500, dataset_digest=36,
        experiment_page=page(1000, 50000), run_page=page(1000, 50000), history_page=page(25000, 50000),
        artifact_page=page(1000, 10000))
