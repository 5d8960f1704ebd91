"""Watches over a running session: its window, the dawn, the weather and its conditions.

What can be foreseen of the sky and is lost gives the turn back: the session waits with its frames.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo

from agent.clock import Clock
from agent.conditions import ConditionSet
from agent.conditions.rules import SKY_RULES
from agent.conditions.rules.weather import gives_up_in
from agent.events import Reason, SafetyDecision, SafetyLevel
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.own_schedule import OwnSchedule, carried_out
from agent.schedule.waiting import Waiting
from agent.session.fields import OnLost, WeatherPolicy
from agent.session.plan import Plan
from agent.station.frame_watch import FrameWatch
from agent.station.gate import ConditionGate
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.weather_goal import WeatherGoal
from agent.verdict import Verdict, against, merged

LOOK_EVERY_S = 60.0  # altitude, Moon, battery and temperature change no faster than matters
_SKY = frozenset(rule.about.name for rule in SKY_RULES)
_WEATHER = "weather"
_CONDITIONS = "conditions"
_OWN_SCHEDULE = "own schedule"


class SessionWatch:
    """Gives orders to one running session until cancelled."""

    def __init__(
        self,
        orders: Orders,
        conditions: ConditionSet,
        *,
        clock: Clock,
        zone: tzinfo,
        window_end: datetime | None,
        dawn: Callable[[datetime], datetime | None],
        judge: Callable[[datetime], Sequence[Verdict]],
        safety: Callable[[], SafetyDecision | None],
        policy: Callable[[], WeatherPolicy],
        carried_out: Callable[[datetime], OwnSchedule | None],
        news: Callable[[], asyncio.Event],
        goes_on: Callable[[datetime], Awaitable[EndKind]],
        frames: FrameWatch | None = None,
    ) -> None:
        """`carried_out` tells of the telescope's own schedule, while no shutter of ours is open.

        `goes_on` tells how a session ends that loses the sky: it goes on tonight, later, or never.
        """
        self._goes_on = goes_on
        self._orders = orders
        self._conditions = conditions
        self._clock = clock
        self._zone = zone
        self._window_end = window_end
        self._dawn = dawn
        self._judge = judge
        self._safety = safety
        self._policy = policy
        self._carried_out = carried_out
        self._news = news
        self._frames = frames
        self._lost_since: float | None = None

    async def watch(self) -> None:
        """Watch for ever."""
        now = self._clock.now()
        dawn = self._dawn(now)
        async with asyncio.TaskGroup() as group:
            if self._window_end is not None:
                group.create_task(self._end_at_its_window(self._window_end))
            if dawn is not None:
                group.create_task(self._end_at_dawn(dawn))
            group.create_task(self._follow_weather())
            group.create_task(self._follow_conditions())
            group.create_task(self._follow_own_schedule())
            if self._frames is not None:
                group.create_task(self._frames.watch())

    async def _end_at_its_window(self, instant: datetime) -> None:
        await self._come(instant)
        self._orders.end(Ending(EndKind.LIMIT, Reason.WINDOW, "The session's window closed."))

    async def _end_at_dawn(self, instant: datetime) -> None:
        await self._come(instant)
        message = "It is dawn, or the Sun comes too near."
        await self._lose(Reason.TWILIGHT, message)

    async def _come(self, instant: datetime) -> None:
        """Wait for it by the clock as it is now: one that is set has the session give its turn back."""
        await self._clock.sleep(max(0.0, (instant - self._clock.now()).total_seconds()))

    async def _lose(self, reason: Reason, message: str) -> None:
        """End for a sky that is lost, in the way that leaves the session its rest."""
        ends = self._conditions.on_lost is OnLost.END
        kind = EndKind.LIMIT if ends else await self._goes_on(self._clock.now())
        self._orders.end(Ending(kind, reason, message))

    async def _follow_weather(self) -> None:
        waiting_since: float | None = None
        while True:
            changed = self._news()
            decision, policy = self._safety(), self._policy()
            if policy is WeatherPolicy.IGNORE or (decision is not None and decision.safe):
                waiting_since = None
                self._orders.resume(_WEATHER)
            else:
                now = self._clock.monotonic()
                waiting_since = now if waiting_since is None else waiting_since
                self._obey(decision, policy, waiting_since)
            await self._next_look(changed)

    def _obey(self, decision: SafetyDecision | None, policy: WeatherPolicy, since: float) -> None:
        reasons = decision.reasons if decision is not None else ("nothing tells of the weather",)
        message = "; ".join(reasons) or "The weather is unsafe."
        if decision is not None and decision.level is SafetyLevel.ALERT:
            self._orders.end(Ending(EndKind.END_NIGHT, Reason.WEATHER, message))
        elif gives_up_in(decision, policy):
            self._orders.end(Ending(EndKind.LIMIT, Reason.WEATHER, message))
        elif self._wait_left(since) <= timedelta(0):
            minutes = self._conditions.wait_max_s / 60
            ending = Ending(
                EndKind.LIMIT, Reason.WEATHER, f"{message} It lasted more than {minutes:.0f} min."
            )
            self._orders.end(ending)
        else:
            latest = (self._clock.now() + self._wait_left(since)).astimezone(self._zone)
            until = f"It waits until {latest:%H:%M} at the latest."
            self._orders.pause(_WEATHER, Hold(Reason.WEATHER, f"{message.rstrip('.')}. {until}"))

    def _wait_left(self, since: float) -> timedelta:
        """For how long the session may wait yet that waits since then (monotonic)."""
        return timedelta(seconds=since + self._conditions.wait_max_s - self._clock.monotonic())

    async def _follow_conditions(self) -> None:
        while True:
            changed = self._news()
            await self._act_on(self._judge(self._clock.now()))
            await self._next_look(changed)

    async def _follow_own_schedule(self) -> None:
        while True:
            changed = self._news()
            found = self._carried_out(self._clock.now())
            if found is None:
                self._orders.resume(_OWN_SCHEDULE)
            else:
                message = f"The telescope carries out its own schedule {found.name!r}."
                self._orders.pause(_OWN_SCHEDULE, Hold(Reason.OWN_SCHEDULE, message))
            await self._next_look(changed)

    async def _next_look(self, changed: asyncio.Event) -> None:
        """Wait for news, or for the sky to turn a little."""
        with contextlib.suppress(TimeoutError):
            async with self._clock.timeout(LOOK_EVERY_S):
                await changed.wait()

    async def _act_on(self, verdicts: Sequence[Verdict]) -> None:
        blocking = [
            verdict
            for verdict in against(verdicts)
            if verdict.reason
            not in (Reason.WEATHER, Reason.LOST_CONNECTION, Reason.HELD_BY_OTHER, Reason.WINDOW)
        ]
        if not blocking:
            self._lost_since = None
            self._orders.resume(_CONDITIONS)
            return
        lost = merged(blocking)
        reason, message = lost.reason or Reason.SCHEDULE, lost.message
        match self._conditions.on_lost:
            case OnLost.IGNORE:
                return
            case OnLost.PAUSE if any(one.rule in _SKY for one in blocking):
                await self._lose(reason, message)
            case OnLost.PAUSE if not lost.final and self._may_come_back(blocking):
                self._orders.pause(_CONDITIONS, Hold(reason, message))
            case _:
                self._orders.end(Ending(EndKind.LIMIT, reason, message))

    def _may_come_back(self, lost: Sequence[Verdict]) -> bool:
        """Whether all that is lost may be back before the session has waited for too long."""
        now, steady = self._clock.now(), self._clock.monotonic()
        self._lost_since = steady if self._lost_since is None else self._lost_since
        latest = now + self._wait_left(self._lost_since)
        return now < latest and all(verdict.until is None or verdict.until <= latest for verdict in lost)


def watch_over(
    orders: Orders,
    waiting: Waiting,
    plan: Plan,
    gate: ConditionGate,
    ground: Ground,
    weather: WeatherGoal,
    hands: Hands,
    news: Callable[[], asyncio.Event],
    goes_on: Callable[[datetime], Awaitable[EndKind]],
) -> SessionWatch:
    """Return the watch over a session that runs by this plan; AgentError when its conditions are wrong."""
    conditions = gate.conditions(waiting)
    target = plan.goto_targets[-1] if plan.goto_targets else None
    since = waiting.began if waiting.resume else None  # the dawn after that is its own
    return SessionWatch(
        orders,
        conditions,
        clock=ground.clock,
        zone=ground.zone,
        window_end=waiting.window_end,
        dawn=lambda now: conditions.capture_deadline(ground.site, now, target, began=since),
        judge=lambda now: conditions.judge(gate.moment(waiting, now, running=True)),
        safety=lambda: weather.decision,
        policy=lambda: gate.conditions(waiting).weather,
        carried_out=lambda now: None if hands.capturing else carried_out(ground.telescope.schedules, now),
        news=news,
        goes_on=goes_on,
        frames=FrameWatch(
            ground,
            waiting.session_id,
            orders,
            policy=lambda: gate.conditions(waiting).requirements.watch_frames,
            most_s=lambda: conditions.wait_max_s,
        ),
    )
