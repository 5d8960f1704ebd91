"""The slice in real time is asked for with `-m soak`, as every long run is."""

from __future__ import annotations

from tests.soak.conftest import pytest_collection_modifyitems

__all__ = ["pytest_collection_modifyitems"]
