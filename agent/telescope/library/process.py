"""The process that holds the library: started, asked, interrupted, killed. Its faults stay in it."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.telescope.dwarf.http import read_json
from agent.telescope.errors import CommandTimeoutError, RefusedError, TransientError, UnreachableError
from agent.telescope.library.limits import Limits

_LOGGER = logging.getLogger(__name__)

SCRIPT = Path(__file__).parent / "outside" / "worker.py"
INSTALL_HINT = (
    "Install it with: {python} -m pip install 'git+https://github.com/stevejcl/dwarf_python_api' "
    "'websockets<16' protobuf filelock, or name an interpreter that has it in library_python."
)
_LINE_LIMIT = 1024 * 1024  # a full list of settings is a few kilobytes
_LAST_WORDS = 8  # lines of the library's output that an error quotes from
# What the process may know of its surroundings: no proxies, and none of the agent's own settings or secrets.
_ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
)

Status = dict[str, Any]


class LibraryMissingError(RefusedError):
    """dwarf_python_api cannot be used: it is not installed, or does not start."""

    code = "library_missing"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call ended in: its value, and the results heard on the way as (kind, code, text)."""

    value: Any
    heard: tuple[tuple[str, int, str], ...] = ()
    seconds: float = 0.0

    def codes(self) -> list[int]:
        """The codes of failures, oldest first."""
        return [code for kind, code, _ in self.heard if kind in ("ERROR", "WARNING") and code]

    def notes(self) -> list[str]:
        """What was told on the way, oldest first."""
        return [text for kind, _, text in self.heard if kind == "NOTE"]


@dataclass(slots=True)
class _Pending:
    number: int
    answer: asyncio.Future[dict[str, Any]]
    scope: asyncio.Timeout | None = None


class LibraryProcess:
    """One worker process at a time. Calls queue; states go to `on_status`; `on_end` hears of its death."""

    def __init__(
        self,
        python: str,
        folder: Path,
        *,
        limits: Limits,
        on_status: Callable[[Status], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._python = python or sys.executable
        self._folder = folder
        self._timing = [str(seconds) for seconds in (limits.settle, limits.poll, limits.listen)]
        self._grace = limits.grace
        self._on_status = on_status
        self._on_end = on_end
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pending: _Pending | None = None
        self._ready: asyncio.Future[dict[str, Any]] | None = None
        self._turns: set[asyncio.Task[Reply]] = set()
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self.settable: dict[str, frozenset[int]] = {}
        self.heard_at = 0.0

    @property
    def running(self) -> bool:
        """Whether the process is up."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The process's number while it is up."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def busy(self) -> bool:
        """Whether a call is being carried out."""
        return self._pending is not None

    async def start(self, limit: float) -> None:
        """Start the process; LibraryMissingError when the library cannot be used, TransientError else."""
        await self.kill()
        self._last_words.clear()
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        self.heard_at = loop.time()
        try:
            process = await asyncio.create_subprocess_exec(
                self._python,
                str(SCRIPT),
                *self._timing,
                cwd=self._folder,
                env=self._environment(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LINE_LIMIT,
                start_new_session=True,  # a Ctrl-C in the terminal is ours to deal with
            )
        except OSError as error:
            raise LibraryMissingError(
                f"The interpreter {self._python} cannot be started: {error.strerror or error}.",
                hint="Set library_python to one that has dwarf_python_api.",
            ) from error
        self._process = process
        self._reader = asyncio.create_task(self._read(process), name="library")
        try:
            async with asyncio.timeout(limit):
                ready = await asyncio.shield(self._ready)
        except TimeoutError:
            await self.kill()
            raise TransientError(f"dwarf_python_api did not start within {limit:.0f} s.") from None
        self._take_greeting(ready)

    async def call(self, verb: str, *, limit: float, doing: str, **args: Any) -> Reply:
        """Ask the library for something, after whatever it is busy with.

        CommandTimeoutError when it does not end in time, UnreachableError when no telescope is connected or
        the process dies, RefusedError for what the library does not know, TransientError when it fails.
        Cancelling makes the library give up, too.
        """
        loop = asyncio.get_running_loop()
        pending = _Pending(next(self._numbers), loop.create_future())
        turn = asyncio.create_task(self._take_turn(pending, verb, args, limit, doing), name=f"library {verb}")
        self._turns.add(turn)
        turn.add_done_callback(self._turn_is_over)
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            if self._pending is pending:
                self.interrupt()
            else:
                turn.cancel()
            raise

    def interrupt(self) -> None:
        """Make the call that runs give up; the process is killed when it does not within the grace."""
        pending = self._pending
        if pending is None or pending.scope is None:
            return
        self._write({"interrupt": pending.number})
        when = asyncio.get_running_loop().time() + self._grace
        if (planned := pending.scope.when()) is None or planned > when:
            pending.scope.reschedule(when)

    async def quit(self, limit: float) -> None:
        """Let the library say goodbye to the telescope, and end the process."""
        process = self._process
        if process is not None and self.running:
            self.interrupt()
            with suppress(TimeoutError):
                async with asyncio.timeout(limit):
                    async with self._turn:
                        self._write({"id": next(self._numbers), "verb": "quit"})
                        await process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the process now, whatever it does."""
        process, self._process = self._process, None
        reader, self._reader = self._reader, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if reader is not None and reader is not asyncio.current_task():
            await asyncio.gather(reader, return_exceptions=True)

    async def _take_turn(
        self, pending: _Pending, verb: str, args: dict[str, Any], limit: float, doing: str
    ) -> Reply:
        async with self._turn:
            if not self.running:
                raise _gone("")
            try:
                async with asyncio.timeout(limit) as pending.scope:
                    self._pending = pending
                    self._write({"id": pending.number, "verb": verb, "args": args})
                    answer = await asyncio.shield(pending.answer)
            except TimeoutError:
                self._write({"interrupt": pending.number})
                await asyncio.wait({pending.answer}, timeout=self._grace)
                if not pending.answer.done():
                    _LOGGER.warning("%s: the library hangs; its process is killed and started anew", doing)
                    await self.kill()
                    raise CommandTimeoutError(f"{doing} did not end in time, and the library hung.") from None
                answer = pending.answer.result()
                if not answer.get("value"):
                    raise CommandTimeoutError(f"{doing} did not end within {limit:.0f} s.") from None
            finally:
                self._pending = None
                if pending.answer.done():
                    pending.answer.exception()  # seen
        return _reply(answer, doing)

    def _turn_is_over(self, turn: asyncio.Task[Reply]) -> None:
        self._turns.discard(turn)
        if not turn.cancelled() and (error := turn.exception()) is not None:
            _LOGGER.debug("%s: %s", turn.get_name(), error)  # its caller may have gone

    def _write(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        words = asyncio.create_task(self._listen(process), name="library output")
        try:
            assert process.stdout is not None
            while line := await _line(process.stdout):
                self._take(line)
        finally:
            code = await process.wait()
            await words
            self._ended(code)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Whatever the library prints is for the log of those who look for it."""
        assert process.stderr is not None
        while line := await _line(process.stderr):
            text = line.decode(errors="replace").rstrip()
            if text:
                self._last_words.append(text)
                _LOGGER.debug("library: %s", text)

    def _take(self, line: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        try:
            message = read_json(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            _LOGGER.debug("The library's process said something else: %.200r", line)
            return
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(message)
            return
        if isinstance(status := message.get("status"), dict):
            self._on_status(status)
        pending = self._pending
        if pending is not None and message.get("id") == pending.number and not pending.answer.done():
            pending.answer.set_result(message)

    def _ended(self, code: int) -> None:
        words = self._last_words[-1] if self._last_words else ""
        ended = f"it ended with code {code}" + (f", saying: {words[:200]}" if words else "")
        if self._ready is not None and not self._ready.done():
            self._ready.set_result({"broken": ended})
        if self._pending is not None and not self._pending.answer.done():
            self._pending.answer.set_exception(_gone(ended))
        self._on_end(ended)

    def _take_greeting(self, ready: dict[str, Any]) -> None:
        missing, broken = ready.get("missing"), ready.get("broken")
        if missing is not None:
            ours = str(ready.get("name", "")).partition(".")[0] == "dwarf_python_api"
            lacks = "is not installed" if ours else f"lacks a part ({missing})"
            raise LibraryMissingError(
                f"dwarf_python_api {lacks} for the interpreter {self._python}.", hint=self._install_hint
            )
        if broken is not None:
            raise LibraryMissingError(
                f"dwarf_python_api does not start with {self._python}: {broken}.",
                hint=self._install_hint,
                code="library_broken",
            )
        greeting = ready.get("ready")
        tables = greeting.get("settable", {}) if isinstance(greeting, dict) else {}
        self.settable = {kind: frozenset(indices) for kind, indices in tables.items()}

    @property
    def _install_hint(self) -> str:
        return INSTALL_HINT.format(python=self._python)

    def _environment(self) -> dict[str, str]:
        own = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        return own | {"HOME": str(self._folder), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _reply(answer: dict[str, Any], doing: str) -> Reply:
    if answer.get("unlinked"):
        raise UnreachableError(
            "The telescope is not connected.", hint="Check that it is on and on this network."
        )
    if (unknown := answer.get("unknown")) is not None:
        raise RefusedError(f"{doing}: {unknown}.", code="library_cannot")
    if (raised := answer.get("raised")) is not None:
        raise TransientError(f"{doing}: dwarf_python_api failed with {raised}.", code="library_failed")
    heard = tuple((str(kind), int(code), str(text)) for kind, code, text in answer.get("heard", ()))
    return Reply(answer.get("value"), heard, float(answer.get("seconds", 0.0)))


def _gone(why: str) -> UnreachableError:
    return UnreachableError(
        f"dwarf_python_api is not running{f': {why}' if why else ''}.",
        code="library_gone",
        hint="The agent starts it again by itself.",
    )


async def _line(stream: asyncio.StreamReader) -> bytes:
    """Read a line; one that is too long comes back cut, and b"" is the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line too long to keep)\n"
