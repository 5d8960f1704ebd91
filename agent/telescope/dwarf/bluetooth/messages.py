"""What is asked and answered over Bluetooth, as values. Passwords never show in a `repr`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, TypeAlias, TypeVar

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Protobuf

from agent.telescope.dwarf.bluetooth.errors import AnswerError, error_of
from agent.telescope.dwarf.bluetooth.framing import Message
from agent.telescope.dwarf.proto import ble_pb2 as pb

FACTORY_PASSWORD = "DWARF_12345678"  # noqa: S105 - public knowledge, printed in the manual
ACCESS_POINT_ADDRESS = "192.168.88.1"  # the telescope's own, while it is an access point


M = TypeVar("M", bound=Protobuf)


class BleCmd(IntEnum):
    """Commands on the characteristic, as far as they are used here."""

    ERROR_REPORT = 0
    CONFIG = 1
    ACCESS_POINT = 2
    STATION = 3
    NETWORKS = 6
    SYSTEM_INFO = 7


class ConfigState(IntEnum):
    """How far the telescope's network is set up."""

    NOT_CONFIGURED = 0
    BUSY = 1
    DONE = 2


class WifiMode(IntEnum):
    """What the telescope's Wi-Fi is doing."""

    NONE = 0
    ACCESS_POINT = 1
    STATION = 2


@dataclass(frozen=True, slots=True)
class GetConfig:
    """Ask for the state of the network."""

    command: ClassVar[BleCmd] = BleCmd.CONFIG
    password: str = field(repr=False)

    def to_protobuf(self) -> Protobuf:
        return pb.BleGetConfig(cmd=self.command, ble_psd=self.password)


@dataclass(frozen=True, slots=True)
class SetAccessPoint:
    """Make the telescope its own access point, on 5 GHz or 2.4 GHz, in a country's channels."""

    command: ClassVar[BleCmd] = BleCmd.ACCESS_POINT
    password: str = field(repr=False)
    country: str
    five_ghz: bool = True
    auto_start: bool = True

    def to_protobuf(self) -> Protobuf:
        return pb.BleSetAccessPoint(
            cmd=self.command,
            wifi_type=0 if self.five_ghz else 1,
            auto_start=int(self.auto_start),
            country_list=1,
            country=self.country,
            ble_psd=self.password,
        )


@dataclass(frozen=True, slots=True)
class SetStation:
    """Make the telescope join a Wi-Fi; `auto_start` makes it join again after a restart."""

    command: ClassVar[BleCmd] = BleCmd.STATION
    password: str = field(repr=False)
    ssid: str
    wifi_password: str = field(repr=False)
    auto_start: bool = True

    def to_protobuf(self) -> Protobuf:
        return pb.BleSetStation(
            cmd=self.command,
            auto_start=int(self.auto_start),
            ble_psd=self.password,
            ssid=self.ssid,
            psd=self.wifi_password,
        )


@dataclass(frozen=True, slots=True)
class ListNetworks:
    """Ask which Wi-Fi networks the telescope sees."""

    command: ClassVar[BleCmd] = BleCmd.NETWORKS

    def to_protobuf(self) -> Protobuf:
        return pb.BleCommand(cmd=self.command)


@dataclass(frozen=True, slots=True)
class GetSystemInfo:
    """Ask for the telescope's MAC address and firmware."""

    command: ClassVar[BleCmd] = BleCmd.SYSTEM_INFO

    def to_protobuf(self) -> Protobuf:
        return pb.BleCommand(cmd=self.command)


Request: TypeAlias = GetConfig | SetAccessPoint | SetStation | ListNetworks | GetSystemInfo


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The telescope's network: what it is set to, and its address there ("" when it has none)."""

    state: int
    mode: int
    ssid: str
    wifi_password: str = field(repr=False)
    ip: str

    @property
    def busy(self) -> bool:
        """Whether the telescope is changing its network now."""
        return self.state == ConfigState.BUSY

    @property
    def is_station(self) -> bool:
        """Whether the telescope is set to a Wi-Fi of somebody else's."""
        return self.mode == WifiMode.STATION and bool(self.ssid)


@dataclass(frozen=True, slots=True)
class StationAnswer:
    """The telescope joins, or has joined; `ip` is "" while it has no address yet."""

    ssid: str
    ip: str


@dataclass(frozen=True, slots=True)
class AccessPointAnswer:
    """The telescope's own access point."""

    mode: int
    ssid: str
    wifi_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WifiNetwork:
    """A Wi-Fi the telescope sees; `signal` only where its firmware tells, in its own unit."""

    ssid: str
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class NetworksAnswer:
    """The networks the telescope sees, each name once."""

    networks: tuple[WifiNetwork, ...]


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What the telescope says of itself; "" where it says nothing."""

    device: str = ""
    mac: str = ""
    firmware: str = ""
    protocol_version: int = 0


Answer: TypeAlias = NetworkConfig | StationAnswer | AccessPointAnswer | NetworksAnswer | SystemInfo


def to_message(request: Request) -> Message:
    """Return the request as it goes into frames."""
    return Message(request.command, request.to_protobuf().SerializeToString())


def read_answer(message: Message, request: Request) -> Answer | None:
    """Return the answer to `request`, or None when the message belongs to something else.

    An answer or report with a code other than 0 raises the error it stands for.
    """
    if message.command == BleCmd.ERROR_REPORT:
        report = _parsed(pb.BleErrorReport(), message)
        if report.cmd not in (BleCmd.ERROR_REPORT, request.command) or report.code == 0:
            return None
        raise error_of(report.code)
    if message.command != request.command:
        return None
    if code := _parsed(pb.BleAnswer(), message).code:
        raise error_of(code)
    return _READERS[request.command](message)


def _parsed(kind: M, message: Message) -> M:
    try:
        kind.ParseFromString(message.payload)
    except DecodeError:  # its own text may quote the payload, which holds passwords
        raise AnswerError(
            f"The telescope's answer to Bluetooth command {message.command} cannot be read.",
            hint="Update the telescope's firmware, or the agent.",
        ) from None
    return kind


def _home_address(text: str) -> str:
    """Return an address on somebody's network; "" for none, and for the telescope's own access point."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if address.is_unspecified or address.is_loopback or address.is_multicast:
        return ""
    return "" if str(address) == ACCESS_POINT_ADDRESS else str(address)


def _config(message: Message) -> NetworkConfig:
    answer = _parsed(pb.BleConfigAnswer(), message)
    return NetworkConfig(answer.state, answer.wifi_mode, answer.ssid, answer.psd, _home_address(answer.ip))


def _station(message: Message) -> StationAnswer:
    answer = _parsed(pb.BleStationAnswer(), message)
    return StationAnswer(answer.ssid, _home_address(answer.ip))


def _access_point(message: Message) -> AccessPointAnswer:
    answer = _parsed(pb.BleAccessPointAnswer(), message)
    return AccessPointAnswer(answer.mode, answer.ssid, answer.psd)


def _networks(message: Message) -> NetworksAnswer:
    answer = _parsed(pb.BleWifiListAnswer(), message)
    found = {ssid: WifiNetwork(ssid) for ssid in answer.ssid if ssid}
    found |= {one.ssid: WifiNetwork(one.ssid, one.signal) for one in answer.networks if one.ssid}
    return NetworksAnswer(tuple(found.values()))


def _system_info(message: Message) -> SystemInfo:
    answer = _parsed(pb.BleSystemInfoAnswer(), message)
    return SystemInfo(answer.device, answer.mac, answer.firmware_version, answer.protocol_version)


_READERS: dict[BleCmd, Callable[[Message], Answer]] = {
    BleCmd.CONFIG: _config,
    BleCmd.ACCESS_POINT: _access_point,
    BleCmd.STATION: _station,
    BleCmd.NETWORKS: _networks,
    BleCmd.SYSTEM_INFO: _system_info,
}
