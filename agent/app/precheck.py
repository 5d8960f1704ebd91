"""What keeps a session from running under this configuration, known before its night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.conditions import ConditionConfigError, ConditionSet, Requirements
from agent.conditions.sun_guard import SunLimitError, permit_goto
from agent.errors import Problem, warning
from agent.session.document import SessionDocument
from agent.session.plan import Plan
from agent.targets import Site


def condition_problems(document: SessionDocument, requirements: Requirements) -> Iterator[Problem]:
    """Tell of conditions that contradict the configuration's."""
    try:
        ConditionSet.of(requirements, document.conditions)
    except ConditionConfigError as error:
        yield error.problem("/conditions")


def sun_problems(
    document: SessionDocument, plan: Plan, site: Site | None, requirements: Requirements, begin: datetime
) -> Iterator[Problem]:
    """Warn of gotos that the Sun guard would refuse, if the session began then."""
    solar = document.goto_solar
    if site is None:
        return
    for step in plan.steps:
        if step.target is None:
            continue
        try:
            permit_goto(
                step.target,
                site,
                begin,
                until=begin + timedelta(seconds=plan.estimate_s),
                limit_deg=requirements.sun_limit,
                sun_filter=solar is not None and solar.sun_filter,
                allow_sun=requirements.allow_sun,
            )
        except SunLimitError as error:
            yield warning(error.code, error.message, error.hint, f"/{step.section}")
