"""What makes a telescope dark, remembered between the lives of the agent: the cap, and darks under way."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.execute.cap import Cap
from agent.execute.darks_under_way import DarksUnderWay
from agent.station.state_file import StateFile

_CAP = "capped"
_DARKS = "darks_under_way"


def capped(state: StateFile) -> bool:
    """Whether the cap is on the lens, as far as anybody said."""
    return state.get(_CAP) is True


def kept_cap(state: StateFile) -> Cap:
    """Return the cap as it was known last; what becomes known is kept."""
    return Cap(on=capped(state), keep=lambda on: state.set(**{_CAP: on}))


def kept_darks(state: StateFile) -> DarksUnderWay:
    """Return which darks may still be under way; what becomes of them is kept."""
    saved = state.get(_DARKS)
    names = saved if isinstance(saved, list) else []
    return DarksUnderWay(
        (camera for camera in Camera if camera.value in names),
        keep=lambda cameras: state.set(**{_DARKS: sorted(camera.value for camera in cameras)}),
    )
