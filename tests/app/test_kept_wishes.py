"""What is written down of the hands' wishes is read again, and what nobody can read is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.events import Reason
from agent.goals import Goal, Level
from agent.station.kept_wishes import kept, restored

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["capturing", "wish", "park", "reason", "message", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(
    st.sets(st.sampled_from(Camera)),
    st.none()
    | st.builds(
        Goal, st.booleans(), st.booleans(), st.sampled_from(Reason), st.text(max_size=20), st.booleans()
    ),
)
def test_open_shutters_and_what_was_not_reached_are_known_after_a_restart(
    cameras: set[Camera], goal: Goal | None
) -> None:
    known, wishes = restored(kept(cameras, goal))
    assert known == cameras
    assert any(wish.park for wish in wishes) == (goal is not None and goal.park)
    stops = [wish for wish in wishes if wish.level is Level.SAFETY]
    assert bool(stops) == bool(goal is not None and cameras)
    assert not any(wish.off or wish.standing for wish in wishes), "nothing is switched off after a restart"
    assert {wish.message for wish in wishes} <= {goal.message if goal is not None else ""}
    assert {wish.reason for wish in wishes} <= {goal.reason if goal is not None else None}
    assert {wish.own_schedule for wish in stops} <= {goal.own_schedule if goal is not None else None}


@given(JSON)
def test_what_nobody_can_read_is_none(saved: object) -> None:
    cameras, wishes = restored(saved)
    assert cameras <= set(Camera)
    assert all(isinstance(wish.reason, Reason) for wish in wishes)
