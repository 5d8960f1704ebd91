"""What every test run needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Let no half surrogate of a hostile text keep a report from leaving its test process."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    report.sections = [(name, _plain(text)) for name, text in report.sections]
    if isinstance(report.longrepr, str):
        report.longrepr = _plain(report.longrepr)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked `soak` unless somebody asks for it."""
    if "soak" in str(config.getoption("markexpr")):
        return
    skip = pytest.mark.skip(reason="asked for with: python -m pytest -m soak")
    for item in items:
        if item.get_closest_marker("soak") is not None:
            item.add_marker(skip)


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
