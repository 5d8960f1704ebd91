"""Parameters of newer firmware: their ids, and what is known of those that were set.

A parameter counts only in its own shooting mode. Set anywhere else it may be taken without a word and without
effect, and HTTP tells values some seconds late: so nothing counts as set before the telescope says so itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.capabilities import Camera
from agent.telescope.dwarf.catalogue import Catalogue
from agent.telescope.dwarf.channel import Channel
from agent.telescope.dwarf.completion import SettingCompletion
from agent.telescope.dwarf.proto import param_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY, SOLAR_MODES
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import CommandTimeoutError, RefusedError, TelescopeError, TransientError
from agent.telescope.interface import CameraSettings

MOSAIC_COUNT = "mosaic count"
FORMATS = {2: "FITS", 3: "TIFF"}
_FORMAT_NUMBERS = {name: number for number, name in FORMATS.items()}
_OPTICAL, _CAPTURE = 1, 2  # sections
_TELE, _WIDE, _NEITHER = 0, 1, 15
_MANUAL = 1
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: the setting it is, and what the catalogue calls it. `camera` None: each has its own."""

    setting: str
    listed: str
    cmd: Cmd
    section: int
    item: int
    camera: int | None = None

    def number(self, mode: int, camera: Camera) -> int:
        """Its id: mode in bits 56-63, section 48-55, camera 44-47, item 0-15."""
        own = _WIDE if camera is Camera.WIDE else _TELE
        place = own if self.camera is None else self.camera
        return mode << 56 | self.section << 48 | place << 44 | self.item


PARAMETERS = (
    Parameter("exposure", "exp", Cmd.SET_PARAM_EXPOSURE, _OPTICAL, 1),
    Parameter("gain", "gain", Cmd.SET_PARAM_GAIN, _OPTICAL, 2),
    Parameter("filter", "filterType", Cmd.SET_PARAM_INT, _OPTICAL, 13),
    Parameter("binning", "stackBinning", Cmd.SET_PARAM_INT, _OPTICAL, 30, _TELE),
    Parameter("format", "stackFormat", Cmd.SET_PARAM_INT, _CAPTURE, 15, _NEITHER),
    Parameter("count", "stackCount", Cmd.SET_PARAM_INT, _CAPTURE, 16),
    Parameter(MOSAIC_COUNT, "mosaicCount", Cmd.SET_PARAM_INT, _CAPTURE, 17, _TELE),
)
PARAMETER = {one.setting: one for one in PARAMETERS}


@dataclass(slots=True)
class Asked:
    """What a camera was last asked to be set to, in the telescope's values, and when."""

    values: dict[str, int] = field(default_factory=dict)
    at: float = 0.0


def values_of(settings: CameraSettings) -> dict[str, int]:
    """The settings in the telescope's values, those left alone left out; RefusedError for no such format."""
    values = {one.setting: getattr(settings, one.setting, None) for one in PARAMETERS}
    if settings.mosaic is not None:
        values[MOSAIC_COUNT] = settings.mosaic.per_pane
    wanted = {name: value for name, value in values.items() if value is not None}
    if "format" in wanted:
        if wanted["format"] not in _FORMAT_NUMBERS:
            raise RefusedError(f"There is no file format {settings.format!r}; choose FITS or TIFF.")
        wanted["format"] = _FORMAT_NUMBERS[wanted["format"]]
    return wanted


def settings_of(values: Mapping[str, int | None]) -> CameraSettings:
    """The telescope's values as settings."""
    number = values.get("format")
    return CameraSettings(
        exposure=values.get("exposure"),
        gain=values.get("gain"),
        filter=values.get("filter"),
        binning=values.get("binning"),
        count=values.get("count"),
        format=None if number is None else FORMATS.get(number),
    )


class Parameters:
    """The parameters of both cameras in one shooting mode at a time."""

    def __init__(self) -> None:
        self._asked = {camera: Asked() for camera in Camera}

    def asked(self, camera: Camera, setting: str) -> int | None:
        """What was last asked for."""
        return self._asked[camera].values.get(setting)

    async def apply(self, device: Channel, camera: Camera, wanted: dict[str, int], mode: int) -> None:
        """Set them; they are what the camera's next capture must have."""
        asked = self._asked[camera] = Asked(dict(wanted), device.clock.monotonic())
        for parameter in PARAMETERS:
            if parameter.setting in wanted:
                await _set(device, camera, parameter, wanted[parameter.setting], mode)
        asked.at = device.clock.monotonic()

    def held(
        self, device: Channel, camera: Camera, catalogue: Catalogue | None, mode: int
    ) -> dict[str, int | None]:
        """Each parameter's value; what the telescope told unasked is fresher than what it tells over HTTP."""
        listed: dict[str, int] = {}
        if catalogue is not None:
            listed = catalogue.shared | catalogue.cameras[camera].current
        values: dict[str, int | None] = {}
        for one in PARAMETERS:
            echoes = (device.state.params.get(number) for number in _numbers(one, mode, camera))
            echo = next((value for value in echoes if value is not None), None)
            known, asked = (echo, listed.get(one.listed)), self.asked(camera, one.setting)
            fresh = known[1] if echo is None else echo
            values[one.setting] = asked if asked is not None and asked in known else fresh
        return values

    def unconfirmed(self, camera: Camera, held: Mapping[str, int | None]) -> list[str]:
        """The settings that were asked for, and that the telescope does not say it has."""
        return [name for name, value in self._asked[camera].values.items() if held.get(name) != value]

    def settled(self, device: Channel, camera: Camera) -> bool:
        """Whether everything set has had its time to show."""
        return device.clock.monotonic() - self._asked[camera].at >= device.limits.read_back

    def require_confirmed(self, camera: Camera, held: Mapping[str, int | None]) -> None:
        """TransientError unless the telescope has told that it holds what it was asked for."""
        if doubtful := self.unconfirmed(camera, held):
            raise TransientError(
                f"The telescope does not say that its {camera} camera took its {', '.join(doubtful)}.",
                code="settings_unconfirmed",
                hint="Nothing is captured with unknown settings. Check that no other app changes them.",
            )


def _numbers(parameter: Parameter, mode: int, camera: Camera) -> tuple[int, ...]:
    """The ids to try: for Sun, Moon and planets sources disagree on whether the deep sky's count."""
    modes = (mode, DEEP_SKY) if mode in SOLAR_MODES else (mode,)
    return tuple(parameter.number(one, camera) for one in modes)


async def _set(device: Channel, camera: Camera, parameter: Parameter, value: int, mode: int) -> None:
    """Set one parameter by the id that counts: where that is unsure, by each until the telescope tells it."""
    doing = f"Setting the {camera} camera's {parameter.setting}"
    numbers = _numbers(parameter, mode, camera)
    for number in numbers:
        device.state.params.pop(number, None)  # what is there from now on was told after this
    taken = False
    for number in numbers:
        last = number == numbers[-1]
        try:
            await _order(device, parameter, number, value, doing)
            taken = True
        except TelescopeError as error:
            if error.device_code != codes.NOT_UNDERSTOOD or (last and not taken):
                raise
        if last or device.state.params.get(number) == value:
            return
        await device.clock.sleep(device.limits.settle)
        if device.state.params.get(number) == value:
            return


async def _order(device: Channel, parameter: Parameter, number: int, value: int, doing: str) -> None:
    request = (
        param_pb2.SetIntParam(param_id=number, value=value)
        if parameter.cmd is Cmd.SET_PARAM_INT
        else param_pb2.SetModeParam(param_id=number, mode=_MANUAL, value=value)
    )
    mute = parameter.cmd is Cmd.SET_PARAM_INT and device.model == "D2"
    for attempt in range(1, _ATTEMPTS + 1):
        completion = SettingCompletion(doing, device.judge, device.limits)
        completion.expect(number, value, mute=mute)
        try:
            await device.carry_out(
                parameter.cmd, request, completion, total=device.limits.setting, news=device.limits.answer
            )
        except CommandTimeoutError:
            if attempt == _ATTEMPTS:
                raise
        else:
            return
