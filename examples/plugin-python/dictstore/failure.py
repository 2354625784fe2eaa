"""Errors as a host understands them: a gRPC code, and details that say what exactly was wrong."""

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from mlstore.errors.v1 import failure_pb2

# MLflow's usual name for a code.
REASONS = {
    grpc.StatusCode.INVALID_ARGUMENT: "INVALID_PARAMETER_VALUE",
    grpc.StatusCode.OUT_OF_RANGE: "INVALID_PARAMETER_VALUE",
    grpc.StatusCode.NOT_FOUND: "RESOURCE_DOES_NOT_EXIST",
    grpc.StatusCode.ALREADY_EXISTS: "RESOURCE_ALREADY_EXISTS",
    grpc.StatusCode.FAILED_PRECONDITION: "INVALID_STATE",
    grpc.StatusCode.PERMISSION_DENIED: "PERMISSION_DENIED",
    grpc.StatusCode.UNIMPLEMENTED: "NOT_IMPLEMENTED",
    grpc.StatusCode.UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
    grpc.StatusCode.DATA_LOSS: "DATA_LOSS",
    grpc.StatusCode.INTERNAL: "INTERNAL_ERROR",
}


class Failure(Exception):
    """What a store refuses. The key is the id, name, field or path at fault."""

    def __init__(self, code: grpc.StatusCode, message: str, key: str = "", reason: str = "", domain: str = "mlstore"):
        super().__init__(message)
        self.code, self.key, self.reason, self.domain = code, key, reason, domain

    def status(self) -> status_pb2.Status:
        details = [
            error_details_pb2.ErrorInfo(domain=self.domain, reason=self.reason or REASONS[self.code]),
            failure_pb2.Failure(key=self.key[:1000], usual_reason=not self.reason),
        ]
        if self.code is grpc.StatusCode.INVALID_ARGUMENT and self.key:
            violation = error_details_pb2.BadRequest.FieldViolation(field=self.key[:200], description=str(self)[:300])
            details.append(error_details_pb2.BadRequest(field_violations=[violation]))
        status = status_pb2.Status(code=self.code.value[0], message=str(self)[:1000])
        for detail in details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        return status


def invalid(key: str, message: str) -> Failure:
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, f"{key}: {message}", key)


def missing(kind: str, key: str) -> Failure:
    return Failure(grpc.StatusCode.NOT_FOUND, f'{kind} "{key}" not found', key)


def exists(kind: str, key: str) -> Failure:
    return Failure(grpc.StatusCode.ALREADY_EXISTS, f'{kind} "{key}" already exists', key)


def wrong_state(key: str, message: str) -> Failure:
    return Failure(grpc.StatusCode.FAILED_PRECONDITION, message, key)


def closed(kind: str) -> Failure:
    return Failure(grpc.StatusCode.FAILED_PRECONDITION, f"the {kind} store is closed", kind, "STORE_CLOSED")
