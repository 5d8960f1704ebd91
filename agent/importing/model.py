"""What a file of another program holds, as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.errors import AgentError, Problem, errors_of
from agent.session.coordinates import parse_dec, parse_ra
from agent.session.numbers import read_number
from agent.session.problems import BadValueError
from agent.sky.horizon import HorizonMask

MAX_BYTES = 4_194_304  # the largest sequences of N.I.N.A. have one or two million
MAX_TARGETS = 200


class UnreadableError(AgentError):
    """The file is of a known format, and cannot be read as one."""

    code = "unreadable"


@dataclass(frozen=True, slots=True)
class Imported:
    """One target: J2000 coordinates, or None where its name has to be looked up.

    `place` is where it stands in the file ("line 3"). `rotation` is the position angle in degrees, `exposure`
    seconds, `date` and `time` a local start. `moves` says that the coordinates are those of one day.
    """

    place: str
    target: str
    ra_hours: float | None = None
    dec_deg: float | None = None
    rotation: float | None = None
    exposure: float | None = None
    count: int | None = None
    group: str = ""
    description: str = ""
    date: str = ""
    time: str = ""
    min_altitude: float | None = None
    moon_separation: float | None = None
    moves: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether a session can be made of it."""
        return not errors_of(self.problems)


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file of another program: what it is, its targets or its horizon, and what is wrong with the whole."""

    what: str
    targets: tuple[Imported, ...] = ()
    horizon: HorizonMask | None = None
    problems: tuple[Problem, ...] = ()


def with_coordinates(
    one: Imported, ra: object, dec: object, *, ra_in_degrees: bool = False, needed: bool = False
) -> Imported:
    """Return the target with its coordinates read, or with the problem that says why they cannot be.

    Two empty values are no coordinates, which is a problem only where they are `needed` or there is no name.
    """
    if _empty(ra) and _empty(dec):
        if one.target and not needed:
            return one
        message = "There are no coordinates." if needed else "There is neither a name nor coordinates."
        return with_problems(one, Problem("missing", message, "Write them there, or take it out."))
    if ra_in_degrees and not isinstance(ra, str):
        ra = f"{ra}°"
    elif ra_in_degrees and isinstance(ra, str) and not _marked(ra):
        ra = f"{ra.strip()}°"
    hours = degrees = None
    problems = []
    try:
        hours = parse_ra(ra)
    except BadValueError as error:
        problems.append(Problem(error.code, error.message, error.hint))
    try:
        degrees = parse_dec(dec)
    except BadValueError as error:
        problems.append(Problem(error.code, error.message, error.hint))
    if problems:
        return with_problems(one, *problems)
    return replace(one, ra_hours=hours, dec_deg=degrees)


def with_problems(one: Imported, *problems: Problem) -> Imported:
    """Return the target with these problems too, each with the target's place."""
    placed = (replace(problem, path=problem.path or one.place) for problem in problems)
    return replace(one, problems=(*one.problems, *placed))


def bounded(targets: Sequence[Imported]) -> tuple[Imported, ...]:
    """Return the targets; UnreadableError when there are none, or too many for one file."""
    if not targets:
        raise UnreadableError("There is no target in it.", hint="Export the list again.")
    if len(targets) > MAX_TARGETS:
        raise UnreadableError(
            f"It has {len(targets)} targets; {MAX_TARGETS} are the most that is taken at once.",
            hint="Split the list.",
        )
    return tuple(targets)


def number_or_none(value: object, *, grouped: bool = True) -> float | None:
    """Read a number that may be missing; what is none is not guessed (`grouped` as for `read_number`)."""
    try:
        return None if _empty(value) or isinstance(value, bool) else read_number(value, grouped=grouped)
    except BadValueError:
        return None


def text_of(value: object) -> str:
    """Return a text without the blanks around it; "" for what is none."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def first_text(values: Iterable[object]) -> str:
    """Return the first of these that is a text with something in it."""
    return next((text for value in values if (text := text_of(value))), "")


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in {"", "-"})


def _marked(text: str) -> bool:
    return any(mark in text.lower() for mark in ("h", "d", ":", "°", "º", "˚"))
