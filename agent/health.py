"""Asking the agent on this machine whether it is well: twice a minute, so next to nothing is imported."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ANSWER_S = 5.0  # a loop that is busy longer than this runs no telescope either
_LARGEST = 64 * 1024


def health_path(sessions_dir: Path | None, environment: Mapping[str, str]) -> Path:
    """Return where the agent of these sessions answers; None: the only one here (in a container)."""
    folder = Path(environment.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    if sessions_dir is None:
        return folder / "dwarf-agent.sock"
    import hashlib  # with OpenSSL's library it is a fifth of a check's memory, and a container needs no name

    name = hashlib.sha256(os.fsencode(sessions_dir.resolve())).hexdigest()[:12]
    return folder / f"dwarf-agent-{name}.sock"


def ask_health(path: Path, limit_s: float = ANSWER_S) -> dict[str, Any] | None:
    """Return what the agent at `path` answers; None when nobody answers in time."""
    if not hasattr(socket, "AF_UNIX"):
        return None
    said = b""
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(limit_s)
            door.connect(str(path))
            while len(said) < _LARGEST and (part := door.recv(4096)):
                said += part
        body = json.loads(said)
    except (OSError, ValueError):
        return None
    return body if isinstance(body, dict) else None
