"""Parameter ids of newer firmware, and the telescope's own list of them over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.capabilities import Camera
from agent.telescope.dwarf.http import DwarfHttp, HttpError
from agent.telescope.dwarf.models import capabilities_for
from agent.telescope.dwarf.parameters import PARAMETER
from agent.telescope.dwarf.proto import notify_pb2, param_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import ProtocolError
from agent.telescope.first_light.check import Bench
from agent.telescope.first_light.line import Asked

NORMAL = 1  # shooting mode
MANUAL = 1
PARAM_TOLD = 15264


@dataclass(frozen=True, slots=True)
class Listed:
    """One parameter of the telescope's own list. `number` is as it came: a float where it was rounded."""

    name: str
    camera: int | None
    number: object
    current: object


def number(setting: str, mode: int = DEEP_SKY, camera: Camera = Camera.TELE) -> int:
    """The id of a setting's parameter in a mode, as the driver believes it to be."""
    return PARAMETER[setting].number(mode, camera)


async def set_exposure(bench: Bench, number: int, index: int) -> Asked:
    """Ask for an exposure by its index."""
    request = param_pb2.SetModeParam(param_id=number, mode=MANUAL, value=index)
    return await bench.line.send(Cmd.SET_PARAM_EXPOSURE, request)


async def set_gain(bench: Bench, number: int, gain: int) -> Asked:
    """Ask for a gain as it is displayed."""
    request = param_pb2.SetModeParam(param_id=number, mode=MANUAL, value=gain)
    return await bench.line.send(Cmd.SET_PARAM_GAIN, request)


async def set_whole(bench: Bench, number: int, value: int) -> Asked:
    """Ask for a parameter that is a whole number."""
    return await bench.line.send(Cmd.SET_PARAM_INT, param_pb2.SetIntParam(param_id=number, value=value))


def told(asked: Asked, number: int, value: int) -> bool:
    """Whether the telescope told this parameter with this value since."""
    for one in asked.notices(PARAM_TOLD):
        param = one.read(notify_pb2.IntParam)
        if param.param_id == number and param.value == value:
            return True
    return False


def exposure_index(model: str, camera: Camera, seconds: float) -> int:
    """The index of an exposure in a model's built-in table."""
    table = capabilities_for(model).cameras[camera].exposures
    return min(table, key=lambda one: abs(one.seconds - seconds)).index


async def listed(http: DwarfHttp, mode: int) -> list[Listed]:
    """The telescope's own list for a mode; empty when it does not tell."""
    try:
        data = await http.ask("POST", "/shootingMode/getParamAndSetting", {"modeId": mode})
    except (HttpError, ProtocolError):
        return []
    return list(_parameters(data, "", None))


def _parameters(value: object, name: str, camera: int | None) -> Iterator[Listed]:
    """Whatever has an id, wherever it stands."""
    if isinstance(value, list):
        for one in value:
            yield from _parameters(one, name, camera)
    if not isinstance(value, dict):
        return
    number = value.get("cameraId")
    camera = number if isinstance(number, int) else camera
    if "paramId" in value:
        yield Listed(str(value.get("name", name)), camera, value["paramId"], value.get("currentValue"))
    for key, one in value.items():
        yield from _parameters(one, str(key), camera)
