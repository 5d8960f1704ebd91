"""What can be wrong with a safety input."""

from __future__ import annotations

from agent.errors import AgentError


class UnreadableInputError(AgentError):
    """A safety input that cannot be understood. It counts as unsafe."""

    code = "unreadable_safety_input"


class TriedInVainError(AgentError):
    """Home Assistant had something do what it was told, and it failed: it may have moved all the same."""

    code = "home_assistant"
