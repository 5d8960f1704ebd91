"""A broker of our own for `demo`, in this process and on loopback only. Needs the extra `demo`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

from agent.errors import AgentError
from agent.mqtt.broker_options import BrokerOptions, Protocol

HOST = "127.0.0.1"
ENDS_WITHIN_S = 1.0
_CHATTERS = ("amqtt", "transitions", "passlib")


class NoEmbeddedBrokerError(AgentError):
    """The embedded broker is not installed."""

    code = "no_embedded_broker"


@contextlib.asynccontextmanager
async def embedded_broker(port: int = 0) -> AsyncIterator[BrokerOptions]:
    """Run a broker on a port (a free one for 0) and yield where it is; it speaks MQTT 3.1.1 only."""
    try:
        from amqtt.broker import Broker
    except ImportError:
        raise NoEmbeddedBrokerError(
            "The embedded MQTT broker is not installed.",
            hint="Install it with: pip install 'dwarf-agent[demo]'.",
        ) from None
    for name in _CHATTERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    chosen = port or _free_port()
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{chosen}", "max_connections": 50}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    try:
        yield BrokerOptions(HOST, chosen, protocol=Protocol.V311)
    finally:
        with contextlib.suppress(TimeoutError):  # Python 3.12 waits for what it left open
            async with asyncio.timeout(ENDS_WITHIN_S):
                await broker.shutdown()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
