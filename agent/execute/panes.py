"""Frames of the panes of a mosaic: each pane needs its own, and what one has too many helps no other."""

from __future__ import annotations

from itertools import zip_longest

from agent.events import Frames

Panes = tuple[Frames, ...]


def added(first: Panes, second: Panes) -> Panes:
    """The frames of each pane from both."""
    return tuple(one + other for one, other in zip_longest(first, second, fillvalue=Frames()))


def most_of(now: Panes, before: Panes) -> Panes:
    """The frames of each pane of one capture that was looked at twice: what was stacked stays so."""
    pairs = zip_longest(now, before[: len(now)], fillvalue=Frames())
    return tuple(Frames(0, one.taken, min(one.taken, max(one.stacked, was.stacked))) for one, was in pairs)


def asked_for(panes: Panes, per_pane: int, count: int) -> Panes:
    """The frames of that many panes, each asked for so many."""
    had = [*panes[:count], *[Frames()] * (count - len(panes))]
    return tuple(Frames(per_pane, one.taken, one.stacked) for one in had)


def short(panes: Panes) -> list[int]:
    """Frames that each pane still needs."""
    return [max(0, one.requested - one.taken) for one in panes]


def useful(panes: Panes) -> Frames:
    """The frames of all panes, those beyond what a pane was asked for left out."""
    return sum(
        (
            Frames(one.requested, min(one.taken, one.requested), min(one.stacked, one.requested))
            for one in panes
        ),
        Frames(),
    )


def spread(counted: Frames, per_pane: int, count: int) -> Panes:
    """The frames of a mosaic of which only the sum is known: its panes come one after the other."""
    left_taken, left_stacked, panes = counted.taken, counted.stacked, []
    for number in range(count):
        last = number == count - 1
        taken = left_taken if last else min(per_pane, left_taken)
        stacked = min(taken, left_stacked)
        panes.append(Frames(0, taken, stacked))
        left_taken, left_stacked = left_taken - taken, left_stacked - stacked
    return tuple(panes)
