"""The first words on a fresh connection: which telescope is this, which firmware, and what is it doing?"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from agent.telescope.dwarf.catalogue import DeviceConfig, read_config, with_config
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.generation_v2 import DialectV2
from agent.telescope.dwarf.generation_v3 import DialectV3, understood
from agent.telescope.dwarf.http import HttpError
from agent.telescope.dwarf.models import (
    capabilities_for,
    model_facts,
    model_from_device_id,
    newer_capabilities,
)
from agent.telescope.dwarf.proto import task_pb2
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import Generation, MalformedError, decode
from agent.telescope.errors import CommandTimeoutError, ProtocolError
from agent.telescope.interface import Identity

_LOGGER = logging.getLogger(__name__)

_LONGEST_SERIAL = 100  # letters; those known have fewer than twenty

DIALECTS: dict[Generation, type[Dialect]] = {Generation.V2: DialectV2, Generation.V3: DialectV3}


@dataclass(slots=True)
class Greeter:
    """Greets one telescope. `hint` is the model its owner named, or "" to find out.

    `heard_id` is the device id the telescope's own notifications carry; it identifies the telescope
    when its HTTP service is down.
    """

    hint: str = ""
    heard_id: int = 0

    async def greet(self, device: Device) -> None:
        """Identify the telescope (however long that takes), then ask what it does."""
        config = await _config(device)
        generation = config.generation if config is not None else await self._probe(device)
        if device.dialect.generation is not generation:
            device.dialect = DIALECTS[generation]()
        device.dialect.reset()
        device.exchange.generation = generation
        complained = False
        while (model := self._model(device, config)) is None:
            if not complained:
                complained = True
                _LOGGER.warning(
                    "The telescope does not say which model it is; name it in the configuration "
                    "(D2, D3 or mini), or switch its HTTP service on"
                )
            await device.clock.sleep(device.limits.identify_pause)
            config = await _config(device)
        await self._settle(device, model, generation, config)
        await device.query()

    async def _settle(
        self, device: Device, model: str, generation: Generation, config: DeviceConfig | None
    ) -> None:
        known = device.identity
        if config is not None:
            device.config = config
        if known is None or device.model != model or known.generation != generation.value:
            device.model = model
            newer = generation is Generation.V3
            device.capabilities = newer_capabilities(model) if newer else capabilities_for(model)
        if config is not None and (config.exposures or config.gains):
            device.capabilities = with_config(device.capabilities, config)
        serial = await _serial(device) if config is not None else ""
        device.identity = Identity(
            model=model,
            device_id=config.device_id if config is not None else model_facts(model).device_id,
            name=config.name if config is not None else known.name if known is not None else "",
            firmware=config.firmware if config is not None else known.firmware if known is not None else "",
            generation=generation.value,
            serial=serial or (known.serial if known is not None else ""),
        )
        if device.identity != known:
            _LOGGER.info("This is a %s, firmware %s (%s)", model, device.identity.firmware or "?", generation)

    def _model(self, device: Device, config: DeviceConfig | None) -> str | None:
        found = config.model if config is not None else model_from_device_id(self.heard_id)
        if found is not None:
            if self.hint and self.hint != found:
                _LOGGER.warning("The telescope is a %s, not a %s as configured", found, self.hint)
            return found
        if device.identity is not None:
            return device.identity.model
        return self.hint or None

    async def _probe(self, device: Device) -> Generation:
        """Without HTTP: what was known before, else whether it understands a question of newer firmware."""
        if device.identity is not None:
            return device.dialect.generation
        try:
            data = await device.ask(Cmd.DEVICE_STATE, within=device.limits.probe)
            newer = understood(decode(task_pb2.DeviceStateAnswer, data))
        except (CommandTimeoutError, MalformedError):
            newer = False
        return Generation.V3 if newer else Generation.V2


async def _config(device: Device) -> DeviceConfig | None:
    try:
        return read_config(await device.http.ask("GET", "/getDefaultParamsConfig"))
    except (HttpError, ProtocolError) as error:
        _LOGGER.debug("No configuration over HTTP: %s", error)
        return None


async def _serial(device: Device) -> str:
    try:
        data = await device.http.ask("POST", "/deviceInfo", {})
    except (HttpError, ProtocolError) as error:
        _LOGGER.debug("No device information: %s", error)
        return ""
    serial = data.get("sn") if isinstance(data, dict) else None
    return serial if isinstance(serial, str) and len(serial) <= _LONGEST_SERIAL else ""
