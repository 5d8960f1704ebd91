"""Captures that an earlier life of the agent left open, as its journals tell of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from agent.clock import Clock
from agent.execute.journal import Journal, JournalFile
from agent.execute.recognition import Asked, contradiction, may_begin_s
from agent.station.hands import Hands


async def tell_left_open(hands: Hands, files: Iterable[JournalFile], clock: Clock) -> None:
    """Tell the hands of each shutter, and how to know its capture from another client's without its file."""
    for file in files:
        journal = Journal(file, clock)
        await journal.load()
        if journal.open_capture is not None:
            camera, opened_at, _ = journal.open_capture
            stranger = partial(contradiction, Asked(), opened_at, told=journal.told)
            begins_s = may_begin_s(opened_at, clock.now(), journal.open_frames.taken, journal.told)
            hands.capture_left_open(camera, stranger, begins_s)
