"""One night gathered: its sessions, what was noted meanwhile, and the sentences that sum it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from agent.events import Outcome
from agent.report.book import Note
from agent.session.text import duration_text
from agent.sky.nights import Interval
from agent.store.ended import EndedSession
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget, Target

_GOOD = (Outcome.COMPLETED, Outcome.PARTIAL)
_MOST_NAMES = 3
_SHORTEST_GAP = timedelta(minutes=5)  # between two notes of frames, before the telescope did something else


@dataclass(frozen=True, slots=True)
class Story:
    """What a report tells of. `refused` are the table's rows of files that were no sessions."""

    night: date
    telescope: str
    zone: ZoneInfo
    site: Site | None
    sessions: Sequence[EndedSession]
    refused: Sequence[Mapping[str, str]] = ()
    notes: Sequence[Note] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def completed(self) -> int:
        """Sessions that got everything they asked for."""
        return sum(session.outcome == Outcome.COMPLETED for session in self.sessions)

    @property
    def stacked(self) -> int:
        """Frames in all stacks."""
        return sum(session.stacked for session in self.sessions)

    @property
    def taken(self) -> int:
        """Frames taken."""
        return sum(session.taken for session in self.sessions)

    @property
    def integration_s(self) -> float:
        """Seconds of light that were kept."""
        return sum(session.integration_s for session in self.sessions)

    @property
    def best(self) -> EndedSession | None:
        """The session with a picture that collected most light."""
        shown = [session for session in self.sessions if session.session_id in self.pictures]
        return max(shown, key=lambda session: session.integration_s, default=None)

    @property
    def title(self) -> str:
        """What a notification says first."""
        count = len(self.sessions)
        what = "1 session" if count == 1 else f"{count} sessions"
        return f"Night of {self.night.day} {self.night:%B}: {self.completed} of {what} completed"

    @property
    def message(self) -> str:
        """The night in two sentences."""
        targets = list(dict.fromkeys(session.target for session in self.sessions if session.stacked))
        if targets:
            light = f"{duration_text(self.integration_s)} of light on {_listed(targets)}"
            first = f"{light}: {self.stacked} of {self.taken} frames stacked."
        else:
            first = "No light was collected."
        short = [session for session in self.sessions if session.outcome not in _GOOD]
        short += [session for session in self.sessions if session.outcome == Outcome.PARTIAL]
        if not short:
            return f"{first} Nothing went wrong."
        others = f", and {len(short) - 1} more" if len(short) > 1 else ""
        return f"{first} Not completed: {short[0].target} ({reason_words(short[0])}){others}."

    def of(self, kind: str, session_id: str = "") -> list[Note]:
        """Return the notes of that kind, and of that session when one is named."""
        return [
            note for note in self.notes if note.kind == kind and session_id in ("", note.text("session_id"))
        ]

    def imaged(self, session: EndedSession) -> tuple[Interval, ...]:
        """Return when a session took frames: by the notes of its progress, else while it ran."""
        began, ended = session.began_at, session.ended_at or session.began_at
        shots = [note.at for note in self.of("progress", session.session_id) if began <= note.at <= ended]
        if len(shots) < 2:
            return (Interval(began, ended),) if session.taken and began < ended else ()
        usual = sorted((after - before for before, after in pairwise(shots)))
        gap = max(usual[len(usual) // 2] * 4, _SHORTEST_GAP)
        found, start, last = [], shots[0], shots[0]
        for shot in shots[1:]:
            if shot - last > gap:
                found.append(Interval(start, last))
                start = shot
            last = shot
        return (*found, Interval(start, last))


def outcome_of(session: EndedSession) -> str:
    """Return a session's outcome; one that nobody knows is a failure."""
    return session.outcome if session.outcome in list(Outcome) else Outcome.FAILED


def how_it_ended(session: EndedSession) -> str:
    """Return the outcome, and the reason for what is not completed."""
    outcome = outcome_of(session)
    return outcome if outcome == Outcome.COMPLETED else f"{outcome}: {reason_words(session)}"


def reason_words(session: EndedSession) -> str:
    """Return why a session is not completed, in a few words."""
    return (session.reason or session.row.get("error") or session.outcome).replace("_", " ")


def target_of(session: EndedSession) -> Target | None:
    """Return where a session pointed, None when its file does not tell."""
    place = session.place
    ra, dec, body = place.get("ra_hours"), place.get("dec_degrees"), place.get("body")
    if isinstance(ra, int | float) and isinstance(dec, int | float) and 0 <= ra < 24 and -90 <= dec <= 90:
        return SkyTarget(session.target, float(ra), float(dec))
    if isinstance(body, str) and body in list(SolarBody):
        return SolarTarget(session.target, SolarBody(body))
    return None


def local(at: datetime, zone: ZoneInfo) -> str:
    """Return the time of day for people."""
    return f"{at.astimezone(zone):%H:%M}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMES:
        return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
