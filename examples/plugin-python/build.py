"""Builds the plugin: one file with everything but grpcio, and its manifest beside it.

    python -m pip install -r requirements.txt
    python build.py
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipapp

from importlib import resources

from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent
PROGRAM = "mlstore-plugin-pydict"


def main() -> None:
    flags = argparse.ArgumentParser(description="Builds the plugin.")
    flags.add_argument("--proto", type=pathlib.Path, default=HERE.parent.parent / "sdk" / "proto", help="folder of the .proto files")
    flags.add_argument("--out", type=pathlib.Path, default=HERE / "dist", help="folder for the program and its manifest")
    options = flags.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        generate(options.proto, folder)
        shutil.copytree(HERE / "dictstore", pathlib.Path(folder, "dictstore"), ignore=shutil.ignore_patterns("__pycache__"))
        pathlib.Path(folder, "__main__.py").write_text("import dictstore.__main__\n")
        program = options.out / PROGRAM
        zipapp.create_archive(folder, program, interpreter=sys.executable, compressed=True)
    described = subprocess.run([program.absolute(), "describe"], check=True, capture_output=True, text=True)
    program.with_suffix(".json").write_text(described.stdout)
    print(f"{program} is ready, with its manifest beside it")


def generate(proto: pathlib.Path, folder: str) -> None:
    """Generates the messages and the stubs of all services."""
    files = sorted(str(path) for path in proto.rglob("*.proto"))
    google = resources.files("grpc_tools") / "_proto"  # google/protobuf/duration.proto
    code = protoc.main(["protoc", f"-I{proto}", f"-I{google}", f"--python_out={folder}", f"--grpc_python_out={folder}", *files])
    if code != 0 or not files:
        sys.exit(f"no code could be generated from {proto}")


main()
