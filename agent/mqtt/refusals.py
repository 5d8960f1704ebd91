"""Past a rate, one refusal stands for many: a flood of junk is not answered with a flood of answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from agent.mqtt.payloads import short

EACH_FOR = 30  # refusals of one kind that are said one by one ...
WITHIN_S = 10.0  # ... within this time; the rest of it is said as one, at its end

_ROOM = 200  # characters of a sentence beside the count

Say = Callable[[int], None]
"""Say a refusal that stands for itself and that many more."""


@dataclass(slots=True)
class _Rate:
    said: int = 0
    more: int = 0
    last: Say | None = None


class Refusals:
    """Says refusals, by kind. The last one of a flood speaks for those before it."""

    def __init__(self) -> None:
        self._rates: dict[Hashable, _Rate] = {}
        self._ends: dict[Hashable, asyncio.TimerHandle] = {}

    def say(self, kind: Hashable, say: Say) -> None:
        """Say a refusal now, or have it counted in one that is said later."""
        rate = self._rates.setdefault(kind, _Rate())
        if kind not in self._ends:
            self._watch(kind)
        if rate.said < EACH_FOR:
            rate.said += 1
            say(0)
            return
        rate.more += 1
        rate.last = say

    def close(self) -> None:
        """Say what was only counted, and stop."""
        for kind in tuple(self._ends):
            self._ends.pop(kind).cancel()
            self._settle(kind)

    def _watch(self, kind: Hashable) -> None:
        self._ends[kind] = asyncio.get_running_loop().call_later(WITHIN_S, self._over, kind)

    def _over(self, kind: Hashable) -> None:
        del self._ends[kind]
        if self._settle(kind):
            self._rates[kind] = _Rate(said=EACH_FOR)  # a flood that goes on is summed up again and again
            self._watch(kind)

    def _settle(self, kind: Hashable) -> bool:
        rate = self._rates.pop(kind)
        if rate.last is None:
            return False
        rate.last(rate.more - 1)
        return True


def and_more(message: str, more: int) -> str:
    """Return a sentence that stands for `more` others as well."""
    return f"{short(message, _ROOM)} (and {more:,} more like it)" if more else message
