"""Stacked captures: start, follow over lost links, count, stop.

A capture belongs to the telescope: it goes on when nobody is connected. Its record in the state keeps the
counts from the start, so one that ends before anybody follows it is counted all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from agent.capabilities import Camera
from agent.telescope.dwarf.commands.live import go_live, willing
from agent.telescope.dwarf.commands.missing_darks import START, STOP, FirstLight, close_question, go_on
from agent.telescope.dwarf.completion import CaptureStartCompletion, CaptureStopCompletion
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.link.patience import limit
from agent.telescope.dwarf.media import Album, AlbumEntry, begun_after, newest_ended_since, newest_since
from agent.telescope.dwarf.state import UNNAMED, CaptureRecord, Phase
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.codes import error_for
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import (
    CommandTimeoutError,
    NothingExposedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport

_LOGGER = logging.getLogger(__name__)

_STRAGGLERS_S = 0.5  # the last count may come just after the end
_AWAY_CHECK_S = 30.0  # how often a lost telescope's absence is measured

Progress = Callable[[CaptureProgress], None]


async def start_capture(device: Device, camera: Camera, *, without_goto: bool = False) -> None:
    """Open the shutter; returns when the telescope says it captures."""
    device.require_control()
    record = device.state.captures[camera]
    if record.active:
        await device.query()
        if record.active:
            raise TransientError(
                f"The {camera} camera already captures.", code="capture_running", hint="Stop it first."
            )
    if record.displayed:
        await go_live(device)
    record.begin(device.clock.now())
    try:
        await willing(device, camera, lambda: _open_shutter(device, camera, without_goto=without_goto))
    except UnreachableError:
        raise  # whether it began is for the reconnected telescope to say
    except TelescopeError:
        if record.told_to_go_on:
            await close_question(device, camera)
        record.abandon()
        raise
    record.confirmed = True


async def follow_capture(
    device: Device, camera: Camera, on_progress: Progress | None = None
) -> CaptureReport:
    """Wait for the capture's end, over any number of lost links, and report what was truly taken."""
    record = device.state.captures[camera]
    attached_at = device.clock.now()
    if record.phase is Phase.NONE:
        await device.query()
    told: CaptureProgress | None = None
    first_light = FirstLight(device, camera)
    away_since: float | None = None
    since = device.clock.monotonic()
    while record.active:
        record.changed.clear()
        await _ask_per_pane(device, record, since)
        progress = _told(device, record)
        if on_progress is not None and progress != told:
            told = progress
            on_progress(progress)
        connected = _connected(device)
        if record.doubted and connected:
            await _ask_whether_over(device, record)
            continue
        now = device.clock.monotonic()
        if connected:
            away_since = None
        elif away_since is None:
            away_since = now
        elif now - away_since > device.limits.away:
            device.require_link()
        try:
            next_look = await first_light.look(connected=connected)
        except NothingExposedError:
            await stop_capture(device, camera)
            raise
        patience = min(next_look, _patience(device, record) if connected else _AWAY_CHECK_S)
        try:
            async with limit(device.clock, patience):
                await record.changed.wait()
        except TimeoutError:
            await _ask_quietly(device)
    if not record.complete:
        await device.clock.sleep(_STRAGGLERS_S)
    report = await _report(device, record, attached_at)
    final = replace(_told(device, record), taken=report.taken, stacked=report.stacked)
    if on_progress is not None and final != told:
        on_progress(final)  # frames may have been taken while the link was down
    return report


async def running_capture(device: Device, camera: Camera) -> CaptureProgress | None:
    """Ask whether a capture runs now; CommandTimeoutError when a telescope that tells such things does not.

    Silence is no proof that it captures nothing.
    """
    device.require_link()
    record = device.state.captures[camera]
    unread = device.exchange.unread
    snapshot = await device.query()
    garbled = device.exchange.unread > unread
    told = snapshot is not None and (camera in snapshot.capturing or not garbled)
    if not (told or record.active) and (device.tells_state or garbled):
        silent = CommandTimeoutError(f"The telescope does not tell whether its {camera} camera captures.")
        raise device.blamed(silent, unread)
    if record.phase is Phase.STARTING and snapshot is not None and not snapshot.capturing.get(camera):
        record.abandon()
    if not record.active:
        return None
    if not record.panes.per_pane or record.panes.doubtful:  # begun in an earlier life of the agent
        record.asks_per_pane(await device.dialect.per_pane(device), sure=False)
    progress = _told(device, record)
    tracked = device.state.telemetry.tracking  # before the first frame, the name of what is tracked is all
    return progress if progress.target or tracked == UNNAMED else replace(progress, target=tracked)


async def recorded_captures(device: Device, camera: Camera, since: datetime) -> tuple[CaptureReport, ...]:
    """The album's records of captures begun after `since`, newest first."""
    entries = await Album(device.http, device.dialect.album).captures(device.zone)
    return tuple(entry.report() for entry in entries if entry.camera is camera and begun_after(entry, since))


async def stop_capture(device: Device, camera: Camera) -> CaptureReport:
    """Stop the capture and wait until the telescope has closed it; harmless when there is none."""
    device.require_link()
    record = device.state.captures[camera]
    attached_at = device.clock.now()
    record.stop_asked = record.stop_asked or record.active
    try:
        async with limit(device.clock, device.limits.capture_stop):
            asked = 1
            while not await _asked_to_stop(device, camera, fast=asked % device.limits.fast_stop_every == 0):
                asked += 1
                _LOGGER.warning("The %s capture goes on; the telescope is asked to stop it again", camera)
    except TimeoutError:
        seconds = device.limits.capture_stop
        raise CommandTimeoutError(f"The {camera} capture did not stop within {seconds:.0f} s.") from None
    if record.active:  # never seen to run, or its end went unheard
        record.abandon() if record.phase is Phase.STARTING else record.reconcile(running=False)
    return await _report(device, record, attached_at)


async def _asked_to_stop(device: Device, camera: Camera, *, fast: bool) -> bool:
    """Ask once, and wait for the end of the capture; false when the stop was not heard."""
    cmd = device.dialect.fast_stop.get(camera, STOP[camera]) if fast else STOP[camera]
    completion = CaptureStopCompletion(
        "Stopping the capture", device.judge, device.limits, camera=camera, query=device.query
    )
    await device.carry_out(cmd, None, completion, total=device.limits.capture_stop)
    return not completion.unheard


async def _open_shutter(device: Device, camera: Camera, *, without_goto: bool, force: bool = False) -> None:
    doing = f"Starting the {camera} capture"
    dialect, limits = device.dialect, device.limits
    completion = CaptureStartCompletion(
        doing, device.judge, limits, camera=camera, query=device.query, holds=dialect.holds_captures
    )
    mosaic = device.state.captures[camera].mosaic
    cmd = START[camera] if mosaic is None else Cmd.START_MOSAIC
    if mosaic is None:
        request = await dialect.start_capture(device, camera, force=force)
    else:
        request = await dialect.start_mosaic(device, mosaic)
    await device.carry_out(cmd, request, completion, total=limits.capture_start, news=limits.state_check)
    code = completion.warning
    held = dialect.holds_captures and code in codes.NO_FITTING_DARKS
    if held and completion.refused:
        await go_on(device, camera)
    elif held:
        device.state.captures[camera].asked_about_darks()
    elif completion.refused and code == codes.NEEDS_GOTO and without_goto and not force:
        await _open_shutter(device, camera, without_goto=without_goto, force=True)
    elif completion.refused:
        raise error_for(code, doing, dialect.generation)


def _connected(device: Device) -> bool:
    try:
        device.require_link()
    except UnreachableError:
        return False
    return True


def _patience(device: Device, record: CaptureRecord) -> float:
    """How long a capture may be silent before it is asked: two frames at least."""
    if record.asked and record.taken >= record.asked:
        return device.limits.state_check
    return max(device.limits.news, 2 * record.exposure_s + device.limits.settle)


async def _ask_whether_over(device: Device, record: CaptureRecord) -> None:
    """An end before the first frame: the telescope is asked, and taken at its word if it does not say."""
    await _ask_quietly(device)
    if record.doubted and _connected(device):
        record.reconcile(running=False)


async def _ask_per_pane(device: Device, record: CaptureRecord, since: float) -> None:
    """Read what each pane of a mosaic is asked for, if that is in doubt; in the end it is no old value."""
    if record.panes.doubtful and _connected(device):
        sure = device.clock.monotonic() - since >= device.limits.read_back
        record.asks_per_pane(await device.dialect.per_pane(device), sure=sure)


async def _ask_quietly(device: Device) -> None:
    if not _connected(device):
        return
    try:
        await device.query()
    except TelescopeError as error:
        _LOGGER.debug("The capture's state is not told: %s", error)


async def _report(device: Device, record: CaptureRecord, attached_at: datetime) -> CaptureReport:
    if record.phase is Phase.NONE:
        return CaptureReport(record.camera, 0, 0, CaptureEnd.UNKNOWN)
    entry = await _album_entry(device, record, attached_at)
    taken, stacked = record.taken, record.stacked
    if entry is not None and (record.missed or record.unseen_end or not taken):
        taken, stacked = max(taken, entry.taken), max(stacked, entry.stacked)
        record.panes.settle(taken, stacked)
    wanted = record.asked or (entry.to_take if entry is not None else 0)
    end = CaptureEnd.FINISHED
    if record.stop_asked:
        end = CaptureEnd.STOPPED
    elif record.unseen_end and not 0 < wanted <= taken:
        end = CaptureEnd.UNKNOWN
    seen = _told(device, record)
    facts = entry.report() if entry is not None else CaptureReport(record.camera, taken, stacked, end)
    return replace(
        facts,
        taken=taken,
        stacked=stacked,
        end=end,
        total=record.total or facts.total,
        target=seen.target or facts.target,
        exposure_s=seen.exposure_s or facts.exposure_s,
        began=seen.began or facts.began,
        without_darks=record.without_darks,
        panes=seen.panes,
    )


def _told(device: Device, record: CaptureRecord) -> CaptureProgress:
    """A capture as the telescope tells of it."""
    table = device.capabilities.cameras[record.camera].exposures
    index = record.exposure_index
    seconds = next((each.seconds for each in table if index and each.index == index), None)
    return replace(record.progress(), exposure_s=seconds)


async def _album_entry(device: Device, record: CaptureRecord, attached_at: datetime) -> AlbumEntry | None:
    """The album's record of this very capture, or None when the album does not clearly have it."""
    entries = await Album(device.http, device.dialect.album).captures(device.zone)
    if record.started_at is not None:
        entry = newest_since(entries, record.started_at, record.camera)
    else:
        entry = newest_ended_since(entries, attached_at, record.camera, device.clock.now())
    if entry is None:
        return None
    other_count = record.asked and entry.to_take and record.asked != entry.to_take
    other_target = record.target and entry.target and record.target != entry.target
    return None if other_count or other_target else entry
