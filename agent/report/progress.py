"""Of a night's page: how far the goals are, what there is in all, and what the frames of a session showed."""

from __future__ import annotations

from collections.abc import Iterator

from agent.report.book import Note
from agent.report.charts import curve
from agent.report.markup import as_html
from agent.report.story import Story
from agent.session.text import duration_text
from agent.store.ended import EndedSession

PERCENT = "\u00a0%"  # stays with its number
_MOST = 30  # goals
_SHARE = 100.0
_ROOM = 1.15  # above the largest value of a curve


def goals(story: Story) -> Iterator[str]:
    """Yield each goal as it stood last in this night, with how far it came."""
    last: dict[str, Note] = {}
    first: dict[str, float] = {}
    for note in story.of("goal"):
        name = note.text("group")
        first.setdefault(name, note.number("percent") or 0.0)
        last[name] = note
    if not last:
        return
    yield '<h2>Goals</h2><div class="card">'
    for name, note in list(last.items())[:_MOST]:
        percent = max(0.0, min(100.0, note.number("percent") or 0.0))
        more = percent - first[name]
        gained = f" <small>{more:+.0f} % tonight</small>" if more >= 1 else ""
        over = "" if note.facts.get("waits") is True else " <small>no session waits for it any more</small>"
        yield f"<p>{as_html(note.text('message'))}{gained}{over}</p>"
        bar = f'<i style="width:{percent:.0f}%"></i>'
        yield f'<div class="bar" role="img" aria-label="{percent:.0f} %">{bar}</div>'
    yield "</div>"


def totals(story: Story) -> Iterator[str]:
    """Yield what the telescope collected in all, up to the end of this night."""
    for note in story.of("totals")[-1:]:
        light, nights = note.number("light_s"), note.number("nights")
        sessions, completed = note.number("sessions"), note.number("completed")
        if light is None or not nights or not sessions or completed is None:
            continue
        many = "1 night" if nights == 1 else f"{nights:.0f} nights"
        told = (
            f"{duration_text(light)} of light in {many}, {completed:.0f} of {sessions:.0f} sessions completed"
        )
        yield f"<p class='dim'>In all: {as_html(told)}.</p>"


def measured_curves(story: Story, session: EndedSession) -> list[str]:
    """Return the courses of a session's stars, where its frames were measured: in percent of its first."""
    notes = story.of("quality", session.session_id)
    found = []
    for name, label in (("hfd", "Width of the stars"), ("stars", "Number of stars")):
        told = [(note.at, value) for note in notes if (value := note.number(name))]
        points = [(at, value / told[0][1] * _SHARE) for at, value in told]
        found.append(curve(points, 0, max((share for _, share in points), default=0) * _ROOM, label, PERCENT))
    return found
