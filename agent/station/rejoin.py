"""A telescope that fell off the Wi-Fi, brought back over Bluetooth: by itself if allowed, or on command."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from agent.requests import Code, Command, Reply
from agent.settings.parts import BluetoothSettings, TelescopeSettings
from agent.station.ground import Ground
from agent.telescope.interface import ConnectionState

if TYPE_CHECKING:  # Bluetooth is for the few who switch it on
    from agent.telescope.dwarf.bluetooth.bleak_transport import BleakTransport
    from agent.telescope.dwarf.bluetooth.found import Provisioned

_LOGGER = logging.getLogger(__name__)


@runtime_checkable
class Movable(Protocol):
    """A telescope that can be reached at another address from now on."""

    def move(self, host: str) -> None:
        """Connect there."""


class BluetoothReturn:
    """Brings one station's telescope back. `run` is its task when the owner allowed it unattended."""

    def __init__(
        self, ground: Ground, own: TelescopeSettings, settings: BluetoothSettings, transport: BleakTransport
    ) -> None:
        from agent.telescope.dwarf.bluetooth.provisioning import HomeNetwork
        from agent.telescope.dwarf.bluetooth.unattended import Rejoin

        self._ground = ground
        self._own = own
        self._unattended = settings.unattended
        self._answered_at = ground.clock.monotonic()
        self._rejoin = Rejoin(
            transport,
            ground.clock,
            HomeNetwork(settings.wifi_ssid, settings.wifi_password.get_secret_value()),
            self._known,
            ble_password=settings.password.get_secret_value(),
        )

    async def run(self) -> None:
        """Watch for silence for ever; returns at once unless the owner allowed it."""
        if self._unattended:
            await self._rejoin.watch(self._silent_s, self._joined)

    async def on_command(self, command: Command, accepted: Callable[[str], None]) -> Reply:
        """Do it now because a person wants it; AgentError when it fails."""
        accepted("Looking for the telescope over Bluetooth.")
        provisioned = await self._rejoin.join()
        await self._joined(provisioned)
        message = f"{provisioned.name} joined {provisioned.ssid or 'the Wi-Fi'} at {provisioned.ip}."
        return Reply(True, Code.DONE, message, command.request_id)

    def _known(self) -> tuple[str, ...]:
        identity = self._ground.telescope.identity
        words = [self._own.id, self._own.name, str(self._ground.state.get("serial") or "")]
        if identity is not None:
            words += [identity.name, identity.serial]
        return tuple(word for word in words if word)

    def _silent_s(self) -> float:
        now = self._ground.clock.monotonic()
        if self._ground.telescope.connection is not ConnectionState.CONNECTING:
            self._answered_at = now
        return now - self._answered_at

    async def _joined(self, provisioned: Provisioned) -> None:
        telescope = self._ground.telescope
        if isinstance(telescope, Movable):
            telescope.move(provisioned.ip)
        self._ground.state.set(host=provisioned.ip, configured_host=self._own.host)
        _LOGGER.info("%s is back on the network at %s", provisioned.name, provisioned.ip)
