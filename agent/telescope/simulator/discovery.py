"""Answers the phone app's search for telescopes on the network (UDP)."""

from __future__ import annotations

import asyncio
import ipaddress
from types import TracebackType
from typing import Self, cast

from google.protobuf.message import DecodeError

from agent.telescope.dwarf.proto import discovery_pb2 as proto
from agent.telescope.simulator import catalogue
from agent.telescope.simulator.core import Device

_PING, _ECHO = 1, 2
_MAGIC = b"txtl"


class Discovery:
    """Listens for pings on a UDP port and answers each with who and where the telescope is."""

    def __init__(self, device: Device, port: int) -> None:
        self._device = device
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        address = (self._device.options.host, self._port)
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Listener(self._device), local_addr=address
        )
        self._port = int(self._transport.get_extra_info("sockname")[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def port(self) -> int:
        """The port in use."""
        return self._port


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, device: Device) -> None:
        self._device = device
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # the loop's own class says less

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            ping = proto.DiscoveryPing.FromString(data)
        except DecodeError:
            return
        asked = ping.vocaltype == _PING and ping.magic == _MAGIC and self._device.power == "on"
        if asked and self._transport is not None:
            self._transport.sendto(self._echo(ping.timestamp).SerializeToString(), addr)

    def _echo(self, asked_at: int) -> proto.DiscoveryEcho:
        device = self._device
        try:
            address = ipaddress.ip_address(device.options.host).packed
        except ValueError:
            address = b""
        return proto.DiscoveryEcho(
            vocaltype=_ECHO,
            timestamp=int(device.now().timestamp() * 1000),
            magic=_MAGIC,
            ts_ping=asked_at,
            model=proto.DiscoveryEcho.Model(family=device.profile.device_id),
            sn=catalogue.serial(device),
            name=catalogue.device_name(device),
            fw_version=".".join(map(str, catalogue.firmware(device))),
            ws_scheme="ws",
            sta=proto.DiscoveryEcho.Station(ifname="wlan0", ssid="observatory", rssi=-55, ipv4=address),
        )
