"""Find telescopes over Bluetooth, read their network, and put one onto a Wi-Fi.

A telescope's connection drops easily, and may drop because it just changed its network. So a joining is
tried again as a whole after what trying again can help, and begins by asking whether it is done already.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agent.clock import Clock
from agent.telescope.dwarf.bluetooth.conversation import Conversation
from agent.telescope.dwarf.bluetooth.errors import (
    AlreadyConfiguredError,
    AnswerError,
    BusyError,
    NoAddressError,
    NotInRangeError,
    NotSupportedError,
    WifiNotFoundError,
    WifiNotGivenError,
)
from agent.telescope.dwarf.bluetooth.found import FoundTelescope, Provisioned
from agent.telescope.dwarf.bluetooth.messages import (
    FACTORY_PASSWORD,
    GetConfig,
    GetSystemInfo,
    ListNetworks,
    NetworkConfig,
    NetworksAnswer,
    SetStation,
    StationAnswer,
    SystemInfo,
)
from agent.telescope.dwarf.bluetooth.transport import BleLink, BleTransport, Sighting, model_of
from agent.telescope.errors import TransientError

_LOGGER = logging.getLogger(__name__)

# Seconds.
SCAN_S = 15.0  # telescopes announce themselves every second or so; weak ones are missed now and then
INFO_LIMIT_S = 5.0  # system information is a courtesy
LIST_LIMIT_S = 20.0  # the telescope scans its Wi-Fi for it
JOIN_LIMIT_S = 60.0  # the telescope restarts its Wi-Fi, joins and asks for an address
BUSY_LIMIT_S = 60.0  # as a joining that somebody else began
POLL_S = 2.0  # between two looks at the telescope's state
RETRY_S = 3.0  # the telescope needs a moment before it announces itself again
ATTEMPTS = 4  # a link that breaks four times will not hold

T = TypeVar("T")
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class HomeNetwork:
    """The Wi-Fi to join. An empty `ssid` means the one the telescope is already set to.

    `hidden` networks are joined without asking first whether the telescope sees them.
    """

    ssid: str = ""
    password: str = field(default="", repr=False)
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class TelescopeState:
    """The network a telescope is set to, and what it says of itself."""

    config: NetworkConfig
    info: SystemInfo


async def scan(
    transport: BleTransport,
    *,
    seconds: float = SCAN_S,
    enough: Callable[[FoundTelescope], bool] = lambda _: False,
) -> list[FoundTelescope]:
    """Return the telescopes in range, strongest first; ends early when `enough` says so of one."""
    async with transport.turn:
        sightings = await transport.scan(seconds, lambda one: enough(_found(one)))
    found = [_found(one) for one in sightings if one.is_telescope]
    return sorted(found, key=lambda one: (-one.signal, one.name))


async def find(
    transport: BleTransport, wanted: Callable[[FoundTelescope], bool], *, seconds: float = SCAN_S
) -> FoundTelescope:
    """Return the telescope that is wanted as soon as it is heard; NotInRangeError names those that were."""
    found = await scan(transport, seconds=seconds, enough=wanted)
    for one in found:
        if wanted(one):
            return one
    raise not_in_range(found)


def not_in_range(others: list[FoundTelescope]) -> NotInRangeError:
    """Return the error that tells that the telescope was not among those that were heard."""
    names = ", ".join(one.name for one in others)
    return NotInRangeError(
        f"The telescope was not found over Bluetooth; in range: {names}."
        if names
        else "No telescope was found over Bluetooth.",
        hint="Switch it on, close the phone app, and bring it within about ten metres of this machine.",
    )


async def read_state(
    transport: BleTransport,
    clock: Clock,
    telescope: FoundTelescope,
    *,
    ble_password: str = "",
) -> TelescopeState:
    """Return what the telescope's network is set to. `ble_password` "" is the factory's."""
    task = _Joining(clock, telescope, HomeNetwork(), ble_password or FACTORY_PASSWORD, _silent)
    async with transport.turn:
        return await _persistently(transport, clock, telescope, task.read)


async def join_network(
    transport: BleTransport,
    clock: Clock,
    telescope: FoundTelescope,
    network: HomeNetwork,
    *,
    ble_password: str = "",
    told: Told | None = None,
) -> Provisioned:
    """Put the telescope onto the Wi-Fi and return its address there.

    `told` gets a sentence for each step. Errors: BluetoothPasswordError, WifiPasswordError,
    WifiNotFoundError, WifiNotGivenError (try no more), NoAddressError and other TransientErrors (tried
    several times), NoBluetoothError.
    """
    joining = _Joining(clock, telescope, network, ble_password or FACTORY_PASSWORD, told or _silent)
    async with transport.turn:
        ip = await _persistently(transport, clock, telescope, joining.join)
    return Provisioned(
        ip=ip,
        model=joining.model,
        name=telescope.name,
        bluetooth_address=telescope.address,
        mac=joining.info.mac,
        firmware=joining.info.firmware,
        ssid=joining.ssid,
    )


class _Joining:
    """What is known of one telescope across several connections to it."""

    def __init__(
        self, clock: Clock, telescope: FoundTelescope, network: HomeNetwork, ble_password: str, told: Told
    ) -> None:
        self.info = SystemInfo()
        self.model = telescope.model
        self.ssid = network.ssid
        self._clock = clock
        self._name = telescope.name
        self._network = network
        self._ble_password = ble_password
        self._told = told
        self._asked_to_join = False
        self._seen = network.hidden

    async def read(self, link: BleLink) -> TelescopeState:
        """Ask for the configuration, waiting while the telescope changes it, and for its information."""
        talk = Conversation(link, self._clock)
        config = await self._settled(talk)
        await self._learn(talk)
        return TelescopeState(config, self.info)

    async def join(self, link: BleLink) -> str:
        """Return the telescope's address on the Wi-Fi once it has one."""
        talk = Conversation(link, self._clock)
        self.model = model_of(self._name, link.services)
        config = await self._settled(talk)
        await self._learn(talk)
        network = _completed(self._network, config)
        self.ssid = network.ssid
        if self._asked_to_join and config.is_station and config.ssid == network.ssid and config.ip:
            return config.ip  # the connection broke after the telescope had understood
        if network.ssid != config.ssid:
            await self._check_visible(talk, network.ssid)
        self._told(f"joining the Wi-Fi {network.ssid}")
        try:
            self._asked_to_join = True
            answer = await talk.ask(
                SetStation(self._ble_password, network.ssid, network.password), StationAnswer, JOIN_LIMIT_S
            )
        except AlreadyConfiguredError:
            answer = StationAnswer(network.ssid, "")
        return answer.ip or await self._address(talk, network.ssid)

    async def _config(self, talk: Conversation) -> NetworkConfig:
        return await talk.ask(GetConfig(self._ble_password), NetworkConfig)

    async def _settled(self, talk: Conversation) -> NetworkConfig:
        try:
            async with self._clock.timeout(BUSY_LIMIT_S):
                while (config := await self._config(talk)).busy:
                    self._told("the telescope is changing its network, waiting")
                    await self._clock.sleep(POLL_S)
        except TimeoutError:
            raise BusyError(
                f"The telescope has been changing its network for more than {BUSY_LIMIT_S:g} s.",
                hint="Switch the telescope off and on, then try again.",
            ) from None
        return config

    async def _learn(self, talk: Conversation) -> None:
        if self.info != SystemInfo():
            return
        try:
            self.info = await talk.ask(GetSystemInfo(), SystemInfo, INFO_LIMIT_S)
        except (TransientError, NotSupportedError, AnswerError) as error:
            _LOGGER.info("the telescope tells no system information over Bluetooth: %s", error.message)

    async def _check_visible(self, talk: Conversation, ssid: str) -> None:
        """Raise WifiNotFoundError when the telescope can list networks and this one is not among them."""
        if self._seen:
            return
        self._told("asking which Wi-Fi networks the telescope sees")
        try:
            answer = await talk.ask(ListNetworks(), NetworksAnswer, LIST_LIMIT_S)
        except (TransientError, NotSupportedError, AnswerError) as error:
            _LOGGER.info("the telescope lists no networks: %s", error.message)
            return
        names = [one.ssid for one in answer.networks]
        if names and ssid not in names:
            raise WifiNotFoundError(
                f"The telescope does not see the Wi-Fi {ssid!r}; it sees {', '.join(names)}.",
                hint="Check the name (capital and small letters differ), bring the telescope nearer to the "
                "router, or, for a hidden network, say that it is (--hidden).",
            )
        self._seen = True

    async def _address(self, talk: Conversation, ssid: str) -> str:
        self._told("waiting for the telescope's address")
        try:
            async with self._clock.timeout(JOIN_LIMIT_S):
                while True:
                    await self._clock.sleep(POLL_S)
                    config = await self._config(talk)
                    if config.is_station and config.ssid == ssid and config.ip and not config.busy:
                        return config.ip
        except TimeoutError:
            raise NoAddressError(
                f"The telescope joined {ssid!r} but got no address there within {JOIN_LIMIT_S:g} s.",
                hint="Check that the router gives out addresses (DHCP) and lets new devices in.",
            ) from None


async def _persistently(
    transport: BleTransport,
    clock: Clock,
    telescope: FoundTelescope,
    task: Callable[[BleLink], Awaitable[T]],
) -> T:
    """Do the task over a connection, and over a new one after an error that trying again can help."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with transport.connect(telescope.address) as link:
                return await task(link)
        except NoAddressError:
            raise  # it had its minute
        except TransientError as error:
            if attempt == ATTEMPTS:
                raise
            _LOGGER.log(
                logging.WARNING if attempt == 1 else logging.DEBUG,
                "%s: %s Trying again (%d of %d).",
                telescope.name,
                error.message,
                attempt + 1,
                ATTEMPTS,
            )
            await clock.sleep(RETRY_S)
    raise AssertionError("the last attempt returns or raises")


def _completed(network: HomeNetwork, config: NetworkConfig) -> HomeNetwork:
    """Fill in what the telescope knows itself: its own network, or the password of the one asked for."""
    if not network.ssid and config.is_station:
        return replace(network, ssid=config.ssid, password=config.wifi_password)
    if not network.ssid:
        raise WifiNotGivenError(
            "The telescope is on no Wi-Fi yet, and none was given.",
            hint="Give its name with --ssid or the setting bluetooth_wifi_ssid.",
        )
    if not network.password and network.ssid == config.ssid:
        return replace(network, password=config.wifi_password)
    return network


def _found(sighting: Sighting) -> FoundTelescope:
    model = model_of(sighting.name, sighting.services)
    return FoundTelescope(sighting.name or sighting.address, model, sighting.address, sighting.signal)


def _silent(_: str) -> None:
    pass
