"""A comet is gone to where it is when the goto begins, not where it was when it was looked up."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from agent.session.place import apart
from agent.session.plan import make_plan
from agent.sky.ephemeris import PLUTO, fixed
from agent.targets import MovingTarget, SkyTarget
from tests.execute import conftest
from tests.execute.conftest import DUSK, Bench, session


def test_the_goto_takes_the_place_of_the_moment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_up_long_ago(name: str) -> MovingTarget:
        return MovingTarget(name, 1.0, 2.0, PLUTO)

    monkeypatch.setattr(conftest, "make_plan", partial(make_plan, resolve=looked_up_long_ago))
    bench.result_of(session(goto_manual={"do_action": True, "target": "Pluto"}))
    gone_to = bench.telescope.gotos[0]
    there = fixed(MovingTarget("Pluto", 0.0, 0.0, PLUTO), DUSK + timedelta(minutes=2))
    assert type(gone_to) is SkyTarget
    assert isinstance(there, SkyTarget)
    assert gone_to.name == "Pluto"
    assert apart(gone_to, there) < 0.01


def test_what_moves_fast_is_pointed_at_again_on_the_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    orbit = "(99001) Swift,e,30.705,165.694,261.439,1.2195,0.731887,0.4828,37.568,3/1/2026,2000,H 20,0.15"
    swift = MovingTarget("Swift", 0.0, 0.0, orbit)  # 9 arcseconds a minute
    monkeypatch.setattr(conftest, "make_plan", partial(make_plan, resolve=lambda _name: swift))
    shot = {"do_action": True, "exposure": "15", "gain": 80, "count": 200}
    document = session(goto_manual={"do_action": True, "target": "Swift"}, setup_camera=shot)
    result = bench.result_of(document)
    assert result.frames.taken == 200
    assert len(bench.telescope.gotos) == 3
    assert "pointed again 2 times, as Swift moves" in result.message
