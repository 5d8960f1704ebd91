"""How the camera is set for a calibration, and how that fits each model."""

from __future__ import annotations

from agent.capabilities import Camera, Capabilities
from agent.session.choices import CameraChoice, nearest_exposure

_EXPOSURE_S = 1.0
_GAIN = 80
_FILTER = 1  # astro filter on D3 and mini, infrared pass on D2
_BINNING = 0  # 4k


def calibration_recipe(capabilities: Capabilities) -> tuple[CameraChoice, tuple[str, ...]]:
    """Return how this model solves star fields, and a sentence for each setting that had to differ.

    The tele camera's settings are the values the field has settled on.
    """
    camera = capabilities.cameras[Camera.TELE]
    notes: list[str] = []
    exposure = nearest_exposure(camera.exposures, _EXPOSURE_S) if camera.exposures else None
    if exposure and exposure.seconds != _EXPOSURE_S:
        notes.append(f"Calibration exposes {exposure.name} s instead of {_EXPOSURE_S:g} s.")
    gain = min(camera.gains, key=lambda offered: abs(offered - _GAIN)) if camera.gains else None
    if gain is not None and gain != _GAIN:
        notes.append(f"Calibration uses gain {gain} instead of {_GAIN}.")
    position = next((offered for offered in camera.filters if offered.value == _FILTER), None)
    if position is None and camera.filters:
        notes.append(f"Calibration leaves the filter alone: the {capabilities.model} has no {_FILTER}.")
    binning = next((offered for offered in camera.binnings if offered.value == _BINNING), None)
    if binning is None and camera.binnings:
        notes.append(f"Calibration leaves binning alone: the {capabilities.model} has no {_BINNING}.")
    return CameraChoice(Camera.TELE, exposure, gain, position, binning), tuple(notes)
