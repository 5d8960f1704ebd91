"""What the demo shows: each topic as it changes, and how far the session is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from agent.cli.submit import result_sentence
from agent.mqtt.encoding import decode
from agent.text import printable

_TOPIC_WIDTH = 25
_PLAIN_WIDTH = 120  # of a line when nothing says how wide the screen is
_JPEG = b"\xff\xd8"
_NOT_SHOWN = frozenset(  # the same in every message, or the time of it
    {"ts", "since", "estimated_end", "telescope", "session_id", "request_id"}
)
_RESULT_S = 10.0  # the result leaves the agent before the agent ends; it is only on its way


class DemoView:
    """Prints messages as lines; on a terminal, a progress bar stays below them."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = self._console.is_terminal
        width = self._console.width if self._live else _PLAIN_WIDTH
        self._room = max(40, width - _TOPIC_WIDTH - 2)
        self._shown: dict[str, dict[str, str]] = {}
        self._result: dict[str, Any] | None = None
        self._heard = asyncio.Event()
        self._problem = ""
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[frames]}"),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=100.0, frames="")

    def __enter__(self) -> DemoView:
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_bar()

    def began(self, speed: float, broker_port: int, telescope_port: int) -> None:
        """Say what runs where."""
        self._say(f"MQTT broker on 127.0.0.1:{broker_port}, simulated Dwarf 3 on 127.0.0.1:{telescope_port};")
        self._say(
            f"time runs {speed:g} times as fast as life. Each line: an MQTT topic, and what is new in it."
        )
        self._say("")

    def page(self, address: str) -> None:
        """Say where the page is."""
        self._console.print(f"[bold]The page: {escape(address)}[/]", soft_wrap=True)

    def message(self, topic: str, payload: bytes) -> None:
        """Show what a message says that the one before on its topic did not."""
        facts, body = _facts(payload)
        known = {} if topic.endswith("/event") else self._shown.get(topic, {})
        self._shown[topic] = facts
        news = [
            f"{name}: {value}" if name else value for name, value in facts.items() if known.get(name) != value
        ]
        if news:
            text = printable(", ".join(news))
            shortened = text if len(text) <= self._room else text[: self._room - 1] + "…"
            topic = printable(topic)
            name = topic if len(topic) <= _TOPIC_WIDTH else "…" + topic[-_TOPIC_WIDTH + 1 :]
            self._console.print(
                f"[cyan]{escape(f'{name:<{_TOPIC_WIDTH}}')}[/cyan]  {escape(shortened)}",
                soft_wrap=not self._live,
            )
        self._follow(topic.rpartition("/")[2], body)

    async def heard_result(self) -> None:
        """Wait for the result that is on its way."""
        try:
            await asyncio.wait_for(self._heard.wait(), _RESULT_S)
        except TimeoutError:
            self.problem("The agent ended without publishing a result.")

    def problem(self, sentence: str) -> None:
        """Remember what went wrong; it is told at the end."""
        self._problem = sentence

    def ended(self) -> int:
        """Tell how it ended and return the exit code."""
        self._stop_bar()
        self._say("")
        result = self._result
        if result is not None:
            good = result.get("result") == "completed"
            seconds = result.get("integration_s") or 0
            self._console.print(
                f"[bold {'green' if good else 'red'}]{escape(printable(result_sentence(result)))}[/]",
                soft_wrap=True,
            )
            self._say(f"{seconds:.0f} s of exposure collected, as the result topic says.")
        if self._problem:
            self._console.print(f"[bold red]{escape(printable(self._problem))}[/]")
        return 0 if result is not None and result.get("result") == "completed" and not self._problem else 1

    def _stop_bar(self) -> None:
        if self._live:
            self._bar.stop()

    def _follow(self, name: str, body: Any) -> None:
        if not isinstance(body, dict):
            return
        if name == "status":
            doing = body.get("step") or body.get("state") or ""
            self._bar.update(self._task, description=escape(printable(doing).replace("_", " ")))
        elif name == "progress" and body.get("percent") is not None:
            frames = body.get("frames") or {}
            counted = f"{frames.get('taken', 0)} of {frames.get('total', 0)} frames"
            self._bar.update(self._task, completed=body["percent"], frames=counted)
        elif name == "result" and body.get("result"):
            self._result = body
            self._heard.set()

    def _say(self, text: str) -> None:
        self._console.print(escape(text), soft_wrap=not self._live)


def _facts(payload: bytes) -> tuple[dict[str, str], Any]:
    """What a message says by dotted name, without what is empty or in every message; and the decoded body."""
    if payload[:2] == _JPEG:
        return {"": f"a picture, {len(payload) // 1024 + 1} kB"}, None
    body = decode(payload)
    if isinstance(body, bytes):
        return {"": body.decode("utf-8", "replace")}, None
    return dict(_leaves(body, "")), body


def _leaves(body: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(body, dict):
        for key, value in body.items():
            if key not in _NOT_SHOWN:
                yield from _leaves(value, f"{name}.{key}" if name else key)
    elif body not in (None, "", []):
        yield name, body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
