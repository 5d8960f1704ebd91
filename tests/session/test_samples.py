from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from agent.session.check import check
from agent.session.document import SessionDocument, read_session
from agent.session.plan import make_plan
from agent.sky.ephemeris import altitude
from agent.targets import Site
from agent.telescope.dwarf.models import capabilities_for

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "Astro_Sessions" / "samples").glob("*.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_runs_on_a_dwarf_3_without_a_single_remark(path: Path) -> None:
    reading = read_session(path.read_bytes(), name=path.stem)
    assert reading.problems == ()
    assert reading.document is not None
    assert check(reading.document, capabilities_for("D3")) == []
    assert make_plan(reading.document, capabilities_for("D3")).frames_requested > 0


def _demo(name: str = "demo") -> SessionDocument:
    path = next(path for path in SAMPLES if path.stem == name)
    document = read_session(path.read_bytes()).document
    assert document is not None
    return document


def test_the_demo_begins_at_any_hour_where_the_containers_are_tried() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    given = compose["services"]["agent"]["environment"]
    site = Site(float(given["DWARF_LATITUDE"]), float(given["DWARF_LONGITUDE"]))
    assert _lowest(_demo(), site) > 15


@pytest.mark.parametrize(
    "place", [Site(-33.9, 151.2), Site(-36.8, 174.8), Site(-33.5, -70.6), Site(-34.0, 18.4)]
)
def test_the_demo_of_the_south_begins_there_at_any_hour(place: Site) -> None:
    assert _lowest(_demo(), place) < 0 < 15 < _lowest(_demo("demo-south"), place)


def _lowest(demo: SessionDocument, site: Site) -> float:
    (target,) = make_plan(demo, capabilities_for("D3")).goto_targets
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    return min(altitude(target, site, midnight + timedelta(hours=hour)) for hour in range(24))


@pytest.mark.parametrize("name", ["demo", "demo-south"])
def test_the_demo_is_short(name: str) -> None:
    document = _demo(name)
    plan = make_plan(document, capabilities_for("D3"))
    assert (plan.frames_requested, plan.integration_s) == (10, 50.0)
    assert plan.estimate_s < 300
