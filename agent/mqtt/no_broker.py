"""A port without a broker: messages go nowhere, and what is true stays there for those who ask otherwise."""

from __future__ import annotations

from collections.abc import Callable

from agent.mqtt.port import Classify, Message, Publication, no_hurry


class NoBroker:
    """An `MqttPort` that takes every message and forgets it."""

    connected = True
    protocol = ""
    shares = False

    def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def publish(self, publication: Publication) -> bool:  # noqa: ARG002
        """Forget it."""
        return True

    def subscribe(
        self,
        topic_filter: str,  # noqa: ARG002
        callback: Callable[[Message], None],  # noqa: ARG002
        classify: Classify = no_hurry,  # noqa: ARG002
    ) -> Callable[[], None]:
        """Nothing ever comes in."""
        return lambda: None

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002
        """There is nothing to connect to."""
        return lambda: None

    def on_disconnected(self, callback: Callable[[str], None]) -> Callable[[], None]:  # noqa: ARG002
        """It is never lost."""
        return lambda: None

    def on_room(self, callback: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002
        """There is always room."""
        return lambda: None
