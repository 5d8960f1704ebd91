"""Leave out of a failing night what it does not need to fail."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.soak.campaign.script import Event, Script

Fails = Callable[[Script], bool]


def shrunk(script: Script, fails: Fails, most_tries: int = 200) -> Script:
    """Return the shortest script found that still `fails`; one that does not fail comes back as it is.

    Halves, quarters … of the events are left out as long as that goes (delta debugging), then telescopes.
    """
    tries = _Tries(fails, most_tries)
    events = script.events
    parts = 2
    while len(events) >= parts and tries.left:
        for kept in _without_each_part(events, parts):
            if tries.fails(script.with_events(kept)):
                events, parts = kept, max(2, parts - 1)
                break
        else:
            if parts == len(events):
                break
            parts = min(len(events), 2 * parts)
    return script.with_events(events)


def kind_of(violation: str) -> str:
    """What a violation is about, without the names and numbers of one night."""
    return re.sub(r"[\d/'\"].*", "", re.sub(r"\bs\d+\b", "it", violation)).strip()[:60]


class _Tries:
    def __init__(self, fails: Fails, most: int) -> None:
        self._fails = fails
        self.left = most

    def fails(self, script: Script) -> bool:
        self.left -= 1
        return self.left >= 0 and self._fails(script)


def _without_each_part(events: tuple[Event, ...], parts: int) -> list[tuple[Event, ...]]:
    size = -(-len(events) // parts)
    return [events[:start] + events[start + size :] for start in range(0, len(events), size)]
