"""What makes a program a plugin: the handshake, the lifeline, and a gRPC server on a socket that its host can reach."""

import logging
import os
import signal
import sys
import threading
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from mlstore.artifact.v1 import artifact_pb2_grpc
from mlstore.plugin.v1 import identity_pb2_grpc, lifecycle_pb2_grpc
from mlstore.tracking.v1 import tracking_pb2_grpc

from dictstore.artifacts import ArtifactServicer
from dictstore.instances import Instances, served
from dictstore.tracking import TrackingServicer

COOKIE = "7d1f2c8f4b5b4b6e9c1d0a3e5f60718293a4b5c6d7e8f90123456789abcdef01"
MESSAGE = 64 << 20  # bytes that a message may have
WORKERS = 64


def started_by_host() -> bool:
    return os.environ.get("MLSTORE_PLUGIN_COOKIE") == COOKIE


def lifeline() -> None:
    """Ends with the host: it holds the other end of standard input and never writes to it."""
    sys.stdin.buffer.read()
    os._exit(0)


def serve() -> None:
    handshake = os.fdopen(os.dup(1), "w")  # what anybody prints from here on goes to standard error
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, format="[%(levelname)s] %(message)s")
    if os.environ.get("MLSTORE_PLUGIN_LIFELINE"):
        threading.Thread(target=lifeline, daemon=True).start()

    server = grpc.server(
        futures.ThreadPoolExecutor(WORKERS),
        options=[("grpc.max_receive_message_length", MESSAGE), ("grpc.max_send_message_length", MESSAGE)])
    instances = Instances()
    tracking, artifacts = served(instances, TrackingServicer()), served(instances, ArtifactServicer())
    served(instances, instances)
    identity_pb2_grpc.add_IdentityServiceServicer_to_server(instances, server)
    lifecycle_pb2_grpc.add_LifecycleServiceServicer_to_server(instances, server)
    tracking_pb2_grpc.add_TrackingServiceServicer_to_server(tracking, server)
    artifact_pb2_grpc.add_ArtifactServiceServicer_to_server(artifacts, server)
    alive = health.HealthServicer()
    alive.set("plugin", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(alive, server)

    network, address = listen(server)
    server.start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the host first, which ends this process in its own time
    signal.signal(signal.SIGTERM, lambda *_: server.stop(5))
    print(f"1|1|{network}|{address}|grpc", file=handshake, flush=True)
    server.wait_for_termination()


def listen(server) -> tuple[str, str]:
    """Binds the server to a socket in the host's folder for it, or to a port of this machine where there are no sockets."""
    folder = os.environ.get("PLUGIN_UNIX_SOCKET_DIR")
    if folder:
        path = os.path.join(folder, "plugin")
        server.add_insecure_port("unix:" + path)
        return "unix", path
    return "tcp", "127.0.0.1:%d" % server.add_insecure_port("127.0.0.1:0")
