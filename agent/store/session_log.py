"""A log per session, and the session's id on every line of every log."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from agent.log_lines import LineFormatter
from agent.store import disk
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

SESSION_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
NO_SESSION = "-"

_MAX_BYTES = 1 << 20  # one log; a night at INFO has some 100 KB
_SPARES = 1

_session: ContextVar[str] = ContextVar("agent_session", default=NO_SESSION)


class SessionFilter(logging.Filter):
    """Puts `record.session` ("-" outside sessions) on every record: a handler with it may use %(session)s."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.session = _session.get()
        return True


@contextlib.contextmanager
def session_scope(session_id: str) -> Iterator[None]:
    """Everything logged inside (tasks started and threads sent to included) belongs to this session."""
    token = _session.set(session_id)
    try:
        yield
    finally:
        _session.reset(token)


@contextlib.contextmanager
def session_log(path: Path, session_id: str) -> Iterator[None]:
    """Enter the session's scope and keep what it logs in a file of its own, appended to and bounded.

    A log that cannot be written costs the log, never the session.
    """
    with session_scope(session_id):
        root = logging.getLogger("agent")
        handler = _open(path, session_id)
        if handler is None:
            yield
            return
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
            with contextlib.suppress(OSError):
                handler.close()


def log_path(results: Path, session_id: str) -> Path:
    """Return where a session's log lies: `Results/logs/<session_id>.log`."""
    return results / "logs" / f"{session_id}.log"


class _SessionFile(logging.handlers.RotatingFileHandler):
    def __init__(self, path: Path, session_id: str) -> None:
        super().__init__(path, maxBytes=_MAX_BYTES, backupCount=_SPARES, encoding="utf-8", delay=False)
        self._session_id = session_id
        self._told = False
        self.setFormatter(LineFormatter(SESSION_FORMAT))
        self.addFilter(lambda _: _session.get() == session_id)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 - logging's own name
        """Say once, elsewhere, that this file takes nothing more."""
        if not self._told:
            self._told = True
            _LOGGER.warning("The log of session %s can no longer be written", self._session_id)


def _open(path: Path, session_id: str) -> _SessionFile | None:
    try:
        disk.make_folder(path.parent)
        return _SessionFile(path, session_id)
    except OSError as error:
        _LOGGER.warning("Session %s has no log of its own: %s: %s", session_id, printable(path), error)
        return None
