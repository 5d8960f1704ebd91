"""Make `*_pb2.py` and `*_pb2.pyi` of the telescope's `.proto` files; `--check` compares instead of writing.

The generator is pinned to an old release on purpose: its output runs on that protobuf release and on every
newer one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = Path("agent/telescope/dwarf/proto")
GENERATOR = "1.76.0"  # of grpcio-tools; writes code for protobuf 6.31.1, the floor in pyproject.toml


def generate(into: Path) -> None:
    """Write the generated code of every `.proto` file below `into`, at the same relative path."""
    from grpc_tools import protoc

    sources = [str(path.relative_to(ROOT)) for path in sorted((ROOT / PROTO).glob("*.proto"))]
    well_known = str(files("grpc_tools") / "_proto")
    options = [f"-I{ROOT}", f"-I{well_known}", f"--python_out={into}", f"--pyi_out={into}"]
    if protoc.main(["protoc", *options, *sources]) != 0:
        raise SystemExit("protoc refused the .proto files; its message is above.")


def differences(fresh: Path) -> list[str]:
    """Name every generated file that is missing, stale, or left over."""
    wanted = {path.name: path.read_bytes() for path in (fresh / PROTO).glob("*_pb2.py*")}
    present = {path.name: path.read_bytes() for path in (ROOT / PROTO).glob("*_pb2.py*")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed files, write nothing"
    )
    arguments = parser.parse_args()
    try:
        found = version("grpcio-tools")
    except ModuleNotFoundError:
        found = "no"
    if found != GENERATOR:
        raise SystemExit(
            f"This needs grpcio-tools {GENERATOR}, found {found}: pip install grpcio-tools=={GENERATOR}"
        )
    if not arguments.check:
        generate(ROOT)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = differences(Path(folder))
    if stale:
        print(
            "Stale: " + ", ".join(stale) + ". Run tools/generate_protobuf.py and commit the result.",
            file=sys.stderr,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
