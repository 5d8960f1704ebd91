"""Of a night's page: how the telescope fared, and what happened when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agent.report.book import Note
from agent.report.charts import curve
from agent.report.markup import as_html
from agent.report.progress import PERCENT
from agent.report.story import Story, how_it_ended, local
from agent.session.text import duration_text
from agent.store.ended import EndedSession

_MOST_LINES = 60  # a night that went wrong again and again is understood by then


def course(story: Story) -> Iterator[str]:
    """Yield the curves of battery, storage and temperature, and the events of the night in their order."""
    curves = [
        curve(_series(story, "battery"), 0, 100, "Battery", PERCENT),
        curve(
            _series(story, "storage_free_gb"), 0, _most(story, "storage_free_gb"), "Storage free", "\u00a0GB"
        ),
        curve(_series(story, "temperature"), -20, 60, "Temperature of the telescope", "\u00a0°C"),
    ]
    if any(curves):
        yield "<h2>The telescope</h2>"
        yield f'<div class="card curves">{"".join(curves)}</div>'
    lines = sorted(_lines(story), key=lambda line: line[0])
    if lines:
        yield '<h2>What happened</h2><div class="card"><ul class="course">'
        for at, text in lines[:_MOST_LINES]:
            yield f"<li><time>{local(at, story.zone)}</time>{as_html(text)}</li>"
        if len(lines) > _MOST_LINES:
            yield f"<li>and {len(lines) - _MOST_LINES} more</li>"
        yield "</ul></div>"


def _lines(story: Story) -> Iterator[tuple[datetime, str]]:
    told = {"", *(session.message for session in story.sessions)}  # each stands with its session
    for session in story.sessions:  # before what begins in the same second
        if session.ended_at is not None:
            yield session.ended_at, _ended(session)
    silent = False  # of what is told there the end is no news either
    for note in story.notes:
        if note.kind == "problem":
            message = note.text("message")
            silent = message in told and (silent or bool(message))
            if silent:
                continue
        if text := _event(note):
            yield note.at, text


def _ended(session: EndedSession) -> str:
    light = f": {session.stacked} frames stacked, {duration_text(session.integration_s)} of light"
    return f"{session.target} ended, {how_it_ended(session)}{light if session.stacked else ''}"


def _series(story: Story, name: str) -> list[tuple[datetime, float]]:
    return [(note.at, value) for note in story.of("telemetry") if (value := note.number(name)) is not None]


def _most(story: Story, name: str) -> float:
    return max((value for _, value in _series(story, name)), default=0.0) * 1.1


def _event(note: Note) -> str:
    """Return a line of what happened; "" for what is shown elsewhere."""
    match note.kind:
        case "wait":
            return f"{note.text('target')} waits: {note.text('message')}"
        case "weather":
            reasons = f": {note.text('message')}" if note.text("message") else ""
            return f"The weather is {note.text('state')}{reasons}"
        case "problem":
            return f"Problem: {note.text('message')}" if note.text("message") else "The problem is over"
        case "link":
            if note.facts.get("online") is True:
                return "The telescope is there"
            return f"The telescope is away. {note.text('message')}".rstrip()
        case "sky":
            return note.text("message")
        case "began":
            resumed = " goes on after a restart" if note.facts.get("resumed") is True else " began"
            return note.text("target") + resumed
    return ""
