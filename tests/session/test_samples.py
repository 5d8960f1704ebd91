from __future__ import annotations

from pathlib import Path

import pytest

from agent.session.check import check
from agent.session.document import read_session
from agent.session.plan import make_plan
from agent.telescope.dwarf.models import capabilities_for

SAMPLES = sorted((Path(__file__).parents[2] / "Astro_Sessions" / "samples").glob("*.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_runs_on_a_dwarf_3_without_a_single_remark(path: Path) -> None:
    reading = read_session(path.read_bytes(), name=path.stem)
    assert reading.problems == ()
    assert reading.document is not None
    assert check(reading.document, capabilities_for("D3")) == []
    assert make_plan(reading.document, capabilities_for("D3")).frames_requested > 0


def test_the_demo_is_short() -> None:
    path = next(path for path in SAMPLES if path.stem == "demo")
    document = read_session(path.read_bytes()).document
    assert document is not None
    plan = make_plan(document, capabilities_for("D3"))
    assert (plan.frames_requested, plan.integration_s) == (10, 50.0)
    assert plan.estimate_s < 300
