"""What can go wrong with a telescope; the class says what to do next."""

from __future__ import annotations

from agent.errors import AgentError

WHAT_TO_CHECK = "Is it on, in this network (station mode), at this address, and not held by the phone app?"


class TelescopeError(AgentError):
    """Root of the telescope's errors. `device_code` is the telescope's own number, when it gave one."""

    code = "telescope_error"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str = "", device_code: int | None = None
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.device_code = device_code


class TransientError(TelescopeError):
    """May succeed when tried again after a pause: retry the step."""

    code = "transient"


class CommandTimeoutError(TransientError):
    """The telescope did not finish a command within its limit."""

    code = "timeout"


class NothingExposedError(TransientError):
    """A capture ran without exposing anything, and was stopped."""

    code = "nothing_exposed"


class RefusedError(TelescopeError):
    """Will not succeed by trying again: stop and tell the owner."""

    code = "refused"


class UnreachableError(TelescopeError):
    """The telescope does not answer: hold the queue, fail nothing."""

    code = "unreachable"


class GarbledLinkError(UnreachableError, CommandTimeoutError):
    """No answer in time, and what came could not be read: the link's fault, and no failure of the command."""


class HeldByOtherError(UnreachableError):
    """Another client controls the telescope: wait until it lets go."""

    code = "held_by_other"


class ProtocolError(TelescopeError):
    """The telescope said something that has no meaning here: a bug, ours or its own; stop and report."""

    code = "protocol"
