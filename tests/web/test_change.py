"""What a change of tonight asks for: which priorities bring a session to its place in the list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.web.night import Row
from agent.web.views.change import priorities_for


def rows(*priorities: int) -> list[Row]:
    return [
        Row(session_id=chr(ord("a") + at), name="M 42", state="planned", priority=one)
        for at, one in enumerate(priorities)
    ]


@pytest.mark.parametrize(
    ("priorities", "wanted", "before", "asked"),
    [
        ((0, 0, 0), "c", "a", {"c": 1}),
        ((0, 0, 0), "c", "b", {"a": 1, "c": 1}),
        ((0, 0, 0), "a", "", {"a": -1}),
        ((0, 0, 0), "a", "c", {"c": -1, "a": -1}),
        ((5, 0, 0), "c", "b", {"c": 1}),
        ((0, 9, 0), "b", "a", {}),
        ((0, 3), "a", "", {}),
        ((0, 0), "a", "b", {}),
        ((0, 0), "b", "b", {}),
    ],
)
def test_a_place_in_the_list_is_as_few_priorities_as_do_it(
    priorities: tuple[int, ...], wanted: str, before: str, asked: dict[str, int]
) -> None:
    assert priorities_for(rows(*priorities), wanted, before) == asked


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=6), st.data())
def test_a_session_goes_before_all_that_it_passes_and_before_none_else(
    priorities: list[int], data: st.DataObject
) -> None:
    listed = rows(*priorities)
    names = [row.session_id for row in listed]
    wanted = data.draw(st.sampled_from(names))
    before = data.draw(st.sampled_from([*(name for name in names if name != wanted), ""]))
    asked = priorities_for(listed, wanted, before)
    was = dict(zip(names, priorities, strict=True))
    now = was | asked
    others = [name for name in names if name != wanted]
    place, at = names.index(wanted), others.index(before) if before else len(others)
    for passed in others[at:place]:
        assert now[wanted] > now[passed]
    for passed in others[place:at]:
        assert now[wanted] < now[passed]
    for kept in others[: min(at, place)]:
        assert now[wanted] <= now[kept] or was[wanted] > was[kept]
    for kept in others[max(at, place) :]:
        assert now[wanted] >= now[kept] or was[wanted] < was[kept]


async def test_an_order_that_nobody_waits_in_is_refused(served: Any) -> None:
    async with served() as page:
        for body in (
            {"order": "orion", "before": ""},
            {"order": "rosette", "before": "nobody"},
            {"order": 7},
        ):
            async with page.post("/tonight/change", json=body) as answer:
                assert answer.status == 409, body
                assert "No such session waits." in json.dumps(await answer.json())
