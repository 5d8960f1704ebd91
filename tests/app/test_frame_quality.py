"""Which frames of a running session are measured, and when: not each, and ever less often in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from agent import quality
from agent.afterwards import FrameMeasured
from agent.clock import LoopClock
from agent.events import Event, EventBus, Frames, SessionBrief, SessionProgress
from agent.quality.trend import Measure
from agent.station import frame_quality
from agent.station.frame_quality import EVERY_S, TRIES, FrameQuality
from agent.telescope.card import CardFile
from tests.app.hands_stand import DUSK
from tests.support.virtual_loop import run_virtual

FRAME_S = 50.0


class Shelf:
    """A session whose frames come onto the card one by one, and what is measured of them."""

    def __init__(self) -> None:
        self.clock = LoopClock(DUSK)
        self.names: list[str] = []
        self.grows = True
        self.looked_at: list[float] = []  # of the monotonic clock
        self.measured: list[str] = []
        self.told: list[FrameMeasured] = []
        self.bus = EventBus()
        self.bus.subscribe(self._hear)
        self.can_be_measured = True
        telescope = SimpleNamespace(card=self, recorded_captures=self._records)
        ground: Any = SimpleNamespace(id="scope", telescope=telescope, clock=self.clock, bus=self.bus)
        self.quality = FrameQuality(ground, "a", lambda _about, _change: None)

    def _hear(self, event: Event) -> None:
        if isinstance(event, FrameMeasured):
            self.told.append(event)

    async def _records(self, *_asked: object) -> list[Any]:
        return [SimpleNamespace(folder="/there")]

    async def files(self, folder: str) -> tuple[CardFile, ...]:
        assert folder == "/there"
        self.looked_at.append(self.clock.monotonic())
        return tuple(CardFile(name, 16_000_000) for name in self.names)

    @asynccontextmanager
    async def open(self, _folder: str, path: str) -> AsyncIterator[Any]:
        yield SimpleNamespace(chunks=path)

    async def measure(self, path: Any) -> Measure | None:
        self.measured.append(path)
        return Measure(stars=80, background=900.0, hfd=2.5) if self.can_be_measured else None

    async def images(self, seconds: float) -> None:
        brief = SessionBrief("a", "M 31")
        for number in range(int(seconds / FRAME_S)):
            if self.grows:
                self.names.append(f"frame_{number:04}.fits")
            counts: dict[str, Any] = {"frames": Frames(500, number + 1, number), "integration_s": 0.0}
            place: dict[str, Any] = {"percent": 0.0, "remaining_s": None, "estimated_end": None}
            step: dict[str, Any] = {"step": "Capture", "index": 1, "count": 1}
            now = self.clock.now()
            self.bus.publish(
                SessionProgress(telescope="scope", at=now, session=brief, **counts, **place, **step)
            )
            await self.clock.sleep(FRAME_S)


def watched(monkeypatch: pytest.MonkeyPatch, story: Callable[[Shelf], Awaitable[None]]) -> None:
    async def night() -> None:
        shelf = Shelf()
        monkeypatch.setattr(frame_quality, "measured_apart", shelf.measure)
        monkeypatch.setattr(quality, "is_there", lambda: True)
        running = asyncio.create_task(shelf.quality.run())
        await shelf.clock.sleep(0)
        await story(shelf)
        running.cancel()

    run_virtual(night())


def test_the_newest_whole_frame_is_measured_every_two_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(shelf: Shelf) -> None:
        await shelf.images(5 * EVERY_S - FRAME_S)
        assert shelf.measured == [f"frame_{number:04}.fits" for number in (1, 3, 6, 8)]
        assert [(one.stars, one.background, one.hfd) for one in shelf.told] == [(80, 900.0, 2.5)] * 4

    watched(monkeypatch, story)


@pytest.mark.parametrize("what", ["there are none", "it stays the same", "it is none"])
def test_what_cannot_be_measured_is_looked_for_ever_less_often(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    async def story(shelf: Shelf) -> None:
        shelf.grows = what == "it is none"
        shelf.can_be_measured = what == "it stays the same"
        if what == "it stays the same":
            shelf.names = ["a.fits", "b.fits"]
        await shelf.images(50 * EVERY_S)
        soon = TRIES + (what == "it stays the same")
        every = [EVERY_S * number for number in range(soon)]
        later = [every[-1] + 10 * EVERY_S * number for number in (1, 2, 3, 4)]
        assert shelf.looked_at == pytest.approx([*every, *later], abs=1)

    watched(monkeypatch, story)
