"""Files in a dict, under one lock. A directory is what has a file below it."""

import hashlib
import threading
import time
import zlib
from typing import NamedTuple

import grpc
from mlstore.artifact.v1 import artifact_pb2 as pb
from mlstore.artifact.v1 import artifact_pb2_grpc
from mlstore.types.v1 import artifact_pb2

from dictstore import failure, manifest, pages, rules

FRAME = (1 << 20) - 64  # bytes of one message


class File(NamedTuple):
    content: bytes
    sha256: str
    mod_time: int

    def entry(self, path: str) -> artifact_pb2.Artifact:
        return artifact_pb2.Artifact(path=path, size=len(self.content), mod_time=self.mod_time, sha256=self.sha256)


class Artifacts:
    """What one URI keeps."""

    capabilities = ("artifact.mtime", "artifact.names.verbatim", "pages.keyset", "put.atomic", "put.if_absent")
    closed = False

    def __init__(self, root: str):
        self.files: dict[str, File] = {}
        self.lock = threading.Lock()
        self.limits = manifest.limits()

    def is_dir(self, path: str) -> bool:
        return any(name.startswith(path + "/") for name in self.files)

    def obstacle(self, begin) -> None:
        """Refuses a file where something else is."""
        path = begin.path
        if begin.if_absent and (path in self.files or self.is_dir(path)):
            raise failure.exists("artifact", path)
        if self.is_dir(path):
            raise failure.wrong_state(path, f"there is a directory at {path}")
        parts = path.split("/")
        for n in range(1, len(parts)):
            if "/".join(parts[:n]) in self.files:
                raise failure.wrong_state(path, f"{'/'.join(parts[:n])} is a file, so nothing can lie below it")

    def below(self, dir: str, recursive: bool) -> list[artifact_pb2.Artifact]:
        prefix, found = dir and dir + "/", {}
        for path, file in self.files.items():
            if not path.startswith(prefix):
                continue
            name, slash, _ = path[len(prefix):].partition("/")
            if slash and not recursive:
                found[prefix + name] = artifact_pb2.Artifact(path=prefix + name, dir=True)
            else:
                found[path] = file.entry(path)
        return [found[path] for path in sorted(found)]


class ArtifactServicer(artifact_pb2_grpc.ArtifactServiceServicer):
    """The calls. Each gets the store that its instance has opened."""

    kind = "artifacts"

    def Stat(self, request, s: Artifacts):
        rules.artifact_path(request.path)
        with s.lock:
            if request.path in s.files:
                return pb.StatResponse(artifact=s.files[request.path].entry(request.path))
            if s.is_dir(request.path):
                return pb.StatResponse(artifact=artifact_pb2.Artifact(path=request.path, dir=True))
        raise failure.missing("artifact", request.path)

    def List(self, request, s: Artifacts):
        dir = rules.artifact_dir(request.dir)
        query = f"{'walk' if request.recursive else 'list'}\0{dir}".encode()
        with s.lock:
            entries = s.below(dir, request.recursive)
        found, after = pages.page(request.page, s.limits.artifact_page, entries, query, lambda entry: entry.path)
        return pb.ListResponse(artifacts=found, next=after)

    def Download(self, request, s: Artifacts):
        rules.artifact_path(request.path)
        rules.refuse("offset", "must not be negative" if min(request.offset, request.length) < 0 else "")
        with s.lock:
            file = s.files.get(request.path)
            if file is None and s.is_dir(request.path):
                raise failure.wrong_state(request.path, f"{request.path} is a directory")
        if file is None:
            raise failure.missing("artifact", request.path)
        if request.offset > len(file.content):
            raise failure.Failure(grpc.StatusCode.OUT_OF_RANGE, f"{request.path} ends before {request.offset}", request.path)
        part = memoryview(file.content)[request.offset:]
        if request.HasField("length"):
            part = part[:request.length]
        yield pb.DownloadResponse(header=pb.DownloadHeader())
        for start in range(0, len(part), FRAME):
            yield pb.DownloadResponse(data=bytes(part[start:start + FRAME]))
        yield pb.DownloadResponse(trailer=pb.DownloadTrailer(size=len(part), crc32=zlib.crc32(part)))

    def Upload(self, frames, s: Artifacts):
        begin = next(frames, pb.UploadRequest()).begin
        rules.artifact_path(begin.path)
        check_begin(begin)
        with s.lock:
            s.obstacle(begin)
        content, commit = bytearray(), None
        for frame in frames:
            if frame.WhichOneof("frame") == "commit":
                commit = frame.commit
                break
            content += frame.data
            if begin.HasField("size") and len(content) > begin.size:
                raise failure.invalid("size", f"there are more bytes than the {begin.size} declared")
        if commit is None:  # whoever sends no commit wants nothing published
            raise failure.Failure(grpc.StatusCode.INVALID_ARGUMENT, "the upload ended without a commit", begin.path)
        file = File(bytes(content), hashlib.sha256(content).hexdigest(), time.time_ns() // 1_000_000)
        check_content(begin, commit, file)
        with s.lock:
            if s.closed:
                raise failure.closed(self.kind)
            s.obstacle(begin)
            s.files[begin.path] = file
        return pb.UploadResponse(artifact=file.entry(begin.path))

    def Delete(self, request, s: Artifacts):
        if request.path:
            rules.artifact_path(request.path)
        elif not request.all:
            raise failure.invalid("path", "deleting everything must be asked for")
        with s.lock:
            for path in list(s.files):
                if not request.path or path == request.path or path.startswith(request.path + "/"):
                    del s.files[path]
        return pb.DeleteResponse()


def check_begin(begin) -> None:
    rules.refuse("size", "must not be negative" if begin.size < 0 else "")
    try:
        good = not begin.sha256 or len(bytes.fromhex(begin.sha256)) == 32 and len(begin.sha256) == 64
    except ValueError:
        good = False
    rules.refuse("sha256", "" if good else "must have 64 hexadecimal digits")


def check_content(begin, commit, file: File) -> None:
    """The bytes must be those that the caller has sent, and those that it said beforehand."""
    if begin.HasField("size") and begin.size != len(file.content):
        raise failure.invalid("size", f"there are {len(file.content)} bytes, not the {begin.size} declared")
    sent = commit.size == len(file.content) and commit.crc32 == zlib.crc32(file.content)
    if not sent or begin.sha256 and begin.sha256.lower() != file.sha256:
        raise failure.Failure(grpc.StatusCode.DATA_LOSS, "the bytes do not have the size and digest that were declared", "sha256")
