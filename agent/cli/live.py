"""What happens, while it happens: a line for each news and, on a terminal, a bar below them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO

from agent.text import escaped, printable

_CLEAR = "\r\x1b[K"
_PIPE_EVERY = 10.0  # percent between two lines where no bar can be drawn
_BAR = 24


def time_words(instant: str | None, now: datetime | None = None) -> str:
    """Return an instant as published as "20:31", with the date where it is another day's; "" for none."""
    from agent.clock import aware_instant

    at = aware_instant(instant)
    if at is None:
        return ""
    today = (now or datetime.now(at.tzinfo)).astimezone(at.tzinfo).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%Y-%m-%d %H:%M}"


def bar_line(progress: Mapping[str, Any], width: int) -> str:
    """Return a session's progress as one line of at most `width` characters; "" when there is none."""
    percent, frames = progress.get("percent"), progress.get("frames") or {}
    if not isinstance(percent, int | float) or not isinstance(frames, Mapping):
        return ""
    told = [f"{percent:3.0f} %", f"{frames.get('taken', 0)} of {frames.get('total', 0)} frames"]
    if end := time_words(progress.get("estimated_end")):
        told.append(f"until {end}")
    text = printable(", ".join(told))
    room = min(_BAR, width - len(text) - 4)
    if room < 8:
        return text[:width]
    full = round(room * min(100.0, max(0.0, percent)) / 100)
    return f"[{'#' * full}{'.' * (room - full)}] {text}"


class Live:
    """Draws what `hear` is told of one telescope."""

    def __init__(self, stream: TextIO | None = None, width: int | None = None) -> None:
        self._stream = stream or sys.stdout
        self._draws = self._stream.isatty()
        self._width = width
        self._said = ""
        self._bar = ""
        self._told_percent = -_PIPE_EVERY

    def hear(self, name: str, body: Mapping[str, Any]) -> None:
        """Show news of a topic: `status`, `progress` or `event`."""
        if name == "status":
            parts = [body.get(key) for key in ("state", "step", "message")]
            self.say(", ".join(str(part) for part in parts if part))
        elif name == "progress":
            self._progress(body)

    def say(self, line: str) -> None:
        """Print a line, unless it was the last one."""
        if not line or line == self._said:
            return
        self._said = line
        self._clear()
        shown = printable(line) if not self._draws else escaped(line, self._columns)
        print(shown, file=self._stream)
        self._draw()

    def close(self) -> None:
        """Leave the terminal as it should be."""
        self._clear()
        self._bar = ""

    def _progress(self, body: Mapping[str, Any]) -> None:
        line = bar_line(body, self._columns)
        if self._draws:
            self._bar = line
            self._draw()
            return
        percent = body.get("percent")
        if line and percent is not None and not 0 <= percent - self._told_percent < _PIPE_EVERY:
            self._told_percent = percent
            self.say(line.partition("] ")[2].strip())

    @property
    def _columns(self) -> int:
        return (self._width or shutil.get_terminal_size().columns) - 1 if self._draws else 200

    def _draw(self) -> None:
        if self._draws:
            self._stream.write(f"{_CLEAR}{self._bar}")
        self._stream.flush()

    def _clear(self) -> None:
        if self._draws and self._bar:
            self._stream.write(_CLEAR)
            self._stream.flush()
