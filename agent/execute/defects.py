"""Bugs, ours or a driver's: they fail a session with a result, and never lose it."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

from agent.errors import Problem

_LOGGER = logging.getLogger(__name__)


class Defects:
    """A block that lets no exception out: what was not expected inside is logged and kept as `failure`."""

    def __init__(self) -> None:
        self.failure: Problem | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        _LOGGER.error("A defect of the agent or of a telescope's driver", exc_info=error)
        message = f"The agent failed: {type(error).__name__}."
        self.failure = Problem("internal", message, "Please report it with the log.")
        return True
