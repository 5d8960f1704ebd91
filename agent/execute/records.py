"""The telescope's own records of a session beside the count of its frames."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from agent.clock import Clock
from agent.errors import AgentError
from agent.events import Frames, Saved
from agent.execute.defects import Defects
from agent.execute.frame_counter import FrameCounter
from agent.telescope.interface import TelescopeView

_LOGGER = logging.getLogger(__name__)

FILES_LIMIT_S = 10.0  # what the records say is worth no longer wait at the end of a session


async def folders_of(counter: FrameCounter, telescope: TelescopeView, clock: Clock) -> tuple[str, ...]:
    """Return the folders of the session's captures; those that nobody told are looked up in the album."""
    with Defects():
        try:
            async with clock.timeout(FILES_LIMIT_S):
                for camera, opened_at in counter.unplaced:
                    records = await telescope.recorded_captures(camera, opened_at)
                    await counter.place(camera, opened_at, records)
        except (AgentError, TimeoutError) as error:
            _LOGGER.info("The telescope's album could not be read: %s", error or "time ran out")
    return counter.folders


async def saved_of(folders: Sequence[str], telescope: TelescopeView, clock: Clock) -> tuple[Saved, ...]:
    """Return what the telescope's own records say of these folders together."""
    told: list[tuple[Saved, ...]] = []
    with Defects():
        try:
            async with clock.timeout(FILES_LIMIT_S):
                told = [await telescope.saved(folder) for folder in folders]
        except (AgentError, TimeoutError) as error:
            _LOGGER.info("The telescope's records could not be read: %s", error or "time ran out")
    return together(told)


def together(folders: Sequence[Sequence[Saved]]) -> tuple[Saved, ...]:
    """Return one record a source, of all folders; one that does not tell of every folder says nothing."""
    sources = dict.fromkeys(one.source for told in folders for one in told)
    found: list[Saved] = []
    for source in sources:
        of_it = [one for told in folders for one in told if one.source == source]
        if len(of_it) == len(folders):
            sizes = [one.size for one in of_it if one.size is not None]
            size = sum(sizes) if len(sizes) == len(of_it) else None
            taken, stacked = sum(one.taken for one in of_it), sum(one.stacked for one in of_it)
            found.append(Saved(source, taken, stacked, size))
    return tuple(found)


def differences(saved: Sequence[Saved], counted: Frames) -> list[str]:
    """Return a sentence for each record that differs from the frames as they were counted."""
    return [
        f"the telescope's {one.source} has {one.taken} taken and {one.stacked} stacked"
        for one in saved
        if (one.taken, one.stacked) != (counted.taken, counted.stacked)
    ]
