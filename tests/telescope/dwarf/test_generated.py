"""The generated message code is what the `.proto` files say."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_generated_code_is_up_to_date() -> None:
    try:
        importlib.metadata.version("grpcio-tools")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("grpcio-tools is not installed")
    check = [sys.executable, str(ROOT / "tools" / "generate_protobuf.py"), "--check"]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_messages_live_in_a_package_of_their_own() -> None:
    from agent.telescope.dwarf.proto import envelope_pb2

    assert envelope_pb2.DESCRIPTOR.package == "dwarf_agent.wire"
    assert envelope_pb2.DESCRIPTOR.name.startswith("agent/telescope/dwarf/proto/")
