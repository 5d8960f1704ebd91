"""The parameter tables of a simulated telescope: exposures and gains by index."""

from __future__ import annotations

from agent.capabilities import Camera, CameraCapabilities
from agent.telescope.dwarf.models import capabilities_for
from agent.telescope.simulator.profiles import WIDE

_D2_WIDE_FIRST_GAIN = 60
_D3_EXTRA_GAINS = {2: 1, 5: 2}  # gain to index


def camera_tables(model: str, camera: int) -> CameraCapabilities:
    """Return the tables of one camera: 0 tele, 1 wide."""
    return capabilities_for(model).cameras[Camera.WIDE if camera == WIDE else Camera.TELE]


def exposure_seconds(model: str, camera: int, index: int) -> float | None:
    """Return the seconds of an exposure index; None when the camera has no such exposure."""
    for exposure in camera_tables(model, camera).exposures:
        if exposure.index == index:
            return exposure.seconds
    return None


def exposure_name(model: str, camera: int, index: int) -> str:
    """Return the name of an exposure index; "" when the camera has no such exposure."""
    for exposure in camera_tables(model, camera).exposures:
        if exposure.index == index:
            return exposure.name
    return ""


def gain_index(model: str, camera: int, gain: int) -> int:
    """Return the V2 index of a displayed gain."""
    if model == "D2" and camera == WIDE:
        return (gain - _D2_WIDE_FIRST_GAIN) // 10 * 3
    if model == "D3" and gain in _D3_EXTRA_GAINS:
        return _D3_EXTRA_GAINS[gain]
    return gain // 10 * 3


def gain_of_index(model: str, camera: int, index: int) -> int | None:
    """Return the displayed gain of a V2 index; None when the camera has no such gain."""
    for gain in camera_tables(model, camera).gains:
        if gain_index(model, camera, gain) == index:
            return gain
    return None
