"""The container tests are a job of their own: they build an image, which takes minutes the first time."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip them unless somebody asks for them."""
    if "container" in str(config.getoption("markexpr")):
        return
    skip = pytest.mark.skip(reason="builds and runs the image; asked for with: python -m pytest -m container")
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(skip)
