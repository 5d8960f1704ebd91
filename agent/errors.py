"""The root of every error the agent raises on purpose."""

from __future__ import annotations


class AgentError(Exception):
    """Something a person can act on.

    `code` is a stable lower_snake_case word for machines, `message` one sentence naming the place,
    `hint` the remedy ("" when the message already says it).
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()
