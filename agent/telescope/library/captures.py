"""Stacked captures through the library: start, follow over lost links and killed processes, count, stop.

The library would wait for the end of a capture in one blocking call. It is never made: its client keeps the
state and the counts anyhow, and they are looked at once a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from agent.capabilities import Camera
from agent.telescope.dwarf.media import Album, AlbumEntry, begun_after, newest_ended_since, newest_since
from agent.telescope.dwarf.state import CaptureRecord, Phase
from agent.telescope.dwarf.wire import codes
from agent.telescope.errors import TelescopeError, TransientError, UnreachableError
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport
from agent.telescope.library.core import Core, device_code

_LOGGER = logging.getLogger(__name__)

Progress = Callable[[CaptureProgress], None]

_STOP = {Camera.TELE: "perform_stopAstroPhoto", Camera.WIDE: "perform_stopAstroWidePhoto"}
_AWAY_CHECK_S = 30.0  # how often a lost telescope's absence is measured
_SILENCE_S = 150.0  # a telescope that captures says something more often than this, except while exposing
_LAST_FRAME_S = 15.0  # when every frame was counted, the end is near


async def go_live(core: Core) -> None:
    """Return to live view."""
    await core.order("perform_GoLive", doing="Returning to live view", limit=core.limits.go_live)
    for record in core.captures.values():
        record.displayed = False


async def start_capture(core: Core, camera: Camera) -> None:
    """Open the shutter; returns when the telescope says it captures."""
    core.require_control()
    record = core.captures[camera]
    if record.active:
        await core.look()
        if record.active:
            # Asked a second time, the library would wait for the end of the first and call that a start.
            raise TransientError(
                f"The {camera} camera already captures.", code="capture_running", hint="Stop it first."
            )
    if record.displayed:
        await go_live(core)
    record.begin(core.clock.now())
    try:
        await _open_shutter(core, camera)
    except UnreachableError:
        raise  # whether it began is for the reconnected telescope to say
    except TelescopeError:
        record.abandon()
        raise
    record.confirmed = True
    core.begun(camera)


async def follow_capture(core: Core, camera: Camera, on_progress: Progress | None = None) -> CaptureReport:
    """Wait for the capture's end, and report what was truly taken."""
    record = core.captures[camera]
    attached_at = core.clock.now()
    if record.phase is Phase.NONE:
        await core.look()
    told: CaptureProgress | None = None
    away_since: float | None = None
    while record.active:
        record.changed.clear()
        if on_progress is not None and record.progress() != told:
            told = record.progress()
            on_progress(told)
        connected, now = core.up.is_set(), asyncio.get_running_loop().time()
        if record.doubted and connected:
            with suppress(TelescopeError):
                await core.look()
            if record.doubted and core.up.is_set():
                record.reconcile(running=False)  # an end before the first frame is taken at its word
            continue
        away_since = None if connected else away_since if away_since is not None else now
        if away_since is not None and now - away_since > core.limits.away:
            core.require_link()
        try:
            async with asyncio.timeout(_patience(record) if connected else _AWAY_CHECK_S):
                await record.changed.wait()
        except TimeoutError:
            if connected:
                with suppress(TelescopeError):
                    await core.look()
    await asyncio.sleep(core.limits.news)
    if on_progress is not None and record.progress() != told and record.phase is not Phase.NONE:
        on_progress(record.progress())
    return await _report(core, record, attached_at)


async def running_capture(core: Core, camera: Camera) -> CaptureProgress | None:
    """Ask whether a capture runs now."""
    core.require_link()
    record = core.captures[camera]
    if record.phase is not Phase.RUNNING or core.doubted:
        await core.look()
    return record.progress() if record.active else None


async def recorded_captures(core: Core, camera: Camera, since: datetime) -> tuple[CaptureReport, ...]:
    """The album's records of captures begun after `since`, newest first."""
    entries = await Album(core.http).captures(core.zone)
    return tuple(entry.report() for entry in entries if entry.camera is camera and begun_after(entry, since))


async def stop_capture(core: Core, camera: Camera) -> CaptureReport:
    """Stop the capture and wait until the telescope has closed it; harmless when there is none."""
    core.require_link()
    record = core.captures[camera]
    attached_at = core.clock.now()
    if record.phase is not Phase.RUNNING:
        await core.look()  # asked to stop what does not run, the library waits 150 s
    if record.active:
        record.stop_asked = True
        reply = await core.call(_STOP[camera], doing="Stopping the capture", limit=core.limits.capture_stop)
        if reply.value is not True:
            await core.look()
            if record.active:
                core.judge(reply, "Stopping the capture")
        elif record.active:
            core.stopped(camera)
    return await _report(core, record, attached_at)


async def _open_shutter(core: Core, camera: Camera) -> None:
    doing = f"Starting the {camera} capture"
    for last in (False, True):
        reply = await core.ask("start", doing=doing, limit=core.limits.capture_start, camera=camera.value)
        if reply.value is True or core.running(camera):
            return
        if device_code(reply) != codes.ASTRO_BUSY or last or any(core.running(each) for each in Camera):
            break
        _LOGGER.info("The telescope says it is busy; finishing what is over, then once more")
        await go_live(core)
    if device_code(reply) == codes.ADJUST_EXPOSURE:
        # The library takes this advice about the exposure for a refusal, while the capture begins.
        await core.look()
        if core.captures[camera].phase is Phase.RUNNING:
            return
    core.judge(reply, doing)


def _patience(record: CaptureRecord) -> float:
    """How long a capture may be silent before it is asked: two frames at least."""
    if record.asked and record.taken >= record.asked:
        return _LAST_FRAME_S
    return max(_SILENCE_S, 2 * record.exposure_s)


async def _report(core: Core, record: CaptureRecord, attached_at: datetime) -> CaptureReport:
    if record.phase is Phase.NONE:
        return CaptureReport(record.camera, 0, 0, CaptureEnd.UNKNOWN)
    entry = await _album_entry(core, record, attached_at)
    taken, stacked = record.taken, record.stacked
    if entry is not None:  # counts are seen once a second, and not at all while the process starts anew
        taken, stacked = max(taken, entry.taken), max(stacked, entry.stacked)
    wanted = record.asked or (entry.to_take if entry is not None else 0)
    end = CaptureEnd.FINISHED
    if record.stop_asked:
        end = CaptureEnd.STOPPED
    elif record.unseen_end and not 0 < wanted <= taken:
        end = CaptureEnd.UNKNOWN
    facts = entry.report() if entry is not None else CaptureReport(record.camera, taken, stacked, end)
    return replace(facts, taken=taken, stacked=stacked, end=end)


async def _album_entry(core: Core, record: CaptureRecord, attached_at: datetime) -> AlbumEntry | None:
    """The album's record of this very capture, or None when the album does not clearly have it."""
    entries = await Album(core.http).captures(core.zone)
    if record.started_at is not None:
        entry = newest_since(entries, record.started_at, record.camera)
    else:
        entry = newest_ended_since(entries, attached_at, record.camera, core.clock.now())
    if entry is not None and record.asked and entry.to_take and record.asked != entry.to_take:
        return None
    return entry
