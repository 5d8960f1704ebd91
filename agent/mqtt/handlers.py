"""Who answers what comes in over MQTT. The agent implements it; this room only calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from agent.requests import Acknowledgement, Command, Reply, Submission

Accepted = Callable[[str], None]
"""Tell the caller at once that a command was taken, with a sentence, before it is done."""


class Handlers(Protocol):
    """Takes requests. An `AgentError` that a method raises becomes an error answer with its code and hint."""

    async def submit(self, submission: Submission) -> Acknowledgement:
        """Check and store a session within a second, even while the telescope sleeps."""

    async def command(self, telescope: str, command: Command, accepted: Accepted) -> Reply:
        """Carry out a command and return how it ended; call `accepted` first when that takes time."""

    async def set_value(self, telescope: str, key: str, value: object) -> Reply:
        """Change a setting. A bare payload arrives as its text, a JSON body's `value` as decoded."""

    async def bridge_request(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `health`, `config/get`, ... Raise `AgentError` with code `unknown_command` for others."""

    def safety_input(self, source: str, payload: bytes, retained: bool, received_at: datetime) -> None:
        """Take a safety source's report; `retained` marks a replay from the broker's store"""
