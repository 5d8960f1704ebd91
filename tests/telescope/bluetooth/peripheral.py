"""The telescope's end of the characteristic: real frames, its own state, and faults by script."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from agent.telescope.dwarf.bluetooth.framing import Assembler, Message, encode
from agent.telescope.dwarf.bluetooth.messages import FACTORY_PASSWORD, BleCmd, ConfigState, WifiMode
from agent.telescope.dwarf.bluetooth.transport import Sighting
from agent.telescope.dwarf.proto import ble_pb2 as pb

T = TypeVar("T")

D3_SERVICE = "0000daf3-0000-1000-8000-00805f9b34fb"
HOME, HOME_PASSWORD, HOME_IP = "Home Wi-Fi", "correct horse", "192.168.1.57"


class Fault(Enum):
    """What goes wrong with one answer."""

    SILENT = "no answer"
    DAMAGED = "a bit flips on the way"
    HANG_UP_BEFORE = "the connection breaks before anything happens"
    HANG_UP_AFTER = "the request is carried out, then the connection breaks"
    MEANINGLESS = "bytes in a valid frame that are no message"


@dataclass
class Peripheral:
    """A telescope. `faults` and `codes` are used up one by one, per command."""

    name: str = "DWARF3_1A2B3C"
    address: str = "AA:BB:CC:1A:2B:3C"
    services: tuple[str, ...] = (D3_SERVICE,)
    signal: int = -60
    ble_password: str = FACTORY_PASSWORD
    networks: dict[str, str] = field(default_factory=lambda: {HOME: HOME_PASSWORD, "Neighbour": "other"})
    ssid: str = ""
    wifi_password: str = ""
    ip: str = ""
    busy_for: int = 0  # how many looks the telescope stays busy
    ip_after: int = 0  # how many looks it takes to get an address
    chunk: int = 20  # bytes a notification
    part: int = 8192  # bytes a frame
    noise: bytes = b""
    faults: dict[BleCmd, list[Fault]] = field(default_factory=dict)
    codes: dict[BleCmd, list[int]] = field(default_factory=dict)
    reports: dict[BleCmd, list[int]] = field(default_factory=dict)  # errors told by command 0
    refuses_connections: int = 0
    asked: list[BleCmd] = field(default_factory=list)
    _assembler: Assembler = field(default_factory=Assembler)

    @property
    def sighting(self) -> Sighting:
        return Sighting(self.address, self.name, self.signal, self.services)

    def connected(self) -> None:
        """A new connection: nothing of the last one is left."""
        self._assembler = Assembler()

    def write(self, data: bytes) -> list[bytes | None]:
        """Take the bytes of one write; return the notifications they cause, None for breaking the link."""
        sent: list[bytes | None] = []
        for message in self._assembler.feed(data):
            assert isinstance(message, Message), f"the agent sent a damaged frame: {message}"
            sent += self._respond(message)
        return sent

    def _respond(self, message: Message) -> list[bytes | None]:
        command = BleCmd(message.command)
        self.asked.append(command)
        fault = _next(self.faults, command)
        if fault is Fault.HANG_UP_BEFORE:
            return [None]
        answer = self._answer(command, message.payload)
        if fault is Fault.HANG_UP_AFTER:
            return [None]
        if fault is Fault.SILENT:
            return []
        if fault is Fault.MEANINGLESS:
            answer = Message(command, b"\x0a\xff")
        data = self.noise + b"".join(encode(answer, self.part))
        if fault is Fault.DAMAGED:
            data = data[:-3] + bytes((data[-3] ^ 0x40,)) + data[-2:]
        return [data[at : at + self.chunk] for at in range(0, len(data), self.chunk)]

    def _answer(self, command: BleCmd, payload: bytes) -> Message:
        report = _next(self.reports, command)
        if report is not None:
            return Message(0, pb.BleErrorReport(cmd=command, code=report).SerializeToString())
        code = _next(self.codes, command)
        if code is not None:
            return Message(command, pb.BleAnswer(cmd=command, code=code).SerializeToString())
        answer = {
            BleCmd.CONFIG: self._config,
            BleCmd.STATION: self._station,
            BleCmd.NETWORKS: self._list,
            BleCmd.SYSTEM_INFO: self._info,
        }[command](payload)
        return Message(command, answer.SerializeToString())

    def _config(self, payload: bytes) -> pb.BleConfigAnswer:
        if pb.BleGetConfig.FromString(payload).ble_psd != self.ble_password:
            return pb.BleConfigAnswer(cmd=1, code=-1)
        self.busy_for, busy = max(0, self.busy_for - 1), self.busy_for > 0
        self.ip_after, waiting = max(0, self.ip_after - 1), self.ip_after > 0
        return pb.BleConfigAnswer(
            cmd=1,
            state=ConfigState.BUSY if busy else ConfigState.DONE if self.ssid else ConfigState.NOT_CONFIGURED,
            wifi_mode=WifiMode.STATION if self.ssid else WifiMode.ACCESS_POINT,
            ssid=self.ssid or "DWARF3_1A2B3C",
            psd=self.wifi_password or "12345678",
            ip="192.168.88.1" if waiting or not self.ssid else self.ip,
        )

    def _station(self, payload: bytes) -> pb.BleStationAnswer:
        request = pb.BleSetStation.FromString(payload)
        if request.ble_psd != self.ble_password:
            return pb.BleStationAnswer(cmd=3, code=-1)
        if not request.ssid:
            return pb.BleStationAnswer(cmd=3, code=-10)
        if not request.psd:
            return pb.BleStationAnswer(cmd=3, code=-8)
        if self.networks.get(request.ssid) != request.psd:
            return pb.BleStationAnswer(cmd=3, code=-9)
        self.ssid, self.wifi_password, self.ip = request.ssid, request.psd, HOME_IP
        ip = "" if self.ip_after else self.ip
        return pb.BleStationAnswer(cmd=3, ssid=request.ssid, psd=request.psd, ip=ip)

    def _list(self, payload: bytes) -> pb.BleWifiListAnswer:
        networks = [pb.BleWifiNetwork(ssid=ssid, signal=-50) for ssid in self.networks]
        return pb.BleWifiListAnswer(cmd=6, ssid=list(self.networks), networks=networks)

    def _info(self, payload: bytes) -> pb.BleSystemInfoAnswer:
        return pb.BleSystemInfoAnswer(
            cmd=7, protocol_version=2, device="DWARF3", mac="AA:BB:CC:1A:2B:3D", firmware_version="2.1.4"
        )


def _next(script: dict[BleCmd, list[T]], command: BleCmd) -> T | None:
    waiting = script.get(command)
    return waiting.pop(0) if waiting else None
