"""Camera settings: set them, and read them back."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.targets import SkyTarget, SolarTarget
from agent.telescope.dwarf.commands.live import willing
from agent.telescope.dwarf.device import Device
from agent.telescope.interface import CameraSettings


async def prepare(device: Device, target: SkyTarget | SolarTarget | None, camera: Camera) -> None:
    """Learn what the camera takes for this target, before anything is set or moved."""
    device.require_control()
    device.dialect.aim(target)
    await device.dialect.prepare(device, camera)


async def apply(device: Device, camera: Camera, settings: CameraSettings) -> None:
    """Make the camera ready and set every setting that is not None."""
    device.require_control()
    await willing(device, camera, lambda: device.dialect.apply(device, camera, settings))
    record = device.state.captures[camera]
    if settings.mosaic is not None:
        record.mosaic, record.asked = settings.mosaic, settings.mosaic.frames
    elif settings.count is not None:
        record.mosaic = None
        for each in device.state.captures.values() if device.dialect.one_count else (record,):
            each.asked = settings.count
    if settings.exposure is not None:
        table = device.capabilities.cameras[camera].exposures
        record.exposure_s = next((each.seconds for each in table if each.index == settings.exposure), 0.0)


async def read(device: Device, camera: Camera) -> CameraSettings:
    """Read the settings back; what the telescope does not tell is None."""
    device.require_link()
    return await device.dialect.read(device, camera)
