"""A telescope made of plain values on an injected clock: what the executor sees, without a wire."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from agent.capabilities import Binning, Camera, CameraCapabilities, Capabilities, Exposure, Filter
from agent.clock import Clock
from agent.events import Telemetry
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.errors import TelescopeError, TransientError, UnreachableError
from agent.telescope.interface import (
    CameraSettings,
    CaptureEnd,
    CaptureProgress,
    CaptureReport,
    ConnectionChanged,
    ConnectionState,
    EqError,
    Identity,
    Listener,
    Picture,
    Telescope,
)

EXPOSURES = (Exposure("1", 1.0, 120), Exposure("10", 10.0, 150), Exposure("15", 15.0, 156))
CAMERA = CameraCapabilities(
    exposures=EXPOSURES,
    gains=tuple(range(0, 241, 10)),
    filters=(Filter(0, "VIS"), Filter(1, "Astro"), Filter(2, "Duo-Band")),
    binnings=(Binning(0, "4k"), Binning(1, "2k")),
)
CAPABILITIES = Capabilities(model="D3", cameras={Camera.TELE: CAMERA, Camera.WIDE: CAMERA})


@dataclass
class FakeCapture:
    """A capture on the fake telescope: it goes on whether or not anybody listens."""

    camera: Camera
    began: datetime
    count: int
    frame_s: float
    taken: int = 0
    stacked: int = 0
    running: bool = True
    end: CaptureEnd = CaptureEnd.FINISHED
    target: str | None = None
    exposure_s: float | None = None
    task: asyncio.Task[None] | None = None


@dataclass
class FakeTelescope(Telescope):
    """Scripted: `fail[method]` holds errors to raise, oldest first; `calls` lists what was asked."""

    clock: Clock
    calls: list[str] = field(default_factory=list)
    fail: dict[str, deque[TelescopeError]] = field(default_factory=lambda: defaultdict(deque))
    command_s: float = 2.0
    frames_limit: int | None = None  # the telescope ends every capture after this many frames
    lose_every: int = 0  # every n-th frame is not stacked
    runs_on: int = 0  # a capture takes this many frames, whatever it was asked for
    ignore_settings: bool = False
    captures: list[FakeCapture] = field(default_factory=list)
    gotos: list[SkyTarget | SolarTarget] = field(default_factory=list)
    held: dict[Camera, CameraSettings] = field(default_factory=dict)
    tables: Capabilities = CAPABILITIES
    online: bool = True
    single_client: bool = False
    resting: bool = False
    serial: str = "F00D"

    def __post_init__(self) -> None:
        self._listeners: list[Listener] = []
        self._telemetry = Telemetry(battery=80)
        self._back = asyncio.Event()
        self._news = asyncio.Event()  # of a capture, or that the link is lost

    # -- switches for tests -----------------------------------------------------------------------------

    def cut(self) -> None:
        """The link is lost; the telescope goes on with what it does."""
        self.online = False
        self._news.set()
        self._back = asyncio.Event()
        self._tell(ConnectionChanged(ConnectionState.CONNECTING, "cut"))

    def restore(self) -> None:
        """The link is back."""
        self.online = True
        self._back.set()
        self._tell(ConnectionChanged(ConnectionState.CONNECTED))

    def set_telemetry(self, telemetry: Telemetry) -> None:
        """Change what the telescope says of itself."""
        self._telemetry = telemetry

    def expose(self, camera: Camera, count: int, exposure_s: float, target: str | None) -> FakeCapture:
        """A capture begins: for this agent, or for another client."""
        capture = FakeCapture(
            camera, self.clock.now(), count, exposure_s + 1, target=target, exposure_s=exposure_s
        )
        capture.task = asyncio.create_task(self._expose(capture))
        self.captures.append(capture)
        return capture

    # -- Telescope --------------------------------------------------------------------------------------

    async def open(self) -> None:
        self.calls.append("open")
        if self.resting:
            self.resting = False
            self._tell(ConnectionChanged(ConnectionState.CONNECTING))
            if self.online:
                self._back.set()
        self._tell(
            ConnectionChanged(ConnectionState.CONNECTED)
            if self.online
            else ConnectionChanged(ConnectionState.CONNECTING, "The telescope does not answer.")
        )

    async def close(self) -> None:
        self.online = False
        self._news.set()

    @property
    def connection(self) -> ConnectionState:
        if self.resting:
            return ConnectionState.RESTING
        return ConnectionState.CONNECTED if self.online else ConnectionState.CONNECTING

    async def answers(self) -> bool:
        return self.online

    async def wait_connected(self) -> None:
        while not self.online or self.resting:
            await self._back.wait()

    @property
    def identity(self) -> Identity | None:
        return Identity("D3", 2, "Fake", "1.0", "v3", self.serial)

    @property
    def capabilities(self) -> Capabilities:
        return self.tables

    @property
    def telemetry(self) -> Telemetry:
        return self._telemetry

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def take_control(self) -> None:
        if self.resting and self.online:
            await self.open()
        await self._do("take_control", 0)

    async def release_control(self) -> None:
        self.calls.append("release_control")
        if self.single_client:
            self.resting = True
            self._back = asyncio.Event()
            self._tell(ConnectionChanged(ConnectionState.RESTING, "left alone"))

    async def set_time(self, now: datetime, timezone: str, site: Site | None) -> None:
        await self._do("set_time")

    async def go_live(self) -> None:
        await self._do("go_live")

    async def halt(self) -> None:
        await self._do("halt", 0)
        for capture in self.captures:
            self._stop(capture)

    async def park(self) -> None:
        await self._do("park")

    async def shutdown(self) -> None:
        await self._do("shutdown")

    async def reboot(self) -> None:
        await self._do("reboot")

    async def calibrate(self, site: Site | None) -> None:
        await self._do("calibrate", 60)

    async def stop_goto(self) -> None:
        await self._do("stop_goto", 0)

    async def goto(self, target: SkyTarget | SolarTarget, site: Site | None) -> None:
        await self._do("goto", 20)
        self.gotos.append(target)

    async def auto_focus(self) -> None:
        await self._do("auto_focus", 10)

    async def infinite_focus(self) -> None:
        await self._do("infinite_focus", 5)

    async def nudge(self, angle: float, seconds: float) -> None:
        await self._do(f"nudge {angle:g}", seconds)

    async def focus_step(self, *, near: bool, steps: int) -> None:
        await self._do(f"focus_step {'near' if near else 'far'} {steps}", steps)

    async def solve_eq(self, site: Site | None) -> EqError:
        await self._do("solve_eq", 30)
        error = EqError(0.1, -0.2)
        self._tell(error)
        return error

    async def apply(self, camera: Camera, settings: CameraSettings) -> None:
        await self._do("apply", 1)
        if not self.ignore_settings:
            self.held[camera] = settings

    async def read(self, camera: Camera) -> CameraSettings:
        await self._do("read", 0)
        return self.held.get(camera, CameraSettings(exposure=75, gain=0, filter=0, binning=0, count=999))

    async def start_capture(self, camera: Camera, *, without_goto: bool = False) -> None:
        await self._do("start_capture", 1)
        if any(capture.running and capture.camera is camera for capture in self.captures):
            raise TransientError(f"The {camera} camera already captures.", code="capture_running")
        settings = self.held[camera]
        exposure = next((e for e in EXPOSURES if e.index == settings.exposure), EXPOSURES[0])
        target = self.gotos[-1].name if self.gotos else None
        self.expose(camera, self.runs_on or settings.count or 999, exposure.seconds, target)

    async def follow_capture(
        self, camera: Camera, on_progress: Callable[[CaptureProgress], None] | None = None
    ) -> CaptureReport:
        self.calls.append("follow_capture")
        capture = self.captures[-1]
        seen = -1
        while capture.running:
            if not self.online:
                raise UnreachableError("The telescope does not answer.")
            if capture.taken != seen and on_progress:
                seen = capture.taken
                on_progress(_progress(capture))
            self._news.clear()
            await self._news.wait()
        if not self.online:
            raise UnreachableError("The telescope does not answer.")
        if on_progress:
            on_progress(_progress(capture))
        return self._report(capture)

    async def running_capture(self, camera: Camera) -> CaptureProgress | None:
        await self._do("running_capture", 0)
        return next((_progress(c) for c in self.captures if c.running and c.camera is camera), None)

    async def recorded_captures(self, camera: Camera, since: datetime) -> tuple[CaptureReport, ...]:
        await self._do("recorded_captures", 0)
        found = [c for c in reversed(self.captures) if c.camera is camera and c.began >= since]
        return tuple(self._report(capture) for capture in found)

    async def stop_capture(self, camera: Camera) -> CaptureReport:
        await self._do("stop_capture", 1)
        if not self.captures:
            return CaptureReport(camera, 0, 0, CaptureEnd.UNKNOWN)
        self._stop(self.captures[-1])
        return self._report(self.captures[-1])

    async def latest_picture(self, since: datetime, folders: Collection[str] = ()) -> Picture | None:
        return None

    @property
    def streams(self) -> dict[str, str]:
        return {"tele": "rtsp://192.0.2.1/ch0"}

    # -- inside -----------------------------------------------------------------------------------------

    async def _do(self, name: str, seconds: float | None = None) -> None:
        self.calls.append(name)
        if not self.online or self.resting:
            raise UnreachableError("The telescope does not answer.")
        await self.clock.sleep(self.command_s if seconds is None else seconds)
        if not self.online:
            raise UnreachableError("The telescope went away.")
        if self.fail[name]:
            raise self.fail[name].popleft()

    async def _expose(self, capture: FakeCapture) -> None:
        limit = capture.count if self.frames_limit is None else min(capture.count, self.frames_limit)
        while capture.running and capture.taken < limit:
            await self.clock.sleep(capture.frame_s)
            if not capture.running:
                return
            capture.taken += 1
            if not (self.lose_every and capture.taken % self.lose_every == 0):
                capture.stacked += 1
            self._news.set()
        capture.running = False
        self._news.set()

    def _report(self, capture: FakeCapture) -> CaptureReport:
        return CaptureReport(
            capture.camera,
            capture.taken,
            capture.stacked,
            capture.end,
            f"/Astronomy/{self.captures.index(capture)}",
            capture.count,
            target=capture.target,
            exposure_s=capture.exposure_s,
            began=capture.began,
        )

    def _stop(self, capture: FakeCapture) -> None:
        if capture.running:
            capture.running, capture.end = False, CaptureEnd.STOPPED
            self._news.set()

    def _tell(self, event: ConnectionChanged | EqError) -> None:
        for listener in tuple(self._listeners):
            listener(event)


def _progress(capture: FakeCapture) -> CaptureProgress:
    return CaptureProgress(
        capture.camera,
        capture.taken,
        capture.stacked,
        capture.count,
        target=capture.target,
        exposure_s=capture.exposure_s,
        began=capture.began,
    )
