"""The long runs are asked for with `-m soak`; every other run takes a short slice of each."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long ones unless somebody asks for them."""
    if "soak" in str(config.getoption("markexpr")):
        return
    skip = pytest.mark.skip(reason="takes many minutes; asked for with: python -m pytest -m soak")
    for item in items:
        if item.get_closest_marker("soak") is not None:
            item.add_marker(skip)
