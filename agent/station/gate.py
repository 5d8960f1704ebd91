"""May this session run now? What nobody can foresee of it, with what only the station knows.

When the sky allows it is the plan's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from agent.clock import Clock
from agent.conditions import ConditionSet, Link, Moment, Requirements, Window
from agent.conditions.moment import Sky, clock_words
from agent.errors import AgentError
from agent.events import Reason, SafetyDecision, Source
from agent.schedule.waiting import Waiting
from agent.session.fields import WeatherPolicy
from agent.targets import Site, Target
from agent.telescope.interface import ConnectionState, TelescopeView
from agent.verdict import YES, Verdict, against, merged

MISSED_AFTER = timedelta(minutes=5)  # a start this long before the agent came to know of it was missed
MISSED_DATE_AFTER = timedelta(hours=36)  # so was a date without a time, when the night after it is over
LINK_PATIENCE_S = 300.0  # a telescope that is there answers within minutes of the agent's start
HELD_PAUSE_S = 30.0  # after another client refused us control, before asking again
_UNBOUNDED = frozenset({Reason.LOST_CONNECTION, Reason.HELD_BY_OTHER, Reason.SCHEDULE, Reason.QUEUE})


@dataclass(slots=True)
class _Waited:
    """How long a session has waited while it could otherwise run; `since` when it was last seen to."""

    total_s: float = 0.0
    since: float | None = None  # monotonic
    too_long: Verdict | None = None  # it waited for as long as it may: only its end is left to it
    final_since: float | None = None  # monotonic, of one that goes on no more


class ConditionGate:
    """Judges due sessions; owner of how long each has waited for what nobody can foresee."""

    def __init__(
        self,
        telescope: TelescopeView,
        *,
        site: Site | None,
        zone: tzinfo,
        clock: Clock,
        defaults: Callable[[], Requirements],
        when_missed: str,
        safety: Callable[[], SafetyDecision | None],
        brake: Callable[[Waiting], Verdict | None],
        perhaps_taken: Callable[[str], bool],
        sky: Callable[[Waiting, datetime], bool],
    ) -> None:
        """`brake` answers for the whole queue (switched off, night over), or None to let it through.

        `perhaps_taken`: the telescope may be taking this session by itself, or have taken it. `sky` tells
        whether a session could run as far as time and sky go.
        """
        self._telescope = telescope
        self._site = site
        self._zone = zone
        self._clock = clock
        self._defaults = defaults
        self._when_missed = when_missed
        self._safety = safety
        self._brake = brake
        self._perhaps_taken = perhaps_taken
        self._sky = sky
        self._waited: dict[str, _Waited] = {}
        self._held_until = float("-inf")  # monotonic

    def refused_control(self) -> None:
        """Another client holds the telescope; ask no more for a while."""
        self._held_until = self._clock.monotonic() + HELD_PAUSE_S

    def link(self) -> Link:
        """Whether the telescope can be commanded now."""
        match self._telescope.connection:
            case ConnectionState.CONNECTED:
                held = self._clock.monotonic() < self._held_until
                return Link.HELD_BY_OTHER if held else Link.READY
            case ConnectionState.HELD_BY_OTHER:
                return Link.HELD_BY_OTHER
            case _:
                return Link.UNREACHABLE

    def forget(self, session_id: str) -> None:
        """A session waits no more."""
        self._waited.pop(session_id, None)

    def judge(self, waiting: Waiting, now: datetime) -> Verdict:
        """Answer for one due session."""
        try:
            return self._judge(waiting, now)
        except AgentError as error:
            return Verdict(False, Reason.INVALID, str(error), final=True)

    def _judge(self, waiting: Waiting, now: datetime) -> Verdict:
        if (unclear := self._unclear(waiting)) is not None:
            return unclear
        missed = self._missed(waiting)
        if missed is not None:
            return missed
        if (braked := self._brake(waiting)) is not None:
            return braked
        conditions = self.conditions(waiting)
        verdicts = conditions.judge_now(self.moment(waiting, now))
        verdict = merged(verdicts)
        if verdict.allowed:
            self._waited.pop(waiting.session_id, None)
            return YES
        bounded = not (verdict.final or all(one.reason in _UNBOUNDED for one in against(verdicts)))
        if bounded:
            verdict = self._bounded(waiting, conditions.wait_max_s, verdict, now)
        if verdict.final and waiting.resume:
            return self._ended(waiting, verdict, now, waited=bounded)
        if (kept := self._waited.get(waiting.session_id)) is not None:
            kept.final_since = None
        return verdict

    def waited_too_long(self, session_id: str) -> Verdict | None:
        """Return what is against a session that waited for as long as it may, and runs only to be ended."""
        waited = self._waited.get(session_id)
        return waited.too_long if waited is not None else None

    def hindrance(self, waiting: Waiting, now: datetime) -> str:
        """Return what keeps it from its turn just now and nobody can foresee, a sentence; "" for nothing."""
        if (braked := self._unclear(waiting) or self._brake(waiting)) is not None:
            return braked.message
        moment = self.moment(waiting, now)
        if self._telescope.connection is ConnectionState.RESTING:
            moment = replace(moment, link=Link.READY)  # left alone on purpose: its turn wakes it
        try:
            verdicts = self.conditions(waiting).judge_now(moment)
        except AgentError as error:
            return str(error)
        return merged(verdicts).message if against(verdicts) else ""

    def _bounded(self, waiting: Waiting, wait_max_s: float, verdict: Verdict, now: datetime) -> Verdict:
        """The same no, which becomes final when the session has waited for too long while it could run."""
        waited, steady = self._waited.setdefault(waiting.session_id, _Waited()), self._clock.monotonic()
        if waited.since is not None:
            waited.total_s += steady - waited.since
        waited.since = steady if self._sky(waiting, now) else None
        left = timedelta(seconds=wait_max_s - waited.total_s)
        if waited.since is None:
            return verdict
        if left <= timedelta(0):
            message = f"{verdict.message} It waited {wait_max_s / 60:.0f} minutes."
            return replace(verdict, message=message, final=True)
        return replace(verdict, until=min(verdict.until or now + left, now + left))

    def conditions(self, waiting: Waiting) -> ConditionSet:
        """The rules of one session; AgentError when they contradict each other."""
        targets = waiting.plan.goto_targets if waiting.plan is not None else ()
        target = targets[-1] if targets else None
        return ConditionSet.of_session(self._defaults(), waiting.document, target, self._site)

    def weather_policy(self, waiting: Waiting) -> WeatherPolicy:
        """What bad weather does to one session; contradicting conditions end it themselves."""
        try:
            return self.conditions(waiting).weather
        except AgentError:
            return self._defaults().weather

    def moment(self, waiting: Waiting, now: datetime, *, running: bool = False) -> Moment:
        """What the rules are asked about."""
        targets = waiting.plan.goto_targets if waiting.plan is not None else ()
        target, solar = targets[-1] if targets else None, waiting.document.goto_solar
        sun_filter = solar is not None and solar.sun_filter
        return Moment(
            now=now,
            zone=self._zone,
            sky=None if self._site is None else Sky(self._site, target, sun_filter=sun_filter),
            window=Window(
                None if waiting.forced or waiting.resume else waiting.start or waiting.seen,
                waiting.closes,
            ),
            link=self.link(),
            telemetry=self._telescope.telemetry,
            safety=self._safety(),
            running=running or waiting.resume or waiting.forced,
        )

    def _unclear(self, waiting: Waiting) -> Verdict | None:
        if waiting.resume or not self._perhaps_taken(waiting.session_id):
            return None
        message = "The telescope may have taken it by itself; that is found out first."
        return Verdict(False, Reason.OWN_SCHEDULE, message)

    def _missed(self, waiting: Waiting) -> Verdict | None:
        if waiting.resume or waiting.forced or waiting.gave_back or waiting.start is None:
            return None
        command = waiting.document.id_command
        whole_day = command.time is None and not isinstance(command.date, datetime)
        if waiting.start >= waiting.seen - (MISSED_DATE_AFTER if whole_day else MISSED_AFTER):
            return None
        policy = waiting.document.id_command.when_missed or self._when_missed
        message = "Its start passed while the agent did not know of it."
        match str(policy):
            case "wait" if waiting.brief.source not in (Source.REPEAT, Source.GOAL):
                return Verdict(False, Reason.MISSED, message)
            case "skip" | "wait":  # a child of a session that comes back: its next night has another
                return Verdict(False, Reason.MISSED, message, final=True)
            case _:
                return None

    def _ended(self, waiting: Waiting, verdict: Verdict, now: datetime, *, waited: bool) -> Verdict:
        """A session that goes on no more runs all the same, to stop what the telescope does for it.

        After a start the link may take a while; without one it ends by what is known of it. `waited` for too
        long: nothing else would end it while it runs.
        """
        kept, steady = self._waited.setdefault(waiting.session_id, _Waited()), self._clock.monotonic()
        if self.link() is Link.READY:
            kept.too_long = verdict if waited else None
            return YES
        kept.final_since = steady if kept.final_since is None else kept.final_since
        left_s = kept.final_since + LINK_PATIENCE_S - steady
        if left_s <= 0:
            return verdict
        until = now + timedelta(seconds=left_s)
        words = f"It is over, and waits for its telescope until {clock_words(until, self._zone)}, to stop it."
        return replace(verdict, message=f"{verdict.message} {words}", final=False, until=until)


class SessionGuard:
    """The Sun guard of one session: the last gate before any of its gotos."""

    def __init__(
        self, conditions: ConditionSet, site: Site | None, clock: Clock, *, sun_filter: bool
    ) -> None:
        self._conditions = conditions
        self._site = site
        self._clock = clock
        self._sun_filter = sun_filter

    def permit(self, target: Target, *, seconds: float | None) -> None:
        """Allow pointing at the target for that long (None: for ever), or raise SunLimitError."""
        now = self._clock.now()
        until = None if seconds is None else now + timedelta(seconds=seconds)
        self._conditions.permit_goto(target, self._site, now, until=until, sun_filter=self._sun_filter)
