"""Sessions that come back from Current/: trouble with one is not the others'."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agent.station.interrupted import Interrupted


class Store:
    """Holds these in Current/."""

    def __init__(self, *names: str) -> None:
        self.inside = [SimpleNamespace(session_id=name, lost=False) for name in names]

    def recover(self) -> list[Any]:
        return list(self.inside)

    def put_back(self, session_id: str, _why: str) -> Any:
        return next(one for one in self.inside if one.session_id == session_id)


def test_a_defect_met_in_one_leaves_the_others_their_turn() -> None:
    taken: list[str] = []

    async def take(stored: Any) -> None:
        if stored.session_id == "b":
            raise ZeroDivisionError
        taken.append(stored.session_id)

    async def story() -> None:
        store: Any = Store("a", "b", "c")
        records: Any = None
        interrupted = Interrupted(store, records, take, lambda _: None, lambda _: None)
        with pytest.raises(ZeroDivisionError):
            await interrupted.recover()
        assert taken == ["a"]
        await interrupted.take_up()
        assert taken == ["a", "c"]
        assert not interrupted

    asyncio.run(story())
