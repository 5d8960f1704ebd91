"""How the camera is set for a calibration, and how that fits each model."""

from __future__ import annotations

from dataclasses import dataclass

from agent.capabilities import Camera, Capabilities
from agent.session.choices import CameraChoice, nearest_exposure


@dataclass(frozen=True, slots=True)
class CalibrationRecipe:
    """Tele camera settings that let the telescope solve star fields; the values the field has settled on."""

    exposure_s: float = 1.0
    gain: int = 80
    filter: int = 1  # astro filter on D3 and mini, infrared pass on D2
    binning: int = 0  # 4k

    def adapted(self, capabilities: Capabilities) -> tuple[CameraChoice, tuple[str, ...]]:
        """Return the settings as this model has them, and a sentence for each that had to differ."""
        camera = capabilities.cameras[Camera.TELE]
        notes: list[str] = []
        exposure = nearest_exposure(camera.exposures, self.exposure_s) if camera.exposures else None
        if exposure and exposure.seconds != self.exposure_s:
            notes.append(f"Calibration exposes {exposure.name} s instead of {self.exposure_s:g} s.")
        gain = min(camera.gains, key=lambda offered: abs(offered - self.gain)) if camera.gains else None
        if gain is not None and gain != self.gain:
            notes.append(f"Calibration uses gain {gain} instead of {self.gain}.")
        position = next((offered for offered in camera.filters if offered.value == self.filter), None)
        if position is None and camera.filters:
            notes.append(
                f"Calibration leaves the filter alone: the {capabilities.model} has no {self.filter}."
            )
        binning = next((offered for offered in camera.binnings if offered.value == self.binning), None)
        if binning is None and camera.binnings:
            notes.append(f"Calibration leaves binning alone: the {capabilities.model} has no {self.binning}.")
        return CameraChoice(Camera.TELE, exposure, gain, position, binning), tuple(notes)
