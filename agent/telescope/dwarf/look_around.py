"""Finding telescopes on the network: whoever answers on the control port of a neighbour's address."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import AgentError
from agent.telescope.dwarf.catalogue import read_config
from agent.telescope.dwarf.http import DwarfHttp, listens

CONTROL_PORT, HTTP_PORT = 9900, 8082
KNOCK_S = 0.8  # a telescope on the same Wi-Fi answers within a tenth
AT_A_TIME = 64
_MOST = 1024  # addresses: a home's network, not a company's


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What answered. `model` and `name` are "" where it does not say."""

    host: str
    model: str = ""
    name: str = ""


def neighbours() -> list[str]:
    """Return the other addresses of the network that this machine is on; none when it is on none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        try:
            door.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the own address
            own = str(door.getsockname()[0])
        except OSError:
            return []
    network = ipaddress.ip_network(f"{own}/24", strict=False)
    return [str(host) for host in network.hosts() if str(host) != own][:_MOST]


async def look_around(
    hosts: Sequence[str], *, port: int = CONTROL_PORT, http_port: int = HTTP_PORT
) -> list[Neighbour]:
    """Knock at each address, ask who answers, and return them in the order of `hosts`."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def ask(host: str) -> Neighbour | None:
        async with gate:
            if not await listens(host, port, KNOCK_S):
                return None
        try:
            config = read_config(await DwarfHttp(host, http_port).ask("GET", "/getDefaultParamsConfig"))
        except AgentError:
            return Neighbour(host)
        return Neighbour(host, config.model or "", config.name) if config is not None else Neighbour(host)

    return [found for found in await asyncio.gather(*map(ask, hosts)) if found is not None]
