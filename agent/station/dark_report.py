"""Which dark frames a telescope keeps, and what the sessions that wait lack."""

from __future__ import annotations

from functools import partial
from typing import Any

from agent.capabilities import Camera, Capabilities
from agent.errors import AgentError
from agent.execute.steps.darks import kind_of
from agent.session.plan import StepKind
from agent.station.station import Station
from agent.telescope.darks import DarkKind, DarkLibrary
from agent.telescope.interface import Telescope


async def dark_report(station: Station) -> dict[str, Any]:
    """Return it as plain JSON values; TelescopeError when the telescope cannot be asked."""
    capabilities = station.capabilities()
    if capabilities is None or not station.hands.linked:
        raise AgentError("The telescope does not answer.", code="unreachable", hint="Is it on, and free?")
    libraries = {
        camera: await station.hands.aside(partial(_library, camera)) for camera in capabilities.cameras
    }
    wanted = _wanted(station)
    return {
        "telescope": station.id,
        "sensors": {camera.value: library.celsius for camera, library in libraries.items()},
        "kept": [
            _shown(frame.kind, capabilities) | {"celsius": frame.celsius}
            for library in libraries.values()
            for frame in library.frames
        ],
        "wanted": [
            _shown(kind, capabilities) | {"state": libraries[kind.camera].state(kind), "sessions": sessions}
            for kind, sessions in wanted.items()
        ],
    }


async def _library(camera: Camera, telescope: Telescope) -> DarkLibrary:
    return await telescope.darks(camera)


def _wanted(station: Station) -> dict[DarkKind, list[str]]:
    """What the captures of the waiting sessions need, and for which of them, as far as their files say."""
    wanted: dict[DarkKind, list[str]] = {}
    for waiting in station.dispatcher.queue:
        for step in waiting.plan.steps if waiting.plan is not None else ():
            if step.kind is not StepKind.CAPTURE or step.exposure is None or step.gain is None:
                continue
            sessions = wanted.setdefault(kind_of(step), [])
            if waiting.session_id not in sessions:
                sessions.append(waiting.session_id)
    return wanted


def _shown(kind: DarkKind, capabilities: Capabilities) -> dict[str, Any]:
    own = capabilities.cameras[kind.camera]
    exposure = next((one.name for one in own.exposures if one.index == kind.exposure), str(kind.exposure))
    binning = next((one.name for one in own.binnings if one.value == kind.binning), None)
    return {"camera": kind.camera.value, "exposure": exposure, "gain": kind.gain, "binning": binning}
