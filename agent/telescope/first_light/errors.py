"""Why first light ends before its end."""

from __future__ import annotations

from agent.errors import AgentError


class FirstLightError(AgentError):
    """First light cannot begin or go on; the file keeps what was found."""

    code = "first_light"


class NobodyAnswersError(FirstLightError):
    """Nobody is there to be asked."""


class StillCapturingError(FirstLightError):
    """A capture was told to stop, several times, and was not seen to."""
