"""What a session wants of a night: where to, when, under which conditions, and how long its parts take."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from agent.capabilities import Camera
from agent.conditions import ConditionSet, Requirements
from agent.session.document import SessionDocument
from agent.session.fields import OnLost
from agent.session.plan import Plan, PlannedStep, StepKind
from agent.session.reuse_rules import ReuseRules
from agent.session.steps import FOCUS
from agent.targets import Site, Target

Place = tuple[str, int, int, datetime | None]
"""What a session's place in an order depends on: id, rank, priority and start."""

REUSE = ReuseRules()
LEAST_FRAMES = 3  # fewer are worth no goto
_PARKING = frozenset({StepKind.PARK, StepKind.POWER_DOWN})


@dataclass(frozen=True, slots=True)
class Exposures:
    """One capture: frames that are missing, seconds each takes and exposes, seconds before the first."""

    frames: int
    frame_s: float
    exposure_s: float
    opening_s: float = 0.0

    @property
    def total_s(self) -> float:
        """Seconds it takes."""
        return self.opening_s + self.frames * self.frame_s

    @property
    def light_s(self) -> float:
        """Seconds of open shutter; of an exposure nobody knows, the time it takes."""
        return self.frames * (self.exposure_s or self.frame_s)


@dataclass(frozen=True, slots=True)
class Reusable:
    """A part of an opening that an earlier one can do for so many hours; None: for the night, 0: never."""

    kind: StepKind
    seconds: float
    hours: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One session. Instants are aware UTC; a `start` of None is as soon as possible, `seen` when it came in.

    `opening_s` is everything before the first capture, `closing_s` everything after the last. What of the
    opening is `reusable` need not be done while an earlier one is valid, which ends when one `parks`. `rank`
    comes before priority: what a person wants now, and what goes on after a restart. `held_until`: what
    nobody can foresee is against it now, and is asked again then. `until_its_end`: it wants what comes until
    its `end`, and no more.
    """

    session_id: str
    target: Target | None
    conditions: ConditionSet
    opening_s: float = 0.0
    captures: tuple[Exposures, ...] = ()
    closing_s: float = 0.0
    reusable: tuple[Reusable, ...] = ()
    parks: bool = False
    start: datetime | None = None
    end: datetime | None = None
    seen: datetime | None = None
    priority: int = 0
    rank: int = 0
    sun_filter: bool = False
    held_until: datetime | None = None
    until_its_end: bool = False

    @property
    def duration_s(self) -> float:
        """Seconds it takes when nothing cuts it short."""
        return self.opening_s + sum(one.total_s for one in self.captures) + self.closing_s

    @property
    def aligned(self) -> Request:
        """The same on a telescope that is calibrated and focused already."""
        return self.opening_with([one.kind for one in self.reusable if one.hours == 0])

    @property
    def in_the_sky(self) -> Request:
        """What of it its windows depend on: the same for a session whatever it has taken."""
        return Request(
            session_id="",
            target=self.target,
            conditions=self.conditions,
            start=self.start,
            end=self.end,
            seen=self.seen,
            sun_filter=self.sun_filter,
        )

    def opening_with(self, needed: Collection[StepKind]) -> Request:
        """Return the same with these of its reusable parts done, and the others spared."""
        done = tuple(one for one in self.reusable if one.kind in needed)
        spared_s = sum(one.seconds for one in self.reusable) - sum(one.seconds for one in done)
        return replace(self, opening_s=max(0.0, self.opening_s - spared_s), reusable=done)

    @property
    def ends_when_lost(self) -> bool:
        """Whether it ends for good when it loses the sky, as its owner wants."""
        return self.conditions.on_lost is OnLost.END

    @property
    def frames(self) -> int:
        """Frames that are missing."""
        return sum(one.frames for one in self.captures)

    @property
    def light_s(self) -> float:
        """Seconds of open shutter that are missing."""
        return sum(one.light_s for one in self.captures)

    def least_s(self, least_block_s: float) -> float:
        """Seconds of the shortest block that is worth its goto."""
        first = self.captures[0] if self.captures else None
        frames_s = first.opening_s + LEAST_FRAMES * first.frame_s if first is not None else 0.0
        least_s = min(self.duration_s, max(least_block_s, self.opening_s + frames_s))
        begin = self.start or self.seen
        if begin is not None and self.end is not None:  # its own times may leave less, as it was wanted
            least_s = min(least_s, max(0.0, (self.end - begin).total_seconds()))
        return least_s

    def within(self, seconds: float) -> tuple[Exposures, ...]:
        """Return what of its captures fits into a block of that many seconds that something else ends."""
        left, taken = seconds - self.opening_s, []
        for one in self.captures:
            left -= one.opening_s
            fits = max(0, min(one.frames, int(left / one.frame_s) if one.frame_s > 0 else one.frames))
            taken.append(replace(one, frames=fits))
            left -= fits * one.frame_s
            if fits < one.frames:
                left = 0.0
        return tuple(taken)

    def without(self, taken: tuple[Exposures, ...]) -> Request:
        """Return what is left of it once these frames are there."""
        pairs = zip(self.captures, taken, strict=True)
        left = [replace(one, frames=one.frames - had.frames) for one, had in pairs]
        return replace(self, captures=tuple(one for one in left if one.frames > 0))


@dataclass(frozen=True, slots=True)
class Running:
    """The session that runs: what is left of it from now on (of `opening_s` too), and the end of its block.

    `again_s` is what opening it another time would take. `until` None: it runs until it is done.
    """

    request: Request
    again_s: float
    until: datetime | None = None


def place_of(request: Request) -> Place:
    """Return what a session's place in an order depends on."""
    return request.session_id, request.rank, request.priority, request.start


def shape_of(
    plan: Plan, taken: Mapping[Camera, int] | None = None
) -> tuple[float, tuple[Exposures, ...], float]:
    """Return opening, captures and closing of a session's plan, without the frames that are there already."""
    had = dict(taken or {})
    opening, closing = 0.0, 0.0
    captures: list[Exposures] = []
    for step in plan.steps:
        if step.kind is not StepKind.CAPTURE:
            if captures:
                closing += step.total_s
            else:
                opening += step.total_s
            continue
        missing = max(0, step.count - (had.pop(step.camera, 0) if step.camera is not None else 0))
        opening_s = step.wait_before_s + step.setup_s
        captures.append(Exposures(missing, step.frame_s, step.exposure_s, opening_s))
    return opening, tuple(one for one in captures if one.frames > 0), closing


def reusable_of(plan: Plan, rules: ReuseRules) -> tuple[Reusable, ...]:
    """Return the calibration and focus of a session's plan; with a polar alignment all is done anew."""
    anew = any(step.kind is StepKind.EQ_SOLVING for step in plan.steps)
    return tuple(
        Reusable(step.kind, step.total_s, 0.0 if anew else _hours(step, rules))
        for step in plan.steps
        if step.kind in FOCUS or step.kind is StepKind.CALIBRATION
    )


def _hours(step: PlannedStep, rules: ReuseRules) -> float | None:
    if step.kind is StepKind.CALIBRATION:
        return rules.calibration_h if step.reuse is None else step.reuse
    kelvin = rules.focus_kelvin if step.reuse is None else step.reuse
    return None if kelvin else 0.0  # how warm it will be is not foreseen


def request_of(
    session_id: str,
    document: SessionDocument,
    plan: Plan,
    requirements: Requirements,
    site: Site | None,
    *,
    start: datetime | None,
    end: datetime | None,
    seen: datetime,
    taken: Mapping[Camera, int] | None = None,
    rank: int = 0,
    held_until: datetime | None = None,
    rules: ReuseRules = REUSE,
) -> Request:
    """Return what a session wants, with its document's own conditions; ConditionConfigError."""
    target = plan.goto_targets[-1] if plan.goto_targets else None
    opening_s, captures, closing_s = shape_of(plan, taken)
    solar = document.goto_solar
    return Request(
        session_id=session_id,
        target=target,
        conditions=ConditionSet.of_session(requirements, document, target, site),
        opening_s=opening_s,
        captures=captures,
        closing_s=closing_s,
        reusable=reusable_of(plan, rules),
        parks=any(step.kind in _PARKING for step in plan.steps),
        start=start,
        end=end,
        seen=seen,
        priority=document.id_command.priority,
        rank=rank,
        sun_filter=solar is not None and solar.sun_filter,
        held_until=held_until,
        until_its_end=_wants_what_comes(plan, end),
    )


def _wants_what_comes(plan: Plan, end: datetime | None) -> bool:
    """Whether all that a session's captures have by their own end times is all that was asked for."""
    one_field = not plan.panes and all(step.mosaic is None for step in plan.steps)
    return one_field and end is not None and plan.ends_at == end
