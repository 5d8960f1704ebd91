"""Keeps the library's process running and the telescope connected, for as long as the driver is open."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from agent.capabilities import Camera, CameraCapabilities, Capabilities
from agent.telescope.dwarf.catalogue import DeviceConfig, read_config, with_config
from agent.telescope.dwarf.http import HttpError
from agent.telescope.dwarf.models import gain_index, model_facts, older_capabilities
from agent.telescope.errors import WHAT_TO_CHECK, ProtocolError, TelescopeError, UnreachableError
from agent.telescope.interface import ConnectionState, Identity
from agent.telescope.library.core import Core
from agent.telescope.library.folder import PORT, write_config
from agent.telescope.library.process import LibraryMissingError

_LOGGER = logging.getLogger(__name__)

_RETRY_FACTOR = 2.0
_RECYCLE_AFTER = 10  # failed connections leave open files behind in the library's process
_UNKNOWN_DEVICE_ID = 2  # the library itself needs none for what it is asked


class Keeper:
    """One task: probe, start, connect, identify, wait for the end, and again."""

    def __init__(self, core: Core, host: str, hint: str, client_id: str) -> None:
        self._core = core
        self._host = host
        self._hint = hint
        self._client_id = client_id
        self._failures = 0

    async def run(self) -> None:
        """Never returns."""
        core = self._core
        core.tell(ConnectionState.CONNECTING)
        while True:
            pause = core.limits.retry_first
            try:
                await self._connect()
                self._failures = 0
                await self._stay()
            except LibraryMissingError as error:
                self._complain(error)
                pause = core.limits.missing
            except TelescopeError as error:
                self._complain(error)
                pause = min(core.limits.retry_most, pause * _RETRY_FACTOR ** min(self._failures - 1, 16))
            except Exception:
                self._failures += 1
                _LOGGER.exception("Keeping the telescope connected failed")
            await asyncio.sleep(pause)

    async def _connect(self) -> None:
        core = self._core
        if self._failures and not core.linked:
            await self._knock()
        if self._failures and self._failures % _RECYCLE_AFTER == 0:
            await core.process.kill()
        if not core.process.running:
            known = core.identity.device_id if core.identity is not None else 0
            hinted = model_facts(self._hint).device_id if self._hint else _UNKNOWN_DEVICE_ID
            write_config(core.folder, self._host, known or hinted, self._client_id)
            await core.process.start(core.limits.start)
        await core.process.call("connect", doing="Connecting", limit=core.limits.connect)
        if not core.linked:
            raise UnreachableError("The library does not get through to the telescope.")
        await self._identify()
        core.ready()
        if core.doubted:
            await core.look()

    async def _stay(self) -> None:
        """Until the link is lost; a process that shows no sign of life is killed."""
        core = self._core
        while not core.down.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(core.limits.silence / 4):
                    await core.down.wait()
            if asyncio.get_running_loop().time() - core.process.heard_at > core.limits.silence:
                _LOGGER.warning("Nothing is heard from the library's process; it is started anew")
                await core.process.kill()
                return

    async def _knock(self) -> None:
        """See whether anybody is there at all: the library's own attempts are slow and leave traces."""
        try:
            async with asyncio.timeout(self._core.limits.probe):
                _, writer = await asyncio.open_connection(self._host, PORT)
        except (OSError, TimeoutError) as error:
            raise UnreachableError(
                f"The telescope at {self._host} does not answer: {error or 'no answer in time'}.",
                hint=WHAT_TO_CHECK,
            ) from error
        writer.close()

    def _complain(self, error: TelescopeError) -> None:
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        _LOGGER.log(level, "No link to the telescope: %s", error)
        if self._failures == 1 or self._core.connection is not ConnectionState.CONNECTING:
            self._core.tell(ConnectionState.CONNECTING, str(error))

    async def _identify(self) -> None:
        core, known = self._core, self._core.identity
        config = await self._config()
        model = (config.model if config else None) or (known.model if known else "") or self._hint
        if not model:
            raise UnreachableError(
                "The telescope does not say which model it is.",
                hint="Name it in the configuration (D2, D3 or mini), or switch its HTTP service on.",
            )
        core.config = config or core.config
        own = older_capabilities(model)
        core.capabilities = self._settable(own if core.config is None else with_config(own, core.config))
        identity = Identity(
            model=model,
            device_id=config.device_id if config else model_facts(model).device_id,
            name=config.name if config else known.name if known else "",
            firmware=config.firmware if config else known.firmware if known else "",
            generation=config.generation.value if config else known.generation if known else "",
            serial=(await self._serial() if config else "") or (known.serial if known else ""),
        )
        if identity != known:
            core.identity = identity
            _LOGGER.info("This is a %s, firmware %s, through the library", model, identity.firmware or "?")

    async def _config(self) -> DeviceConfig | None:
        try:
            return read_config(await self._core.http.ask("GET", "/getDefaultParamsConfig"))
        except (HttpError, ProtocolError) as error:
            _LOGGER.debug("No configuration over HTTP: %s", error)
            return None

    async def _serial(self) -> str:
        try:
            data = await self._core.http.ask("POST", "/deviceInfo", {})
        except (HttpError, ProtocolError) as error:
            _LOGGER.debug("No device information: %s", error)
            return ""
        serial = data.get("sn") if isinstance(data, dict) else None
        return serial if isinstance(serial, str) else ""

    def _settable(self, own: Capabilities) -> Capabilities:
        """The capabilities without what the library has no word for: it would set something else instead."""
        cameras = {
            camera: self._settable_camera(own.model, camera, each) for camera, each in own.cameras.items()
        }
        return replace(own, cameras=cameras)

    def _settable_camera(self, model: str, camera: Camera, own: CameraCapabilities) -> CameraCapabilities:
        tables, prefix = self._core.process.settable, prefix_of(camera)
        exposures, gains = tables.get(f"{prefix}exposure"), tables.get(f"{prefix}gain")
        if exposures is None or gains is None:
            return own
        return replace(
            own,
            exposures=tuple(one for one in own.exposures if one.index in exposures),
            gains=tuple(
                one for one in own.gains if index_of_gain(self._core.config, model, camera, one) in gains
            ),
        )


def prefix_of(camera: Camera) -> str:
    """What the library puts before the names of a camera's settings."""
    return "wide_" if camera is Camera.WIDE else ""


def index_of_gain(config: DeviceConfig | None, model: str, camera: Camera, gain: int) -> int | None:
    """The telescope's index of a displayed gain; None for one it has not."""
    own = config.gains.get(camera, {}) if config is not None else {}
    if gain in own:
        return own[gain]
    try:
        return gain_index(model, camera, gain)
    except ValueError:
        return None
