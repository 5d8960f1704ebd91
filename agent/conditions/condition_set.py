"""The rules of one session, and the Sun guard with its limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from agent.conditions.moment import Moment, Sky
from agent.conditions.requirements import Requirements
from agent.conditions.rule import Rule, SkyRule
from agent.conditions.rules import RULES, SKY_RULES
from agent.conditions.sun_guard import OPEN_ENDED, capture_deadline, first_danger, first_dawn, permit_goto
from agent.session.document import SessionDocument
from agent.session.fields import OnLost, WeatherPolicy
from agent.session.sections import Conditions
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget, Target
from agent.verdict import YES, Verdict, against


@dataclass(frozen=True, slots=True)
class ConditionSet:
    """What is required of one session, and the rules that ask for it.

    `rules` are what nobody can foresee, `sky` what depends on time and sky alone: a plan knows it for later.
    """

    requirements: Requirements
    rules: tuple[Rule, ...]
    sky: tuple[SkyRule, ...]

    @classmethod
    def of(cls, requirements: Requirements, session: Conditions | None = None) -> ConditionSet:
        """Merge; ConditionConfigError for limits that contradict each other or miss their configuration."""
        merged = requirements.with_session(session)
        rules = (rule.required(merged) for rule in RULES)
        sky = (rule.required(merged) for rule in SKY_RULES)
        made = (tuple(one for one in rules if one is not None), tuple(one for one in sky if one is not None))
        return cls(merged, *made)

    @classmethod
    def of_session(
        cls, requirements: Requirements, document: SessionDocument, target: Target | None, site: Site | None
    ) -> ConditionSet:
        """Merge what a session says, and what its target needs where the site is known; as `of`."""
        merged = requirements.with_session(document.conditions)
        if site is not None and isinstance(target, SkyTarget):
            command = document.id_command
            named = command.time is not None or isinstance(command.date, datetime)
            merged = merged.by_night(start_named=named)
        return cls.of(merged)

    @property
    def weather(self) -> WeatherPolicy:
        """What unsafe weather means for the session."""
        return self.requirements.weather

    @property
    def wait_max_s(self) -> float:
        """How long the session waits for its conditions once it is due."""
        return self.requirements.wait_max_s

    @property
    def on_lost(self) -> OnLost:
        """What the running session does when a condition no longer holds."""
        return self.requirements.on_lost

    def judge_now(self, moment: Moment) -> tuple[Verdict, ...]:
        """Ask what nobody can foresee: weather, battery, the link, and the session's own window."""
        return tuple(replace(rule.check(moment), rule=rule.about.name) for rule in self.rules)

    def judge(self, moment: Moment) -> tuple[Verdict, ...]:
        """Ask what a session that runs must have; the sky where its place is known and all else says yes."""
        verdicts = self.judge_now(moment)
        if moment.sky is None or against(verdicts):
            return verdicts
        return (
            *verdicts,
            *(_seen(rule, moment.sky, moment.now) for rule in self.sky if not rule.about.to_begin),
        )

    def permit_goto(
        self, target: Target, site: Site | None, now: datetime, *, until: datetime | None, sun_filter: bool
    ) -> None:
        """The Sun guard with this configuration's limit: return, or raise SunLimitError."""
        permit_goto(
            target,
            site,
            now,
            until=until,
            limit_deg=self.requirements.sun_limit,
            sun_filter=sun_filter,
            allow_sun=self.requirements.allow_sun,
        )

    def capture_deadline(
        self, site: Site | None, now: datetime, target: Target | None, *, began: datetime | None = None
    ) -> datetime | None:
        """Return when a session that goes on now must have stopped capturing and left its target, or None.

        The earliest of: the Sun reaching the twilight limit (the instant itself, when it already has), the
        first dawn after the session began (`began`, default now; it may be over), the target getting within
        the Sun limit. The Sun and the Moon as targets have no twilight and no dawn.
        """
        edges: list[datetime | None] = []
        body = target.body if isinstance(target, SolarTarget) else None
        if target is not None and body is not SolarBody.SUN:
            edges.append(first_danger(target, site, now, now + OPEN_ENDED, self.requirements.sun_limit))
        if site is not None:
            edges.append(capture_deadline(site, now, self.requirements.sun_below, target=target))
            dawn = self.requirements.dawn_limit
            if dawn is not None and body not in {SolarBody.SUN, SolarBody.MOON}:
                edges.append(first_dawn(site, now if began is None else min(began, now), dawn))
        return min((edge for edge in edges if edge is not None), default=None)


def _seen(rule: SkyRule, sky: Sky, now: datetime) -> Verdict:
    if rule.holds(sky, now):
        return replace(YES, rule=rule.about.name)
    told = rule.told(sky, now)
    return Verdict(False, told.reason, told.no, rule=rule.about.name)
