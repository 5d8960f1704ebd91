"""What the telescope tells about itself over HTTP: configuration, identity, parameters."""

from __future__ import annotations

from typing import Any

from agent.telescope.simulator import tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.options import Generation
from agent.telescope.simulator.profiles import TELE, WIDE

_GEAR, _CONTINUOUS, _SCENE = (
    {"index": 0, "name": "gear"},
    {"index": 1, "name": "continuous"},
    {"index": 2, "name": "scene"},
)
_SCENES = ("Incandescent", "Warm fluorescent", "Fluorescent", "Sun", "Cloud", "Shade", "Dusk")
_WARMEST_K, _STEP_K = 2800, 100
_LAST_GEAR = {TELE: 141, WIDE: 96}
_NAMES = {TELE: "Tele", WIDE: "Wide"}
_PROTOCOL = {Generation.V2: (1, 6), Generation.V3: (2, 6), Generation.BOTH: (1, 6)}
_COUNT_MAX = 999


def serial(device: Device) -> str:
    """Return the serial number."""
    return (
        device.options.serial
        or f"{device.options.model.upper().replace(' ', '')}SIM{device.options.seed:08d}"
    )


def device_name(device: Device) -> str:
    """Return the name on its label."""
    return device.options.name or f"{device.profile.ble_prefix}{serial(device)[-6:]}"


def firmware(device: Device) -> tuple[int, int, int]:
    """Return the firmware version."""
    newer = device.options.is_v3
    return device.profile.firmware_v3 if newer else device.profile.firmware_v2


def default_config(device: Device) -> dict[str, Any]:
    """Return the default parameter configuration; the newer firmware's has no tables."""
    major, minor, patch = firmware(device)
    protocol = _PROTOCOL[device.options.generation]
    newer = device.options.is_v3
    return {
        "id": device.profile.device_id,
        "name": device.profile.config_name,
        "fwMajorVersion": major,
        "fwMinorVersion": minor,
        "fwPatchVersion": patch,
        "majorVersion": protocol[0],
        "minorVersion": protocol[1],
        "cameras": [] if newer else [_camera(device, TELE), _camera(device, WIDE)],
        "featureParams": [] if newer else _features(device),
    }


def identity(device: Device) -> dict[str, Any]:
    """Return what deviceInfo tells. The passwords are the ones every telescope leaves the factory with."""
    body, number = device.state.body, serial(device)
    mac = "02:00:" + ":".join(f"{byte:02x}" for byte in number.encode()[-4:])
    return {
        "deviceId": device.profile.device_id,
        "deviceName": device_name(device),
        "devicePwd": "DWARF_12345678",
        "macAddress": mac,
        "apIpAddress": "192.168.88.1",
        "staIpAddress": device.options.host,
        "staWifiName": "observatory",
        "staWifiPwd": "simulated",
        "wifiConnectedMode": 1,
        "bleServiceId": device.profile.ble_service,
        "sdCardInfo": {
            "availableSize": int(body.storage_gb),
            "totalSize": int(body.total_gb),
            "hasSdcard": body.card,
        },
        "sn": number,
        "mac": mac,
        "activateStatus": 1,
    }


def _camera(device: Device, camera: int) -> dict[str, Any]:
    optics, model = device.profile.optics(camera), device.profile.tables
    table = tables.camera_tables(model, camera)
    exposures = [{"index": one.index, "name": one.name} for one in table.exposures]
    gains: list[dict[str, Any]] = [
        {"index": tables.gain_index(model, camera, one), "name": str(one)} for one in table.gains
    ]
    wanted = [
        _gear(0, "Exposure", exposures, default=75, auto=True),
        _gear(1, "Gain", sorted(gains, key=lambda one: one["index"]), default=gains[0]["index"], auto=True),
        {
            **_gear(2, "White Balance", _temperatures(camera), default=81, auto=True),
            "supportMode": [_GEAR, _SCENE],
            "sceneMode": {"defaultValueIndex": 3, "values": _scenes()},
        },
        _slider(3, "Brightness", -100, 100, 0),
        _slider(4, "Contrast", -100, 100, 0),
        _slider(5, "Hue", -180, 180, 0),
        _slider(6, "Saturation", -100, 100, 0),
        _slider(7, "Sharpness", 0, 100, 50),
    ]
    if camera == TELE:
        filters: list[dict[str, Any]] = [
            {"index": value, "name": name} for value, name in device.profile.filters
        ]
        wanted.append(_gear(8, "IR Cut", filters, default=filters[0]["index"], auto=False))
    return {
        "id": camera,
        "name": _NAMES[camera],
        "fvWidth": optics.h_fov,
        "fvHeight": optics.v_fov,
        "previewWidth": device.profile.preview[0],
        "previewHeight": device.profile.preview[1],
        "supportParams": wanted,
    }


def _features(device: Device) -> list[dict[str, Any]]:
    least = 2 if device.profile.tables == "D2" else 1
    found = [
        _gear(0, "Astro binning", _indexed("4k", "2k"), default=0, auto=False),
        _slider(1, "Astro img_to_take", least, _COUNT_MAX, _COUNT_MAX),
        _gear(2, "Astro format", _indexed("FITS", "TIFF"), default=0, auto=False),
        _slider(3, "Burst count", 3, 999, 10),
        _slider(6, "Panorama rows", 3, 30, 3),
        _slider(7, "Panorama columns", 3, 60, 3),
        _gear(8, "Astro display source", _indexed("Stacked", "Single"), default=0, auto=False),
        _gear(14, "Astro ai enhance", _indexed("Off", "On"), default=0, auto=False),
    ]
    return [one for one in found if one["id"] in device.state.features]


def _gear(
    number: int, name: str, values: list[dict[str, Any]], *, default: int, auto: bool
) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "hasAuto": auto,
        "autoMode": 1,
        "defaultModeIndex": 0,
        "supportMode": [_GEAR],
        "gearMode": {"defaultValueIndex": default, "values": values},
        "continueMode": None,
    }


def _slider(number: int, name: str, low: int, high: int, default: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "hasAuto": False,
        "autoMode": 1,
        "defaultModeIndex": 1,
        "supportMode": [_CONTINUOUS],
        "gearMode": None,
        "continueMode": {"min": low, "max": high, "step": 1, "defaultValue": default, "valueType": 0},
    }


def _indexed(*names: str) -> list[dict[str, Any]]:
    return [{"index": index, "name": name} for index, name in enumerate(names)]


def _temperatures(camera: int) -> list[dict[str, Any]]:
    gears = range(0, _LAST_GEAR[camera] + 1, 3)
    return [{"index": gear, "value": gear, "name": str(_WARMEST_K + gear // 3 * _STEP_K)} for gear in gears]


def _scenes() -> list[dict[str, Any]]:
    return [{"index": index, "value": index, "name": name} for index, name in enumerate(_SCENES)]
