"""Points of metrics, and the columns in which they travel."""

import math
import struct
from typing import NamedTuple

from mlstore.types.v1 import metric_pb2


class Point(NamedTuple):
    timestamp: int
    step: int
    value: float
    dataset: str = ""
    digest: str = ""

    def order(self) -> tuple:
        """What sorts a history; equal means the same point."""
        return (self.timestamp, self.step, rank(self.value), self.dataset, self.digest)

    def age(self) -> tuple:
        """What makes a point the latest of its key."""
        return (self.step, self.timestamp, rank(self.value), self.order())


def rank(value: float) -> int:
    """Orders values as a whole number: NaN first, then ascending, -0.0 before 0.0."""
    if math.isnan(value):
        return -(1 << 64)
    bits = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -1 - (bits & 0x7FFFFFFFFFFFFFFF)


def read(columns: metric_pb2.MetricColumns):
    """Yields key, logged model and point, one after the other."""
    for i, value in enumerate(columns.values):
        origin = columns.origin[i] if columns.origin else 0
        of = columns.origins[origin - 1] if origin else metric_pb2.MetricOrigin()
        point = Point(columns.timestamps[i], columns.steps[i], value, of.dataset_name, of.dataset_digest)
        yield columns.keys[columns.key[i] if columns.key else 0], of.model_id, point


def write(points: list) -> metric_pb2.MetricColumns:
    """Columns of (key, point)."""
    columns, keys, origins = metric_pb2.MetricColumns(), {}, {}
    for key, point in points:
        columns.key.append(keys.setdefault(key, len(keys)))
        where = (point.dataset, point.digest)
        columns.origin.append(origins.setdefault(where, len(origins) + 1) if any(where) else 0)
        columns.values.append(point.value)
        columns.timestamps.append(point.timestamp)
        columns.steps.append(point.step)
    columns.keys.extend(keys)
    columns.origins.extend(metric_pb2.MetricOrigin(dataset_name=n, dataset_digest=d) for n, d in origins)
    return columns
