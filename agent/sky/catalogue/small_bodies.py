"""Comets, asteroids and Pluto: found by name in the elements that are installed, where they are now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from agent.sky.catalogue.errors import UnknownTargetError
from agent.sky.catalogue.names import plain
from agent.sky.catalogue.orbits import SmallBody, read_orbits
from agent.sky.ephemeris import PLUTO, brightness, motion_arcsec_per_min, place_on_orbit
from agent.targets import MovingTarget

MOST_DAYS = {True: 120, False: 400}  # from the epoch of a comet's orbit, and of an asteroid's
UPDATE = "Run 'dwarf-agent elements --update', or install a newer file with 'dwarf-agent elements FILE'."

_CLEARLY_BRIGHTER = 2.0  # magnitudes by which one of several comets of a name is the one that is meant
_COMET = re.compile(r"\d{1,4}[pdi]\b.*|[cpdxai]/\s?-?\d{1,4}\s?[a-z]{1,2}\d.*", re.IGNORECASE)
_NUMBERED = re.compile(r"\(?(\d{1,6})\)? +([a-z][a-z' -]+)|([a-z][a-z' -]+?) *\((\d{1,6})\)", re.IGNORECASE)
_KIND = re.compile(
    r"^(?:the )?(?:comet|komet|com[eè]te|cometa|asteroid|ast[eé]ro[iï]de|planetoid)\s+", re.IGNORECASE
)
_BRIGHT = {
    *("ceres", "pallas", "juno", "vesta", "astraea", "hebe", "iris", "flora", "metis", "hygiea", "eunomia"),
    *("psyche", "eros", "apophis", "bennu"),
}
_PLUTO = {"pluto", "pluton", "plutone", "134340pluto"}
_FILE = Path(".dwarf-agent", "elements.csv")  # in the folder of the sessions


class ElementsTooOldError(UnknownTargetError):
    """The orbit that is installed no longer tells where the body is."""

    code = "elements_too_old"

    def __init__(self, body: SmallBody, days: int) -> None:
        when = f"{abs(days)} days {'old' if days > 0 else 'ahead'}"
        super().__init__(body.name, (), f"The orbit of {body.name} that is installed is {when}.", UPDATE)


class NoElementsError(UnknownTargetError):
    """A comet or an asteroid is asked for, and its orbit is not installed."""

    code = "no_elements"

    def __init__(self, name: str, *, installed: bool) -> None:
        said = f"the orbit of {name} is not among them" if installed else "no orbits are installed"
        super().__init__(name, (), f"{name} moves, and {said}.", UPDATE)


@dataclass(frozen=True, slots=True)
class Installed:
    """What is installed of one kind: how many orbits, and of when the newest is."""

    comets: bool
    count: int
    newest: date


class Elements:
    """The elements that are installed. They are read when a name is asked for, and again when they change."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path: Path | None = None
        self._now = now
        self._stamp: tuple[int, int, int] | None = None
        self._bodies: tuple[SmallBody, ...] = ()
        self._keys: dict[str, list[SmallBody]] = {}

    def look_in(self, sessions: Path) -> None:
        """Say in which folder of sessions they are kept."""
        self.path = sessions / _FILE

    def with_file(self, data: bytes) -> bytes:
        """Return what is to be kept when a file's orbits take the place of those of their kinds.

        ElementsError if it has none.
        """
        found = read_orbits(data)
        kinds = {body.comet for body in found}
        kept = [body for body in self.bodies() if body.comet not in kinds]
        return "".join(_line(body) for body in [*kept, *found]).encode()

    def installed(self) -> list[Installed]:
        """Return what there is of comets and of asteroids."""
        found = []
        for comets in (True, False):
            epochs = [body.epoch for body in self.bodies() if body.comet is comets]
            if epochs:
                found.append(Installed(comets, len(epochs), max(epochs)))
        return found

    def age(self, epoch: date) -> int:
        """Return how many days ago an epoch was."""
        return (self._now().date() - epoch).days

    def bodies(self) -> Sequence[SmallBody]:
        """Return every orbit; none when nothing is installed."""
        self._refresh()
        return self._bodies

    def find(self, name: str) -> tuple[MovingTarget, ...]:
        """Return the bodies that a name may mean, where they are now; ElementsTooOldError for old orbits."""
        asked = _KIND.sub("", name.strip())
        wanted = _squashed(asked)
        if wanted in _PLUTO:
            return (self._target(name, PLUTO),)
        self._refresh()
        found = self._keys.get(wanted, [])
        if not found:
            return ()
        if not plain(name).startswith(("aster", "planetoid")):
            found = [body for body in found if body.comet] or found
        fresh = [body for body in found if abs(self.age(body.epoch)) <= MOST_DAYS[body.comet]]
        if not fresh:
            raise ElementsTooOldError(found[0], self.age(found[0].epoch))
        return tuple(self._target(body.name, body.orbit) for body in self._meant(fresh))

    def _meant(self, bodies: list[SmallBody]) -> list[SmallBody]:
        """Leave the brightest where it outshines all others of its name."""
        if len(bodies) == 1:
            return bodies
        now = self._now()
        ranked = sorted((brightness(body.orbit, now), at) for at, body in enumerate(bodies))
        if ranked[0][0] + _CLEARLY_BRIGHTER <= ranked[1][0]:
            return [bodies[ranked[0][1]]]
        return [bodies[at] for _, at in ranked[:2]]

    def _target(self, name: str, orbit: str) -> MovingTarget:
        now = self._now()
        try:
            place = place_on_orbit(orbit, now)
            found = MovingTarget(name, place.ra_hours, place.dec_degrees, orbit)
            return replace(found, arcsec_per_min=motion_arcsec_per_min(found, now))
        except (RuntimeError, ValueError):
            raise UnknownTargetError(name, (), f"The orbit of {name} leads nowhere.", UPDATE) from None

    def _refresh(self) -> None:
        stamp, text = self._stamp, ""
        try:
            status = self.path.stat() if self.path else None
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino) if status else None
            if stamp == self._stamp:
                return
            text = self.path.read_text("utf-8", errors="replace") if self.path and stamp else ""
        except OSError:
            stamp = None
        self._bodies = tuple(_bodies(text))
        self._keys = {}
        for body in self._bodies:
            for spelling in _keys(body):
                self._keys.setdefault(spelling, []).append(body)
        self._stamp = stamp


ELEMENTS = Elements()  # those of this process


def is_small_body(name: str) -> bool:
    """Whether a name is one of a comet or an asteroid beyond doubt."""
    stripped = _KIND.sub("", name.strip())
    numbered = _NUMBERED.fullmatch(stripped)
    word = numbered[2] or numbered[3] if numbered else stripped
    return (
        stripped != name.strip()
        or _COMET.fullmatch(stripped) is not None
        or (word.casefold() in _BRIGHT and (numbered is not None or word.casefold() != "iris"))
    )


def _keys(body: SmallBody) -> set[str]:
    """Return the spellings under which a body is found: all of its name, its designation, its name alone."""
    spellings = [body.name]
    if body.comet:
        named = re.fullmatch(r"(\d+[PDI](?:-\w+)?)/(.+)", body.name) or re.fullmatch(
            r"(.+?) *\((.+)\)", body.name
        )
        spellings += named.groups() if named else ()
    else:
        named = re.fullmatch(r"\(?(\d+)\)? +(.+)", body.name)
        spellings += [named[2], f"{named[2]} {named[1]}"] if named else ()
    return {_squashed(spelling) for spelling in spellings} - {""}


def _squashed(name: str) -> str:
    return plain(name).replace(" ", "")


def _line(body: SmallBody) -> str:
    return f"{'comet' if body.comet else 'asteroid'}|{body.epoch.isoformat()}|{body.orbit}\n"


def _bodies(text: str) -> Iterable[SmallBody]:
    """Read what `_line` wrote; lines that are damaged are left out."""
    for line in text.splitlines():
        try:
            kind, epoch, orbit = line.split("|")
            name, rest = orbit.split(",", 1)
            if kind in {"comet", "asteroid"} and rest[:2] in {"e,", "p,", "h,"}:
                yield SmallBody(name, kind == "comet", date.fromisoformat(epoch), orbit)
        except ValueError:
            continue
