"""What can go wrong with the archive; the class says what to do next."""

from __future__ import annotations

from agent.errors import AgentError


class ArchiveError(AgentError):
    """Root of the archive's errors. What was fetched stays; nothing on the telescope was touched."""

    code = "archive"


class NoRoomError(ArchiveError):
    """The archive's disk has no room for this: free some, or fetch less."""

    code = "archive_full"


class ArchiveMissingError(ArchiveError):
    """The archive's folder cannot be used: it is not there, or may not be written."""

    code = "archive_missing"


class ArchiveBusyError(ArchiveError):
    """Somebody else fetches this session just now: let them."""

    code = "archive_busy"


class ChangedError(ArchiveError):
    """A file is not the one that the index told of: list the folder again."""

    code = "archive_changed"
