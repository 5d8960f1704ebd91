"""Open-shutter time of planned nights against near-optimal schedules, and what a plan costs."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random

from benchmarks.reporting import quiet, say
from tests.planner.nights import Night, nights

ORDERS = 60  # other file names for the same sessions


def measure(orders: int = ORDERS) -> None:
    """Each night, as named and under other names; `ratio` is open-shutter time by the near-optimal one."""
    named = []
    for night in nights():
        requests = night.requests()
        ratio = night.ratio(requests, night.plan(requests))
        named.append(ratio)
        others = [_renamed(night, Random(seed)) for seed in range(orders)]
        say(
            "night_plans",
            night=night.facts["name"],
            ratio=round(ratio, 3),
            mean_of_other_names=round(sum(others) / max(1, len(others)), 3),
            worst_of_other_names=round(min(others, default=ratio), 3),
        )
    say("night_plans", mean=round(sum(named) / len(named), 3), worst=round(min(named), 3))
    _cost()


def _renamed(night: Night, chance: Random) -> float:
    requests = night.requests(chance)
    return night.ratio(requests, night.plan(requests))


def _cost(count: int = 60) -> None:
    """A plan of that many sessions, its windows known or not."""
    night = nights()[-1]
    some = night.requests()
    many = [replace(some[n % len(some)], session_id=f"s{n:03}", priority=n % 3) for n in range(count)]
    took = []
    for _ in range(4):
        began = time.perf_counter()
        night.plan(many)
        took.append(round(1000 * (time.perf_counter() - began)))
    say("night_plans", sessions=count, plan_ms=min(took), first_plan_ms=took[0])


if __name__ == "__main__":
    quiet()
    measure()
