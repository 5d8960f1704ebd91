"""The parameter catalogue that the newer firmware serves over HTTP: one shooting mode at a time."""

from __future__ import annotations

from typing import Any

from agent.mosaics import MOST_PER_PANE
from agent.telescope.simulator import modes, params, tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.paramid import (
    AUTO_CALIBRATION,
    AUTO_SHUTDOWN,
    CAPTURE,
    DISABLE_HOST_SLAVE,
    DISPLAY_SOURCE,
    EXPOSURE,
    FILTER,
    FORMATS,
    GAIN,
    LEAST_ASTRO_GAIN,
    MODE_WIDE,
    MOSAIC_COUNT,
    NEITHER,
    OPTICAL,
    STACK_BINNING,
    STACK_COUNT,
    STACK_FORMAT,
    WHITE_BALANCE,
    WIDE_MATCHING,
    ParamId,
)
from agent.telescope.simulator.profiles import SKY_MODES, SOLAR_PARENT, TELE, WIDE

_STACKING = 2  # technique
_COUNT_MAX = 999
_KELVIN = tuple(range(2800, 7600, 100))
_SLIDERS = (
    (4, "brightness", -100, 100),
    (5, "contrast", -100, 100),
    (6, "saturation", -100, 100),
    (7, "hue", -180, 180),
    (8, "sharpness", 0, 100),
)


def shooting_modes(device: Device) -> list[dict[str, Any]]:
    """Return the shooting modes this model has."""
    return [
        {"modeId": number, "modeName": name, "techniques": list(techniques)}
        for number, name, techniques in (*device.profile.modes, SOLAR_PARENT)
    ]


def params_and_settings(device: Device, mode: int) -> dict[str, Any]:
    """Return the catalogue of a shooting mode; cameraParams is None for a mode the model lacks."""
    if all(number != mode for number, _, _ in device.profile.modes):
        return {"modeId": mode, "cameraParams": None, "shootingTechSettings": None, "deviceParams": _device()}
    return {
        "modeId": mode,
        "cameraParams": [_camera(device, mode, camera) for camera in (TELE, WIDE)],
        "shootingTechSettings": [
            {"cameraId": TELE, "generalParams": [_count(device, mode, TELE), _mosaic(device, mode)]},
            {"cameraId": WIDE, "generalParams": [_count(device, mode, WIDE)]},
            {"cameraId": NEITHER, "generalParams": _shared(device, mode)},
        ],
        "shootingModeParams": [
            {
                "name": "autoCalibration",
                "paramId": ParamId(mode, MODE_WIDE, NEITHER, AUTO_CALIBRATION).number,
                "defaultValue": True,
                "currentValue": False,
            }
        ],
        "deviceParams": _device(),
    }


def _camera(device: Device, mode: int, camera: int) -> dict[str, Any]:
    model, lens = device.profile.tables, device.state.cameras[camera]
    table = tables.camera_tables(model, camera)
    exposures = [{"name": one.name, "value": one.index} for one in table.exposures]
    least = LEAST_ASTRO_GAIN if mode in SKY_MODES and camera == TELE else table.gains[0]
    return {
        "cameraId": camera,
        "specialParams": {
            "exp": {
                "paramId": ParamId(mode, OPTICAL, camera, EXPOSURE).number,
                "values": exposures,
                "currentMode": int(lens.exposure_manual),
                "currentValue": device.lag.shown(("exposure", camera), lens.exposure),
                "range": _range(0, table.exposures[-1].index),
            },
            "gain": {
                "paramId": ParamId(mode, OPTICAL, camera, GAIN).number,
                "values": list(table.gains),
                "currentMode": int(lens.gain_manual),
                "currentValue": device.lag.shown(("gain", camera), lens.gain),
                "range": _range(max(least, table.gains[0]), table.gains[-1]),
            },
            "wb": {
                "paramId": ParamId(mode, OPTICAL, camera, WHITE_BALANCE).number,
                "modes": [0, 1, 2],
                "ctModeValues": list(_KELVIN),
                "sceneModeValues": list(range(7)),
                "currentMode": 2 if lens.wb_scene_mode else 0,
                "currentValue": _KELVIN[min(lens.wb_temperature // 3, len(_KELVIN) - 1)],
                "sceneValue": lens.wb_scene,
                "defaultScene": 3,
            },
        },
        "generalParams": _general(device, mode, camera),
    }


def _general(device: Device, mode: int, camera: int) -> list[dict[str, Any]]:
    lens = device.state.cameras[camera]
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "paramId": ParamId(mode, OPTICAL, camera, item).number,
            "minValue": low,
            "maxValue": high,
            "currentValue": getattr(lens, name),
        }
        for item, name, low, high in _SLIDERS
    ]
    if camera == TELE:
        found.append(
            {
                "name": "filterType",
                "paramId": ParamId(mode, OPTICAL, camera, FILTER).number,
                "values": list(modes.filters(device, mode)),
                "currentValue": device.lag.shown(("filter", camera), lens.filter),
            }
        )
    return found


def _count(device: Device, mode: int, camera: int) -> dict[str, Any]:
    return {
        "name": "stackCount",
        "paramId": ParamId(mode, CAPTURE, camera, STACK_COUNT).number,
        "minValue": 1,
        "maxValue": _COUNT_MAX,
        "currentValue": device.lag.shown(("count", camera), device.state.cameras[camera].count),
    }


def _mosaic(device: Device, mode: int) -> dict[str, Any]:
    return {
        "name": "mosaicCount",
        "paramId": ParamId(mode, CAPTURE, TELE, MOSAIC_COUNT).number,
        "minValue": 1,
        "maxValue": MOST_PER_PANE,
        "currentValue": device.lag.shown(("mosaic_count", TELE), device.state.cameras[TELE].per_pane),
    }


def _shared(device: Device, mode: int) -> list[dict[str, Any]]:
    def held(feature: int) -> int:
        return device.lag.shown(("feature", feature), device.state.features[feature].index)

    found = {
        "stackFormat": (
            ParamId(mode, CAPTURE, NEITHER, STACK_FORMAT),
            sorted(FORMATS),
            sorted(FORMATS)[held(params.FORMAT)],
        ),
        "displaySource": (ParamId(mode, CAPTURE, NEITHER, DISPLAY_SOURCE), [0, 1], held(params.DISPLAY)),
    }
    if modes.has_binning(device):
        binning = ParamId(mode, OPTICAL, TELE, STACK_BINNING)
        found["stackBinning"] = (binning, [0, 1], held(params.BINNING))
    return [
        {"name": name, "paramId": number.number, "values": values, "currentValue": value}
        for name, (number, values, value) in found.items()
    ]


def _device() -> list[dict[str, Any]]:
    told = (
        ("disableHostSlave", DISABLE_HOST_SLAVE, True),
        ("wideMatchingFrameCalibration", WIDE_MATCHING, False),
        ("autoShutdown", AUTO_SHUTDOWN, False),
    )
    return [
        {"name": name, "paramId": number, "defaultValue": value, "currentValue": value}
        for name, number, value in told
    ]


def _range(low: int, high: int) -> list[dict[str, int]]:
    return [{"techId": _STACKING, "minValue": low, "maxValue": high}]
