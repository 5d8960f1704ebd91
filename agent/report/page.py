"""The night's report as one HTML page that needs nothing else: no script, no font, no address."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import PurePath

from agent.clock import aware_instant
from agent.events import Outcome
from agent.report.charts import curve
from agent.report.course import course
from agent.report.markup import as_html
from agent.report.progress import PERCENT, goals, measured_curves, totals
from agent.report.story import Story, how_it_ended, local, outcome_of, target_of
from agent.report.style import STYLE
from agent.session.text import duration_text
from agent.sky.chart import ChartTarget, draw_chart
from agent.sky.chart_svg import as_svg
from agent.store.ended import EndedSession, number
from agent.text import printable

_MOST_LINES = 60  # of any list: a night that went wrong again and again is understood by then
_SHARE = 100.0
_FEW = 5  # frames
_LATE = timedelta(minutes=5)  # from which on it is worth telling when a session was planned for
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def night_page(story: Story, version: str) -> str:
    """Return the page. Everything that anybody else wrote stands in it as text."""
    ordered = sorted(story.sessions, key=lambda session: session.began_at)
    body = [*_top(story), *goals(story), *_sky(story, ordered), *_sessions(story, ordered), *course(story)]
    title = as_html(f"{story.title} ({story.telescope})")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{title}</title><style>{STYLE}</style></head><body>",
            *body,
            f"<footer>dwarf-agent {as_html(version)}; times are {as_html(story.zone.key)}</footer>",
            "</body></html>",
            "",
        ]
    )


# -- the night as a whole -----------------------------------------------------------------------------------


def _top(story: Story) -> Iterator[str]:
    yield f"<header><p class='dim'>{as_html(story.telescope)}</p><h1>{as_html(story.title)}</h1>"
    yield f"<p>{as_html(story.message)}</p></header>"
    sums = [
        (duration_text(story.integration_s), "light kept"),
        (f"{story.stacked} of {story.taken}", "frames stacked"),
        (f"{story.completed} of {len(story.sessions)}", "sessions completed"),
    ]
    if share := _efficiency(story):
        sums.append((f"{share:.0%}", "of session time was light"))
    yield '<div class="sums">'
    yield from (f"<div><b>{as_html(value)}</b>{as_html(label)}</div>" for value, label in sums)
    yield "</div>"
    yield from totals(story)


def _efficiency(story: Story) -> float:
    """The part of the sessions' time in which light was collected, by two cameras at once or by one."""
    spent = light = 0.0
    for session in story.sessions:
        if session.ended_at is not None and session.ended_at > session.began_at:
            lasted = (session.ended_at - session.began_at).total_seconds()
            spent += lasted
            light += min(session.integration_s, lasted)
    return light / spent if spent > 0 else 0.0


def _sky(story: Story, ordered: Sequence[EndedSession]) -> Iterator[str]:
    if story.site is None:
        return
    targets = [
        ChartTarget(
            printable(session.target),
            target,
            story.imaged(session),
            "" if session.outcome == Outcome.COMPLETED else printable(how_it_ended(session)),
        )
        for session in ordered
        if (target := target_of(session)) is not None
    ]
    if targets:
        chart = draw_chart(story.site, story.night, targets, without="not imaged")
        yield f'<h2>The sky, and what was imaged when</h2><div class="chart">{as_svg(chart)}</div>'


# -- sessions -----------------------------------------------------------------------------------------------


def _sessions(story: Story, ordered: Sequence[EndedSession]) -> Iterator[str]:
    yield "<h2>Sessions</h2>"
    if not ordered:
        yield "<p>None ended.</p>"
    for session in ordered:
        yield from _session(story, session)
    ended = {session.session_id for session in ordered}
    planned = {note.text("session_id"): note for note in story.of("planned")}
    left = [note for session_id, note in planned.items() if session_id not in ended]
    if left:
        yield "<h2>Planned, and still waiting</h2><ul>"
        for note in left[:_MOST_LINES]:
            why = story.of("wait", note.text("session_id"))
            reason = f": {why[-1].text('message')}" if why else ""
            yield f"<li><b>{as_html(note.text('target'))}</b>{as_html(reason)}</li>"
        yield "</ul>"
    if story.refused:
        yield "<h2>Files that were no sessions</h2><ul>"
        for row in story.refused[:_MOST_LINES]:
            name, message = row.get("description") or row.get("file") or "", row.get("message") or ""
            yield f"<li><b>{as_html(name)}</b>: {as_html(message)}</li>"
        yield "</ul>"


def _session(story: Story, session: EndedSession) -> Iterator[str]:
    outcome = outcome_of(session)
    yield f'<section class="card"><div class="head"><h3>{as_html(session.target)}</h3>'
    yield f'<span class="badge {outcome}">{as_html(how_it_ended(session))}</span></div>'
    yield f"<small>{as_html(session.session_id)}</small>"
    if picture := story.pictures.get(session.session_id):
        data = base64.b64encode(picture).decode()
        yield f'<img alt="{as_html(session.target)}" src="data:image/jpeg;base64,{data}">'
    yield '<div class="facts">'
    yield from (
        f"<div><span>{as_html(name)}</span>{as_html(value)}</div>" for name, value in _facts(story, session)
    )
    yield "</div>"
    counts = f"{session.taken} of {session.requested} frames taken, {session.stacked} stacked"
    if session.message not in ("", counts):  # those stand above
        yield f"<p>{as_html(session.message)}</p>"
    waits = session.details.get("waits")
    told = [_wait(one) for one in waits if isinstance(one, dict)] if isinstance(waits, list) else []
    if told:
        yield f"<p class='dim'>Waited: {as_html('; '.join(told))}.</p>"
    for note in story.of("archived", session.session_id)[-1:]:
        folder = "/".join(PurePath(note.text("folder")).parts[-2:])
        place = f" Folder: {folder}" if folder else ""
        yield f"<p class='dim'>{as_html(note.text('message') + place)}</p>"
    ratio = [
        (note.at, min(1.0, stacked / (taken - 1)) * _SHARE)  # the last one is always still being stacked
        for note in story.of("progress", session.session_id)
        if (taken := note.number("taken")) is not None
        and taken >= _FEW
        and (stacked := note.number("stacked")) is not None
    ]
    if ratio and session.ended_at is not None and session.taken:
        ratio.append((max(session.ended_at, ratio[-1][0]), session.stacked / session.taken * _SHARE))
    curves = [
        curve(ratio, 0, _SHARE, "Frames stacked of those taken", PERCENT),
        *measured_curves(story, session),
    ]
    yield f'<div class="curves">{"".join(curves)}</div>' if any(curves) else ""
    yield "</section>"


def _facts(story: Story, session: EndedSession) -> Iterator[tuple[str, str]]:
    ended = f"–{local(session.ended_at, story.zone)}" if session.ended_at else ""
    yield "when", f"{local(session.began_at, story.zone)}{ended}{_planned(story, session)}"
    yield "frames", f"{session.taken} of {session.requested or '?'} taken, {session.stacked} stacked"
    yield "light", duration_text(session.integration_s) if session.integration_s else "none"
    row = session.row
    settings = [*_settings(row, ""), *([session.filter] if session.filter else [])]
    both = row.get("Tele Astro") == row.get("Wide Angle") == "True"
    wide = [f"wide: {', '.join(_settings(row, 'wide_'))}"] if both else []
    panes = session.details.get("panes")
    mosaic = [f"mosaic of {len(panes)} panes"] if isinstance(panes, list) and panes else []
    if told := list(filter(None, [", ".join(settings), *wide, *mosaic])):
        yield "settings", "; ".join(told)
    if number(row.get("attempts", "")) > 1:
        yield "attempts", row["attempts"]


def _settings(row: Mapping[str, str], camera: str) -> list[str]:
    exposure, gain = row.get(f"{camera}exposure"), row.get(f"{camera}gain")
    return [*([f"{exposure} s"] if exposure else []), *([f"gain {gain}"] if gain else [])]


def _planned(story: Story, session: EndedSession) -> str:
    """When it was planned for, where it began at another time."""
    noted = story.of("planned", session.session_id)[:1]
    planned = aware_instant(noted[0].facts.get("scheduled_for")) if noted else None
    if planned is None or abs(planned - session.began_at) < _LATE:
        return ""
    return f", planned for {local(planned, story.zone)}"


def _wait(wait: dict[str, object]) -> str:
    seconds = wait.get("seconds")
    lasted = duration_text(float(seconds)) if isinstance(seconds, int | float) else ""
    return f"{str(wait.get('reason', '')).replace('_', ' ')} {lasted}".strip()
