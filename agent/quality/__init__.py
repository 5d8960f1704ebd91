"""How good frames are, by their own stars. The extra `quality` (numpy, sep) is imported when it is used."""

from __future__ import annotations

from importlib.util import find_spec


def is_there() -> bool:
    """Whether the extra is installed; nothing is imported."""
    return find_spec("numpy") is not None and find_spec("sep") is not None
