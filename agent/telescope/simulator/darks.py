"""The dark frames a telescope keeps, and which captures they fit."""

from __future__ import annotations

from agent.telescope.simulator import params, tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.profiles import TELE
from agent.telescope.simulator.state import DarkSet

ACTIVITY = "darks"
FITS_WITHIN_C = 8
SENSOR_ABOVE_BODY_C = 3


def sensor_celsius(device: Device) -> int:
    """The temperature of the sensors now."""
    body = device.state.body
    return round(body.temperature + body.heat) + SENSOR_ABOVE_BODY_C


def fit(device: Device, camera: int) -> bool:
    """Whether a capture with the camera's settings has a fitting dark."""
    if device.state.darks:
        return True
    lens = device.state.cameras[camera]
    celsius = sensor_celsius(device)
    wanted = (camera, lens.exposure, lens.gain, binning(device, camera))
    return any(
        (one.camera, one.exposure_index, one.gain, one.binning) == wanted
        and abs(one.celsius - celsius) <= FITS_WITHIN_C
        for one in device.state.library
    )


def binning(device: Device, camera: int) -> int:
    """How the camera bins; the wide one never does."""
    return device.state.features[params.BINNING].index if camera == TELE else 0


def add(device: Device, camera: int, exposure_index: int, gain: int, bin_index: int) -> None:
    """Keep a dark taken now, in the place of one at that temperature."""
    made = DarkSet(camera, exposure_index, gain, bin_index, sensor_celsius(device))
    length = seconds(device, camera, exposure_index)
    if length is not None:
        device.card.dark(camera, length, gain, bin_index, made.celsius, device.clock.now())
    alike = (camera, exposure_index, gain, bin_index)
    device.state.library = [
        one
        for one in device.state.library
        if (one.camera, one.exposure_index, one.gain, one.binning) != alike
        or abs(one.celsius - made.celsius) > FITS_WITHIN_C
    ] + [made]


def seconds(device: Device, camera: int, exposure_index: int) -> float | None:
    """How long one frame of an exposure takes; None when the camera has no such exposure."""
    return tables.exposure_seconds(device.profile.tables, camera, exposure_index)
