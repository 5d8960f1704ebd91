"""How a command is answered."""

from __future__ import annotations

from collections.abc import Callable

from agent.requests import Code, Command, Reply

Accepted = Callable[[str], None]
"""Tells at once that a command is taken and being carried out."""


def done(command: Command, message: str) -> Reply:
    """Return the answer that a command was carried out."""
    return Reply(True, Code.DONE, message, command.request_id)


def refused(command: Command, code: Code, message: str, hint: str = "") -> Reply:
    """Return the answer that a command was not carried out, and why."""
    return Reply(False, code, message, command.request_id, hint)


def text_of(command: Command, key: str) -> str:
    """Return an argument of a command that is a text; "" when it has none."""
    value = command.arguments.get(key)
    return value.strip() if isinstance(value, str) else ""
