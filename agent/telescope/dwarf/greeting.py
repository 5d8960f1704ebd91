"""The first words on a fresh connection: which telescope is this, which firmware, and what is it doing?"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from agent.capabilities import MODEL_NAMES
from agent.telescope.dwarf.catalogue import (
    DeviceConfig,
    read_catalogue,
    read_config,
    with_catalogue,
    with_config,
)
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.generation_v2 import DialectV2
from agent.telescope.dwarf.generation_v3 import DialectV3, understood
from agent.telescope.dwarf.http import DwarfHttp, HttpError
from agent.telescope.dwarf.models import (
    model_facts,
    model_from_device_id,
    model_from_name,
    newer_capabilities,
    older_capabilities,
)
from agent.telescope.dwarf.proto import task_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import Generation, MalformedError, decode
from agent.telescope.errors import CommandTimeoutError, GarbledLinkError, ProtocolError
from agent.telescope.interface import Identity

_LOGGER = logging.getLogger(__name__)

LIKELIEST = "D3"  # what a telescope nobody knows is taken for
PARAMETERS = "/shootingMode/getParamAndSetting"
_LONGEST_WORD = 100  # letters; serial numbers and names known have fewer than twenty

DIALECTS: dict[Generation, type[Dialect]] = {Generation.V2: DialectV2, Generation.V3: DialectV3}


@dataclass(frozen=True, slots=True)
class Kin:
    """The model whose tables a telescope is driven with, and why it may be none of these ("" when it is)."""

    model: str
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class _Information:
    serial: str = ""
    name: str = ""


@dataclass(slots=True)
class Greeter:
    """Greets one telescope. `hint` is the model its owner named, or "" to find out.

    `heard_id` is the device id that whatever the telescope sends carries; it identifies the telescope
    when its HTTP service is down.
    """

    hint: str = ""
    heard_id: int = 0

    async def greet(self, device: Device) -> None:
        """Identify the telescope, then ask what it does."""
        config = await _config(device)
        generation = config.generation if config is not None else await self._probe(device)
        if device.dialect.generation is not generation:
            device.dialect = DIALECTS[generation]()
        device.dialect.reset()
        device.exchange.generation = generation
        kin, config = await self._recognise(device, config)
        await self._settle(device, kin, generation, config)
        await device.query()

    async def _recognise(
        self, device: Device, config: DeviceConfig | None
    ) -> tuple[Kin, DeviceConfig | None]:
        """Find out whose tables fit, asking for a while where the telescope does not say."""
        began, asked = device.clock.monotonic(), 0
        while (kin := self._kin(device, config)) is None:
            named = model_from_name((await _information(device)).name)
            if named is not None:
                return Kin(named), config
            if device.clock.monotonic() - began >= device.limits.identify:
                return Kin(LIKELIEST, "The telescope does not say which model it is"), config
            if asked == 0:
                _LOGGER.info("The telescope does not say yet which model it is")
            asked += 1
            await device.clock.sleep(device.limits.identify_pause)
            config = await _config(device)
        return kin, config

    async def _settle(
        self, device: Device, kin: Kin, generation: Generation, config: DeviceConfig | None
    ) -> None:
        known, model = device.identity, kin.model
        if config is not None:
            device.config = config
        if known is None or device.model != model or known.generation != generation.value:
            device.model = model
            newer = generation is Generation.V3
            device.capabilities = newer_capabilities(model) if newer else older_capabilities(model)
        if config is not None and (config.exposures or config.gains):
            device.capabilities = with_config(device.capabilities, config)
        serial = (await _information(device)).serial if config is not None else ""
        device.identity = Identity(
            model=model,
            device_id=(config.device_id if config is not None else self.heard_id)
            or model_facts(model).device_id,
            name=config.name if config is not None else known.name if known is not None else "",
            firmware=config.firmware if config is not None else known.firmware if known is not None else "",
            generation=generation.value,
            serial=serial or (known.serial if known is not None else ""),
            doubt=f"{kin.doubt}; it is driven as a {MODEL_NAMES[model]}." if kin.doubt else "",
        )
        if kin.doubt and generation is Generation.V3:
            await _learn(device)
        if device.identity == known:
            return
        _LOGGER.info("This is a %s, firmware %s (%s)", model, device.identity.firmware or "?", generation)
        if device.identity.doubt and (known is None or known.doubt != device.identity.doubt):
            _LOGGER.warning(
                "%s Stay with it, and please send a recording of it (Results/unknown-model.jsonl).",
                device.identity.doubt,
            )

    def _kin(self, device: Device, config: DeviceConfig | None) -> Kin | None:
        number = (config.device_id if config is not None else 0) or self.heard_id
        by_name = config.model if config is not None else None
        found = model_from_device_id(number) if number else by_name
        if found is not None:
            if self.hint and self.hint != found:
                _LOGGER.warning("The telescope is a %s, not a %s as configured", found, self.hint)
            return Kin(found)
        if number:
            name = f" ({config.name!r})" if config is not None and config.name else ""
            likest = self.hint or by_name or LIKELIEST
            return Kin(likest, f"This version knows no telescope of number {number}{name}")
        if device.identity is not None and not device.identity.doubt:
            return Kin(device.identity.model)
        return Kin(self.hint) if self.hint else None

    async def _probe(self, device: Device) -> Generation:
        """Without HTTP: what was known before, else whether it understands a question of newer firmware."""
        if device.identity is not None:
            return device.dialect.generation
        try:
            data = await device.ask(Cmd.DEVICE_STATE, within=device.limits.probe)
            newer = understood(decode(task_pb2.DeviceStateAnswer, data))
        except GarbledLinkError:
            raise
        except (CommandTimeoutError, MalformedError):
            newer = False
        return Generation.V3 if newer else Generation.V2


async def _config(device: Device) -> DeviceConfig | None:
    try:
        return read_config(await device.http.ask("GET", "/getDefaultParamsConfig"))
    except (HttpError, ProtocolError) as error:
        _LOGGER.debug("No configuration over HTTP: %s", error)
        return None


async def _information(device: Device) -> _Information:
    try:
        data = await device.http.ask("POST", "/deviceInfo", {})
    except (HttpError, ProtocolError) as error:
        _LOGGER.debug("No device information: %s", error)
        return _Information()
    told = data if isinstance(data, dict) else {}
    return _Information(*(_word(told.get(key)) for key in ("sn", "deviceName")))


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_WORD else ""


async def _learn(device: Device) -> None:
    """Take the tables of a telescope that we have none for, if it tells them without its camera entered."""
    try:
        data = await device.http.ask("POST", PARAMETERS, {"modeId": DEEP_SKY})
    except (HttpError, ProtocolError) as error:
        _LOGGER.debug("No parameter catalogue yet: %s", error)
        return
    device.capabilities = with_catalogue(device.capabilities, read_catalogue(data), unknown=True)


async def parameters_are_told(http: DwarfHttp) -> bool:
    """Whether some client is connected: without one, newer firmware tells no parameters over HTTP."""
    try:
        return isinstance(await http.ask("POST", PARAMETERS, {"modeId": DEEP_SKY}), dict)
    except (HttpError, ProtocolError):
        return False
