"""What every test run needs."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from agent import quality
from agent.app import pictures
from agent.quality.trend import Measure
from tests.support.chance import be_thorough

_QUALITY_IS_THERE = quality.is_there
_MEMORY = Path("/dev/shm")  # where each fsync costs nothing

_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
settings.register_profile("default", _PATIENT, derandomize=True, max_examples=20)  # the same in each run
settings.register_profile("soak", _PATIENT, print_blob=True)  # others each time


def pytest_configure(config: pytest.Config) -> None:
    """Let the default run depend on nothing but the code; chance belongs to the soak runs."""
    if "soak" in str(config.getoption("markexpr")):
        settings.load_profile("soak")
        be_thorough()
    else:
        settings.load_profile("default")
    os.environ["XDG_CONFIG_HOME"] = os.devnull  # no test reads what its owner configured
    sys.dont_write_bytecode = False  # else each test process, and each agent it starts, compiles everything
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    quality.is_there = lambda: False  # measuring frames costs the others several times their own time
    pictures.EVERY_S = 300.0  # and so do pictures, which each test on the wire would fetch all the time
    if _has_room(_MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
        os.environ.setdefault("TMPDIR", str(_MEMORY))
        tempfile.tempdir = None  # asked for anew


@pytest.fixture
def frames_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let agents measure frames, where the extra is installed: in this process, for virtual time."""
    from agent.quality.measure import measure

    async def measured_here(chunks: AsyncIterator[bytes]) -> Measure | None:
        return measure(b"".join([chunk async for chunk in chunks]))

    monkeypatch.setattr(quality, "is_there", _QUALITY_IS_THERE)
    monkeypatch.setattr("agent.station.frame_quality.measured_apart", measured_here)


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2 << 30


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Let no half surrogate of a hostile text keep a report from leaving its test process."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    report.sections = [(name, _plain(text)) for name, text in report.sections]
    if isinstance(report.longrepr, str):
        report.longrepr = _plain(report.longrepr)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: some tests wait for processes of their own."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `soak` unless somebody asks for it."""
    if "soak" in str(config.getoption("markexpr")):
        return
    soak = [item for item in items if item.get_closest_marker("soak") is not None]
    items[:] = [item for item in items if item.get_closest_marker("soak") is None]
    config.hook.pytest_deselected(items=soak)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each worker of a fresh clone compile its share of the tests, and not all of them every file."""
    config = session.config
    if (worker := getattr(config, "workerinput", None)) is None or config.args != config.getini("testpaths"):
        return
    names = sorted(
        str(path.relative_to(config.rootpath)) for path in config.rootpath.glob("tests/**/test_*.py")
    )
    share = names[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]
    for name in share:
        with contextlib.suppress(pytest.skip.Exception):
            importlib.import_module(name.removesuffix(".py").replace(os.sep, "."))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over the thousands of tests, each time it looks for what they leave."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # seldom: few of them leave any


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
