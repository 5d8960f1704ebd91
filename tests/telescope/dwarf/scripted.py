"""A device whose telescope is a script: for the rules of commands that no simulated telescope reaches."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.dwarf.completion import Completion
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.generation_v2 import DialectV2
from agent.telescope.dwarf.generation_v3 import DialectV3
from agent.telescope.dwarf.http import HttpError
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Answered, Exchange
from agent.telescope.dwarf.models import capabilities_for
from agent.telescope.dwarf.state import CaptureRecord, DeviceState, Phase, Snapshot
from agent.telescope.dwarf.wire.notifications import HostMode, PoweringOff
from agent.telescope.errors import TransientError
from agent.telescope.interface import CameraSettings, ConnectionState
from tests.support.virtual_loop import run_virtual

NIGHT = datetime(2026, 7, 1, 21, 0, tzinfo=UTC)
TELE, WIDE = Camera.TELE, Camera.WIDE
LIMITS = Limits()
OLDER, NEWER = DialectV2, DialectV3


class Stage(Dialect):
    """A device whose telescope is a script: `says` is its answer to what it does, `sessions` its album.

    It is like one generation of firmware in every fact; what a dialect does is noted in `did`.
    """

    def __init__(self, firmware: type[Dialect] = NEWER) -> None:
        self.speaks(firmware)
        self.did: list[Any] = []
        self.in_its_mode = True
        self.clock = LoopClock(NIGHT)
        self.says: Snapshot | None = None
        self.asked: list[float] = []
        self.sessions: list[dict[str, Any]] = []
        self.link = ConnectionState.CONNECTED
        self.trouble: Exception | None = None
        self.device = Device(
            exchange=Exchange(self.transmit),
            state=DeviceState(lambda _event: None, lambda: None),
            http=self,  # type: ignore[arg-type]
            dialect=self,
            clock=self.clock,
            limits=LIMITS,
            capabilities=capabilities_for("D3"),
            link_state=lambda: self.link,
        )
        self.device.zone = UTC

    def speaks(self, firmware: type[Dialect]) -> None:
        """Be like this firmware from now on."""
        self.be(**{fact: getattr(firmware, fact) for fact in inspect.get_annotations(Dialect)})

    def be(self, **facts: Any) -> None:
        """Differ from the firmware in these facts, each of which a dialect must have."""
        for fact, value in facts.items():
            assert fact in inspect.get_annotations(Dialect), fact
            setattr(self, fact, value)

    @property
    def record(self) -> CaptureRecord:
        return self.device.state.captures[TELE]

    card_port = 80

    async def ask(self, *_: object) -> list[dict[str, Any]]:
        return self.sessions

    async def file(self, _port: int, path: str) -> bytes:
        raise HttpError(f"There is no {path} on the card.")

    async def transmit(self, _cmd: int, _data: bytes) -> None:
        raise AssertionError("nothing is sent to a script")

    async def query(self, _device: object) -> Snapshot | None:
        self.asked.append(self.clock.monotonic())
        if self.trouble is not None:
            raise self.trouble
        return self.says

    def reset(self) -> None:
        self.did.append("reset")

    def aim(self, target: SkyTarget | SolarTarget | None) -> None:
        self.did.append(("aim", target))

    async def prepare(self, _device: object, camera: Camera) -> None:
        self.did.append(("prepare", camera))

    def went_live(self, _device: object) -> None:
        self.did.append("live")

    async def in_place(self, _device: object) -> bool:
        self.did.append("in place?")
        return self.in_its_mode

    async def enter(self, _device: object, camera: Camera) -> None:
        self.did.append(camera)

    async def apply(self, _device: object, camera: Camera, settings: CameraSettings) -> None:
        self.did.append(("apply", camera, settings))

    async def read(self, _device: object, camera: Camera) -> CameraSettings:
        return CameraSettings(gain=len(camera.value))

    async def set_location(self, _device: object, site: Site) -> None:
        self.did.append(("place", site))

    def calibrate(self, site: Site | None) -> Any:
        return ("calibrate", site)

    async def start_capture(self, _device: object, camera: Camera, *, force: bool) -> Any:
        return (camera, force)

    def park_pitch(self, model: str) -> float:
        return 300.0 + len(model)

    def running(self, **facts: Any) -> CaptureRecord:
        """A capture of ours that runs and exposes."""
        record = self.record
        record.begin(self.clock.now())
        record.phase = Phase.RUNNING
        record.confirmed = record.exposing = True
        for name, value in facts.items():
            setattr(record, name, value)
        return record

    def ended(self, **facts: Any) -> CaptureRecord:
        record = self.running(**facts)
        record.phase = Phase.ENDED
        return record


def staged(story: Callable[[Stage], Awaitable[Any]], firmware: type[Dialect] = NEWER) -> Any:
    async def main() -> Any:
        return await story(Stage(firmware))

    return run_virtual(main())


class Busy(set[str]):
    """What a telescope is busy with, and how that changed."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[str, str]] = []

    def add(self, activity: str) -> None:
        if activity not in self:
            self.changes.append((activity, "begins"))
        super().add(activity)

    def discard(self, activity: str) -> None:
        if activity in self:
            self.changes.append((activity, "ends"))
        super().discard(activity)


class Wire(Stage):
    """Writes down what goes to the telescope; `answers` are its answers in turn, errors are raised."""

    def __init__(self, firmware: type[Dialect] = NEWER) -> None:
        super().__init__(firmware)
        self.sent: list[tuple[Any, ...]] = []
        self.completions: list[Any] = []
        self.answers: list[Any] = []
        self.says_goodbye = False  # to what it is ordered, before it answers
        self.events: list[Any] = []
        self.device.state._emit = self.events.append
        self.device.state.busy = self.busy = Busy()
        self.device.ask = self._ask  # type: ignore[method-assign]
        self.device.order = self._order  # type: ignore[method-assign]
        self.device.carry_out = self._carry_out  # type: ignore[method-assign]

    def _next(self) -> Any:
        answer = self.answers.pop(0) if self.answers else b""
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _ask(self, cmd: int, message: Any = None, *, within: Any = None, attempts: int = 1) -> Any:
        self.sent.append((cmd, message, within, attempts))
        return self._next()

    async def _order(
        self, cmd: int, message: Any = None, *, doing: str, within: Any = None, attempts: int = 2
    ) -> None:
        self.sent.append((cmd, message, doing, within, attempts))
        if self.says_goodbye:
            self.device.state.take(PoweringOff())
        self._next()

    async def _carry_out(
        self, cmd: int, message: Any, completion: Completion, *, total: float, news: float | None = None
    ) -> None:
        self.sent.append((cmd, message, total, news))
        self.completions.append(completion)
        answer = self._next()
        if isinstance(answer, Answered | HostMode):
            completion.see(answer)
        elif callable(answer):
            answer(completion)

    def at_rest(self) -> Wire:
        """A telescope that has just focused, and stands still: nothing comes before what is asked of it."""
        self.device.state.infinity_at = self.clock.monotonic()
        self.device.state.still_at = self.clock.monotonic() - LIMITS.still
        return self

    async def apply(self, device: object, camera: Camera, settings: CameraSettings) -> None:
        await super().apply(device, camera, settings)
        self._next()

    @property
    def cmds(self) -> list[Any]:
        return [one[0] for one in self.sent]

    def told(self) -> list[tuple[str, str]]:
        return self.busy.changes


def on_wire(story: Callable[[Wire], Awaitable[Any]], firmware: type[Dialect] = NEWER) -> Any:
    async def main() -> Any:
        return await story(Wire(firmware))

    return run_virtual(main())


def refused(code: int) -> TransientError:
    return TransientError("no", device_code=code)
