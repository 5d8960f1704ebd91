"""What a session's goal is, how much of it there is, and how many frames to ask of a night: pure arithmetic.

A goal counts stacked frames of one field, camera and filter, from every result of the session's group.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.capabilities import Camera, Capabilities
from agent.group_progress import GroupProgress, PartProgress
from agent.session.check import Resolve, in_deep_sky, resolve_target
from agent.session.choices import choose
from agent.session.document import SessionDocument
from agent.session.sections import CAMERA_SECTIONS, CameraSetup
from agent.targets import MovingTarget, SkyTarget

SAME_FIELD_DEG = 0.1  # panes stand farther apart; a goto by name and one by its coordinates do not
OVERSHOOT_S = 600.0  # a night asks for no more than this beyond its goal, for frames that will not stack


@dataclass(frozen=True, slots=True)
class Field:
    """Where a session looks: hours and degrees of the fixed sky, or only a name for what moves."""

    name: str
    ra_hours: float | None = None
    dec_degrees: float | None = None

    def same(self, other: Field) -> bool:
        """Whether both are one field."""
        if self.ra_hours is None or self.dec_degrees is None:
            return _folded(self.name) == _folded(other.name)
        if other.ra_hours is None or other.dec_degrees is None:
            return other.same(self)
        hours = abs(self.ra_hours - other.ra_hours) % 24
        across = min(hours, 24 - hours) * 15 * math.cos(math.radians(self.dec_degrees))
        return math.hypot(across, self.dec_degrees - other.dec_degrees) <= SAME_FIELD_DEG


@dataclass(frozen=True, slots=True)
class Light:
    """What one result gave a group: frames of one camera, and the seconds of those that were stacked.

    `result` tells one run of a session from another, `night` is the evening's date.
    """

    result: str
    session_id: str
    group: str
    night: str
    field: Field
    camera: Camera
    filter: str
    taken: int
    stacked: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """The goal of one of a session's captures: stacked frames, or their seconds."""

    group: str
    field: Field
    camera: Camera
    filter: str
    exposure_s: float
    least: int
    frames: int | None
    seconds: float | None

    def counts(self, light: Light) -> bool:
        """Whether what a result gave counts for this goal."""
        mine = (self.group, self.camera, self.filter) == (light.group, light.camera, light.filter)
        return mine and self.field.same(light.field)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What there is of a goal."""

    taken: int = 0
    stacked: int = 0
    seconds: float = 0.0
    nights: frozenset[str] = frozenset()
    sessions: tuple[str, ...] = ()


def group_of(document: SessionDocument, session_id: str) -> str:
    """Return the group whose results a session with a goal counts: the one it names, or itself."""
    return document.id_command.group or session_id


def wanted_of(
    document: SessionDocument, session_id: str, capabilities: Capabilities, resolve: Resolve
) -> dict[str, Wanted]:
    """Return what a session with a goal wants, by its camera sections; AgentError for an unknown target."""
    goal = document.goal
    if goal is None:
        return {}
    capabilities = _in_its_mode(document, capabilities, resolve)
    group, field, found = group_of(document, session_id), _field(document, resolve), {}
    for key, camera, setup in _captures(document, capabilities):
        filter_name, exposure_s = _shot(setup, camera, capabilities)
        least = 1 if setup.orders_mosaic else capabilities.cameras[camera].min_count
        found[key] = Wanted(
            group, field, camera, filter_name, exposure_s, least, goal.frames, goal.integration
        )
    return found


def promised_of(
    document: SessionDocument, session_id: str, capabilities: Capabilities, resolve: Resolve
) -> tuple[Light, ...]:
    """Return what a session that runs will give its group when it loses nothing."""
    capabilities = _in_its_mode(document, capabilities, resolve)
    group, field = group_of(document, session_id), _field(document, resolve)
    found = []
    for _, camera, setup in _captures(document, capabilities):
        frames = (setup.mosaic_count if setup.orders_mosaic else setup.count) or 0
        filter_name, exposure_s = _shot(setup, camera, capabilities)
        seconds = frames * exposure_s
        found.append(
            Light(session_id, session_id, group, "", field, camera, filter_name, frames, frames, seconds)
        )
    return tuple(found)


def gathered(wanted: Wanted, lights: Iterable[Light]) -> Gathered:
    """Return what the results give to a goal."""
    mine = [one for one in lights if wanted.counts(one)]
    return Gathered(
        sum(one.taken for one in mine),
        sum(one.stacked for one in mine),
        sum(one.seconds for one in mine),
        frozenset(one.night for one in mine if one.stacked),
        tuple(dict.fromkeys(one.session_id for one in mine)),
    )


def frames_left(wanted: Wanted, there: Gathered) -> int:
    """Return how many stacked frames are missing."""
    if wanted.frames is not None:
        return max(0, wanted.frames - there.stacked)
    missing = (wanted.seconds or 0.0) - there.seconds
    if missing <= 1e-6:
        return 0
    return math.ceil(missing / wanted.exposure_s - 1e-6) if wanted.exposure_s > 0 else 1


def frames_to_ask(wanted: Wanted, there: Gathered) -> int:
    """Return how many frames to take so that the missing ones get stacked; 0 when none is missing.

    As many more as were lost on the average so far, but no more than a short block of them.
    """
    left = frames_left(wanted, there)
    if left == 0:
        return 0
    lost = max(0, there.taken - there.stacked)
    spare = math.ceil(left * lost / there.stacked) if there.stacked else 0
    most = int(OVERSHOOT_S // wanted.exposure_s) if wanted.exposure_s > 0 else 0
    return max(wanted.least, left + min(spare, most))


def progress_of(wishes: Sequence[tuple[str, Wanted]], lights: Sequence[Light]) -> tuple[GroupProgress, ...]:
    """Return how far the groups are that these sessions, by their ids, have goals in; sorted by name."""
    groups = sorted({wanted.group for _, wanted in wishes})
    words: dict[str, str] = {}
    for group in groups:
        words[group] = _word(group, taken=words.values())
    return tuple(
        _progress(group, words[group], [one for one in wishes if one[1].group == group], lights)
        for group in groups
    )


def _progress(
    group: str, word: str, wishes: Sequence[tuple[str, Wanted]], lights: Sequence[Light]
) -> GroupProgress:
    alike: list[list[tuple[str, Wanted]]] = []
    for wish in wishes:
        mine = next((one for one in alike if _same(one[0][1], wish[1])), None)
        if mine is None:
            alike.append([wish])
        else:
            mine.append(wish)
    found = [(one, gathered(one[0][1], lights)) for one in alike]
    nights = frozenset[str]().union(*(there.nights for _, there in found))
    return GroupProgress(group, word, tuple(_part(one, there) for one, there in found), len(nights))


def _part(wishes: Sequence[tuple[str, Wanted]], there: Gathered) -> PartProgress:
    """One part of a group; of several goals for the same the largest is told."""
    _, wanted = max(wishes, key=lambda one: frames_left(one[1], Gathered()))
    return PartProgress(
        wanted.field.name,
        wanted.camera.value,
        wanted.filter,
        there.stacked,
        round(there.seconds, 3),
        len(there.nights),
        wanted.exposure_s,
        wanted.frames,
        wanted.seconds,
        tuple(sorted({session_id for session_id, _ in wishes})),
    )


def _same(one: Wanted, other: Wanted) -> bool:
    return (one.camera, one.filter) == (other.camera, other.filter) and one.field.same(other.field)


def _in_its_mode(document: SessionDocument, capabilities: Capabilities, resolve: Resolve) -> Capabilities:
    manual = document.goto_manual
    last = resolve_target(manual, resolve) if manual is not None else None
    return capabilities.for_mode(deep_sky=in_deep_sky(document, last))


def _captures(
    document: SessionDocument, capabilities: Capabilities
) -> Iterator[tuple[str, Camera, CameraSetup]]:
    for key, camera in CAMERA_SECTIONS.items():
        setup: CameraSetup | None = getattr(document, key)
        if setup is not None and camera in capabilities.cameras:
            yield key, camera, setup


def _shot(setup: CameraSetup, camera: Camera, capabilities: Capabilities) -> tuple[str, float]:
    """Return the filter's name and the exposure's seconds."""
    choice, _ = choose(setup, camera, capabilities)
    return (
        choice.filter.name if choice.filter is not None else "",
        choice.exposure.seconds if choice.exposure is not None else 0.0,
    )


def _field(document: SessionDocument, resolve: Resolve) -> Field:
    if document.goto_manual is not None:
        target = resolve_target(document.goto_manual, resolve)
        if isinstance(target, SkyTarget) and not isinstance(target, MovingTarget):
            return Field(target.name, target.ra_hours, target.dec_degrees)
        return Field(target.name)
    return Field(document.goto_solar.target.value if document.goto_solar is not None else "")


def _word(group: str, taken: Iterable[str]) -> str:
    """A group's word of a-z, 0-9 and _; one that another group has gets a mark of its own."""
    plain = "_".join(
        "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in group.lower()).split()
    )[:40]
    mark = hashlib.sha256(group.encode("utf-8", "replace")).hexdigest()[:6]
    return plain if plain and plain not in taken else f"{plain or 'group'}_{mark}"


def _folded(name: str) -> str:
    return "".join(name.casefold().split())
