"""What a telescope tells about itself over HTTP: who it is, and which settings its cameras take.

Firmware leaves out, nulls and renames parts freely, so every part is read on its own and may be missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from agent.capabilities import Camera, CameraCapabilities, Capabilities, Exposure, Filter
from agent.telescope.dwarf.models import model_from_device_id, model_from_name, seconds_of
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.errors import ProtocolError

CAMERA_IDS: dict[int | None, Camera] = {0: Camera.TELE, 1: Camera.WIDE}
_STACKING = 2  # technique
_BINNING = "stackBinning"

_LONGEST_TEXT = 200  # letters; names and versions have a tenth of that
_EXPOSURE, _GAIN = 0, 1  # parameter ids of the V2 configuration


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """The answer to getDefaultParamsConfig. `device_id` 0 is one it did not tell.

    `model` is None for a telescope nobody knows yet.
    """

    device_id: int
    name: str
    firmware: str
    generation: Generation
    model: str | None
    exposures: dict[Camera, tuple[Exposure, ...]] = field(default_factory=dict)
    gains: dict[Camera, dict[int, int]] = field(default_factory=dict)  # displayed gain -> index


@dataclass(frozen=True, slots=True)
class CameraCatalogue:
    """V3: what one camera takes in a shooting mode, and what it is set to."""

    exposures: tuple[Exposure, ...] = ()
    gains: tuple[int, ...] = ()
    filters: tuple[int, ...] = ()
    min_count: int | None = None
    max_count: int | None = None
    current: dict[str, int] = field(default_factory=dict)  # name of the parameter -> its value


@dataclass(frozen=True, slots=True)
class Catalogue:
    """V3: the answer to getParamAndSetting. `shared` holds parameters that belong to neither camera.

    Telescopes were seen to report one id for a whole group of parameters; such ids are left out.
    """

    cameras: dict[Camera, CameraCatalogue]
    shared: dict[str, int] = field(default_factory=dict)
    shared_ids: dict[str, int] = field(default_factory=dict)  # name -> parameter id, where it is its own


def read_config(data: object) -> DeviceConfig:
    """Read the configuration; ProtocolError when it is not one."""
    config = _mapping(data)
    device_id = _number(config.get("id"), default=0) or 0
    name = _text(config.get("name"))
    if not device_id and not name:
        raise ProtocolError("The telescope's configuration names neither a device id nor a model.")
    firmware = ".".join(
        part
        for key in ("fwMajorVersion", "fwMinorVersion", "fwPatchVersion")
        if (part := _text(config.get(key)))
    )
    cameras = [_mapping(entry) for entry in _list(config.get("cameras"))]
    major = _number(config.get("majorVersion"))
    newer = major >= 2 if major is not None else not cameras
    exposures: dict[Camera, tuple[Exposure, ...]] = {}
    gains: dict[Camera, dict[int, int]] = {}
    for entry in cameras:
        camera = CAMERA_IDS.get(_number(entry.get("id")))
        if camera is None:
            continue
        gears = {
            _number(param.get("id")): _gears(param)
            for param in map(_mapping, _list(entry.get("supportParams")))
        }
        exposures[camera] = _exposures(gears.get(_EXPOSURE, ()))
        gains[camera] = _named_numbers(gears.get(_GAIN, ()))
    return DeviceConfig(
        device_id=device_id,
        name=name,
        firmware=firmware,
        generation=Generation.V3 if newer else Generation.V2,
        model=model_from_device_id(device_id) or model_from_name(name),
        exposures={camera: table for camera, table in exposures.items() if table},
        gains={camera: table for camera, table in gains.items() if table},
    )


def read_catalogue(data: object) -> Catalogue:
    """Read the parameter catalogue of one shooting mode; a mode the model lacks is empty."""
    body = _mapping(data)
    cameras = {camera: CameraCatalogue() for camera in Camera}
    shared: dict[str, int] = {}
    shared_ids: dict[str, int] = {}
    for entry in map(_mapping, _list(body.get("cameraParams"))):
        camera = CAMERA_IDS.get(_number(entry.get("cameraId")))
        if camera is not None:
            cameras[camera] = _camera(entry)
    for entry in map(_mapping, _list(body.get("shootingTechSettings"))):
        camera_id = _number(entry.get("cameraId"))
        params = [_mapping(param) for param in _list(entry.get("generalParams"))]
        current = _current(params)
        camera = CAMERA_IDS.get(camera_id)
        if camera is None:
            shared.update(current)
            shared_ids.update(_own_ids(params))
            continue
        count = next((param for param in params if param.get("name") == "stackCount"), {})
        cameras[camera] = replace(
            cameras[camera],
            min_count=_number(count.get("minValue")),
            max_count=_number(count.get("maxValue")),
            current=cameras[camera].current | current,
        )
    return Catalogue(cameras, shared, shared_ids)


def with_config(built_in: Capabilities, config: DeviceConfig) -> Capabilities:
    """The built-in capabilities with the tables a V2 telescope gave in their place."""
    cameras = dict(built_in.cameras)
    for camera, table in config.exposures.items():
        cameras[camera] = replace(cameras[camera], exposures=table)
    for camera, gains in config.gains.items():
        cameras[camera] = replace(cameras[camera], gains=tuple(sorted(gains)))
    return replace(built_in, cameras=cameras)


def with_catalogue(
    built_in: Capabilities, catalogue: Catalogue, *, unknown: bool = False, deep_sky: bool = True
) -> Capabilities:
    """The built-in capabilities with the tables a V3 telescope gave of one mode in their place.

    A telescope that nobody knows has no binning unless it lists it: it would not answer.
    """
    if unknown and _BINNING not in catalogue.shared:
        plain = {camera: replace(own, binnings=()) for camera, own in built_in.cameras.items()}
        built_in = replace(built_in, cameras=plain)
    cameras = {camera: _merge(own, catalogue.cameras[camera]) for camera, own in built_in.cameras.items()}
    if cameras == built_in.cameras:
        return built_in
    return replace(built_in, cameras=cameras, model_cameras=built_in.cameras, deep_sky=deep_sky)


def _merge(own: CameraCapabilities, found: CameraCatalogue) -> CameraCapabilities:
    names = {known.value: known.name for known in own.filters}
    filters = tuple(Filter(value, names.get(value, str(value))) for value in found.filters)
    return replace(
        own,
        exposures=found.exposures or own.exposures,
        gains=found.gains or own.gains,
        filters=filters if filters and own.filters else own.filters,
        min_count=max(own.min_count, found.min_count or 0),
        max_count=found.max_count or own.max_count,
    )


def _camera(entry: dict[str, object]) -> CameraCatalogue:
    special = _mapping(entry.get("specialParams"))
    exposure, gain = _mapping(special.get("exp")), _mapping(special.get("gain"))
    general = [_mapping(param) for param in _list(entry.get("generalParams"))]
    current = _current(general)
    for name, param in (("exp", exposure), ("gain", gain)):
        value = _number(param.get("currentValue"))
        if value is not None:
            current[name] = value
    filters = next((param for param in general if param.get("name") == "filterType"), {})
    top, bottom = _range(exposure, default=(0, 10**6))[1], _range(gain, default=(0, 10**6))
    values = [_mapping(value) for value in _list(exposure.get("values"))]
    table = _exposures([(value.get("value"), value.get("name")) for value in values])
    return CameraCatalogue(
        exposures=tuple(entry for entry in table if entry.index <= top),
        gains=tuple(
            value for value in sorted(_plain_numbers(gain.get("values"))) if bottom[0] <= value <= bottom[1]
        ),
        filters=tuple(sorted(_plain_numbers(filters.get("values")))),
        current=current,
    )


def _range(param: dict[str, object], default: tuple[int, int]) -> tuple[int, int]:
    """The limits for stacking, where the parameter has some per technique."""
    for entry in map(_mapping, _list(param.get("range"))):
        if _number(entry.get("techId")) == _STACKING:
            low, high = _number(entry.get("minValue")), _number(entry.get("maxValue"))
            return (default[0] if low is None else low, default[1] if high is None else high)
    return default


def _current(params: list[dict[str, object]]) -> dict[str, int]:
    pairs = ((_text(param.get("name")), _number(param.get("currentValue"))) for param in params)
    return {name: value for name, value in pairs if name and value is not None}


def _own_ids(params: list[dict[str, object]]) -> dict[str, int]:
    """Ids that only one parameter has."""
    ids = {_text(param.get("name")): _number(param.get("paramId")) for param in params}
    counts = Counter(ids.values())
    return {
        name: param_id for name, param_id in ids.items() if param_id is not None and counts[param_id] == 1
    }


def _gears(param: dict[str, object]) -> list[tuple[object, object]]:
    gear = _mapping(param.get("gearMode"))
    values = map(_mapping, _list(gear.get("values")))
    return [(value.get("index"), value.get("name")) for value in values]


def _exposures(pairs: object) -> tuple[Exposure, ...]:
    table: dict[int, Exposure] = {}
    for pair in _list(pairs):
        index, name = pair if isinstance(pair, tuple) else (None, None)
        number, text = _number(index), _text(name).strip().removesuffix("s").strip()
        if number is None:
            continue
        try:
            table[number] = Exposure(text, seconds_of(text), number)
        except (ValueError, ZeroDivisionError):
            continue  # "Auto" and the like
    return tuple(table[index] for index in sorted(table))


def _named_numbers(pairs: object) -> dict[int, int]:
    table: dict[int, int] = {}
    for pair in _list(pairs):
        index, name = pair if isinstance(pair, tuple) else (None, None)
        number, shown = _number(index), _number(name)
        if number is not None and shown is not None:
            table[shown] = number
    return table


def _plain_numbers(values: object) -> set[int]:
    numbers = (_number(value.get("value") if isinstance(value, dict) else value) for value in _list(values))
    return {number for number in numbers if number is not None}


def _text(value: object) -> str:
    """Text as it is, numbers as they are written, "" for anything else."""
    return str(value)[:_LONGEST_TEXT] if isinstance(value, str | int | float) else ""


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _number(value: object, default: int | None = None) -> int | None:
    if isinstance(value, bool):
        return int(value)
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return default
