"""Camera settings through the library: set them by names it knows, and read them back."""

from __future__ import annotations

import logging
from typing import Any

from agent.capabilities import Camera
from agent.telescope.dwarf.generation import no_own_mosaic
from agent.telescope.dwarf.wire import codes
from agent.telescope.errors import CommandTimeoutError, RefusedError, TelescopeError
from agent.telescope.interface import CameraSettings
from agent.telescope.library.core import Core
from agent.telescope.library.keeper import index_of_gain, prefix_of

_LOGGER = logging.getLogger(__name__)

_FORMATS = ("FITS", "TIFF")
_EXPOSURE, _GAIN, _FILTER = 0, 1, 8  # camera parameter ids
_BINNING, _COUNT, _FORMAT = 0, 1, 2  # feature ids
_OPEN = {Camera.TELE: "perform_open_camera", Camera.WIDE: "perform_open_widecamera"}
_READ = {Camera.TELE: "perform_get_all_camera_setting", Camera.WIDE: "perform_get_all_camera_wide_setting"}
_SET = "perform_update_camera_setting"
_CLOSED = frozenset({codes.TELE_CLOSED, codes.WIDE_CLOSED})
_ANY_TABLE = "3"  # the library's functions want a model; for these settings it makes no difference


async def apply(core: Core, camera: Camera, settings: CameraSettings) -> None:
    """Set every setting that is not None; the library opened the cameras when it connected."""
    core.require_control()
    try:
        await _apply(core, camera, settings)
    except TelescopeError as error:
        if error.device_code not in _CLOSED:
            raise
        await core.order(_OPEN[camera], doing=f"Opening the {camera} camera")
        await _apply(core, camera, settings)
    record = core.captures[camera]
    if settings.count is not None:
        for each in core.captures.values():
            each.asked = settings.count
    if settings.exposure is not None:
        table = core.capabilities.cameras[camera].exposures
        record.exposure_s = next((each.seconds for each in table if each.index == settings.exposure), 0.0)


async def read(core: Core, camera: Camera) -> CameraSettings:
    """Read the settings back; what the telescope does not tell is None."""
    core.require_link()
    params = await _list(core, _READ[camera])
    # Firmware that leaves the first question unanswered leaves the second so, too.
    features = await _list(core, "perform_get_all_feature_camera_setting") if params else {}
    own = core.capabilities.cameras[camera]
    gain = _value(params, _GAIN)
    form = _value(features, _FORMAT)
    count = features.get(_COUNT)
    return CameraSettings(
        exposure=_value(params, _EXPOSURE),
        gain=_shown_gain(core, camera, gain) if gain is not None else None,
        filter=_value(params, _FILTER) if own.filters else None,
        binning=_value(features, _BINNING) if own.binnings else None,
        format=_FORMATS[form] if form is not None and 0 <= form < len(_FORMATS) else None,
        count=round(count.get("continue_value", 0)) if count else None,
    )


async def _apply(core: Core, camera: Camera, settings: CameraSettings) -> None:
    if settings.mosaic is not None:
        raise no_own_mosaic(core.capabilities.model)
    doing = f"Setting the {camera} camera's"
    if settings.exposure is not None:
        await _set_index(core, camera, "exposure", settings.exposure, f"{doing} exposure")
    if settings.gain is not None:
        index = index_of_gain(core.config, core.capabilities.model, camera, settings.gain)
        if index is None:
            raise RefusedError(f"The {camera} camera has no gain {settings.gain}.", code="unknown_gain")
        await _set_index(core, camera, "gain", index, f"{doing} gain")
    if settings.filter is not None:
        if not core.capabilities.cameras[camera].filters:
            raise RefusedError(f"The {camera} camera has no filters.", code="unknown_filter")
        await core.order(_SET, "IR", str(settings.filter), _ANY_TABLE, doing=f"{doing} filter")
    if settings.binning is not None:
        await core.order(_SET, "binning", str(settings.binning), _ANY_TABLE, doing=f"{doing} binning")
    if settings.format is not None:
        if settings.format not in _FORMATS:
            raise RefusedError(f"There is no file format {settings.format!r}; choose FITS or TIFF.")
        form = str(_FORMATS.index(settings.format))
        await core.order(_SET, "fileFormat", form, _ANY_TABLE, doing=f"{doing} file format")
    if settings.count is not None:
        await core.order(_SET, "count", str(settings.count), _ANY_TABLE, doing=f"{doing} frame count")


async def _set_index(core: Core, camera: Camera, what: str, index: int, doing: str) -> None:
    kind = f"{prefix_of(camera)}{what}"
    reply = await core.ask("set_index", doing=doing, limit=core.limits.simple, kind=kind, index=index)
    core.judge(reply, doing)


async def _list(core: Core, function: str) -> dict[int, dict[str, Any]]:
    try:
        reply = await core.call(function, doing="Reading the settings", limit=core.limits.read)
    except CommandTimeoutError as error:
        _LOGGER.debug("Settings are not told: %s", error)
        return {}
    if not isinstance(reply.value, dict):
        return {}
    params = reply.value.get("all_params") or reply.value.get("all_feature_params") or []
    return {param["id"]: param for param in params if isinstance(param, dict) and "id" in param}


def _value(params: dict[int, dict[str, Any]], number: int) -> int | None:
    param = params.get(number)
    return int(param["index"]) if param and "index" in param else None


def _shown_gain(core: Core, camera: Camera, index: int) -> int | None:
    model, gains = core.capabilities.model, core.capabilities.cameras[camera].gains
    return next((gain for gain in gains if index_of_gain(core.config, model, camera, gain) == index), None)
