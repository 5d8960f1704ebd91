"""The box around a telescope: power, telescope, lid open, work; park, lid closed, power off. Each is seen.

The telescope stands still while the lid is not seen open, by a wish to the hands. The lid is closed when
nothing needs it open, once the telescope is seen to be parked: closing is tried until it is seen, opening
three times.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from agent.events import (
    EnclosureChanged,
    Event,
    Lid,
    Reason,
    SafetyChanged,
    SafetyLevel,
    SessionEnded,
    SessionStarted,
)
from agent.goals import Level, Wish
from agent.settings.enclosure import EnclosureSettings
from agent.station.enclosure_moves import Moves, Tell
from agent.station.enclosure_problems import WORDS, Sight, no_mains, problem_of
from agent.station.enclosure_seen import HOLDER, Seen
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.night_over import Nights
from agent.station.status import StationStatus
from agent.station.switches import SwitchBoard
from agent.station.weather_goal import WeatherGoal
from agent.verdict import Verdict

UNHEARD_S = (
    20.0  # after a start, what shows the lid is heard by then; until then nothing begins or is stopped
)
EXPECTED_S = 900.0  # a session that was asked about keeps the power on for so long
POWER_S = 30.0  # a plug shows its state by then
LOOK_S = 30.0  # between two looks at what tells no change by itself
_PROBLEM = "enclosure"
_POWERED = "enclosure_powered"


class Enclosure:
    """Owner of what the box is to come to. `serve` is its one task; without a box it does nothing."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        status: StationStatus,
        weather: WeatherGoal,
        settings: EnclosureSettings,
        *,
        nights: Nights,
        switches: SwitchBoard,
    ) -> None:
        self._ground = ground
        self._clock = ground.clock
        self._hands = hands
        self._status = status
        self._weather = weather
        self._settings = settings
        self._nights = nights
        self._switches = switches
        self._changed = asyncio.Event()
        self.seen = Seen(ground.clock, frozenset(settings.seen()), self.look)
        self._moves = Moves(ground.clock, self._not_told, self.look)
        self._began: float | None = None
        self._wish: Wish | None = None
        self._running = False
        self._leaving = False  # the agent ends
        self._ended_at: float | None = None  # when the last session ended
        self._expected_until = 0.0  # a session that is due was asked about not long before
        self._was_open = False  # seen open since it is wanted open
        self._was_closed = False  # seen closed since it is wanted closed
        self._no_mains_since: float | None = None
        self._powered = ground.state.get(_POWERED) is True  # by us: what others switched on is theirs
        if settings.exists:
            ground.bus.subscribe(self._hear)
            switches.listen(lambda _: self.look())
        self._said: EnclosureChanged | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a box."""
        return self._settings.exists

    def use(self, tell: Tell) -> None:
        """Take what tells the parts to move."""
        self._moves = Moves(self._clock, tell, self.look)
        self.look()

    def _hear(self, event: Event) -> None:
        if event.telescope != self._ground.id:
            return
        match event:
            case SessionStarted():
                self._running = True
                self.look()
            case SessionEnded():
                self._running, self._ended_at = False, self._clock.monotonic()
                self.look()
            case SafetyChanged():
                self.look()

    def look(self) -> None:
        """What it depends on has changed."""
        self._changed.set()

    # -- what others ask --------------------------------------------------------------------------------

    def judge(self) -> Verdict | None:
        """Answer for a session that is due: no without mains, or before the lid was seen; None: it may begin.

        A session that begins waits for the lid by itself, held by the wish to the hands.
        """
        if not self.exists:
            return None
        self._expected_until = self._clock.monotonic() + EXPECTED_S
        self.look()
        if self._without_mains() is not None:
            return Verdict(False, Reason.MAINS, no_mains(self.seen.value("mains")))
        if self._settings.lid and not self.seen.heard:
            return Verdict(False, Reason.ENCLOSURE, "The lid has not been seen yet.")
        return None

    @property
    def unsafe(self) -> str:
        """Why nobody should move the telescope, as a sentence; "" when no lid is in its way."""
        if not self._settings.lid or self._open():
            return ""
        return f"The lid is {WORDS[self.seen.lid]}."

    # -- the task ---------------------------------------------------------------------------------------

    @property
    def leaves_it_open(self) -> bool:
        """Whether an agent that ends has the lid still to close, or to be told to."""
        away = not self._settings.lid or self.seen.lid is Lid.CLOSED or self._moves.told("lid", on=False)
        return self._leaving and not away

    def leave(self) -> None:
        """The agent ends: close what is open while there is time."""
        self._leaving = self.exists
        self.look()

    async def serve(self) -> None:
        """Work towards what is wanted of the box, for ever."""
        if not self.exists:
            return
        self._began = self._clock.monotonic()
        while True:
            self._changed.clear()
            wanted = self._wanted_open()
            self._hold(wanted)
            self._mind_the_mains()
            self._power(wanted)
            self._lid(wanted)
            self._heat()
            self._tell_people(wanted)
            await self._until_news()

    async def _until_news(self) -> None:
        waits = [LOOK_S, self.seen.bounces_for() or LOOK_S]
        if self._no_mains_since is not None or self._young() or self._moves.told("lid", on=True):
            waits.append(5.0)
        for part, lasts in (("lid", self._settings.lid_s), ("power", POWER_S)):
            left = self._moves.next_s(part, lasts)
            waits += [left] if left else []
        hands = asyncio.ensure_future(self._hands.changed())
        news = asyncio.ensure_future(self._changed.wait())
        try:
            async with self._clock.timeout(max(0.1, min(waits))):
                await asyncio.wait({hands, news}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return
        finally:
            hands.cancel()
            news.cancel()

    # -- what is wanted ---------------------------------------------------------------------------------

    def _wanted_open(self) -> bool:
        """Whether the lid is to be open: for work; never opened under a sky that is not known to be safe."""
        weather, is_open = self._weather, self._open()
        if self._leaving or self._mode == "closed" or (weather.holds if is_open else weather.unsafe):
            return False
        if self._mode == "open" or self._works():
            return True
        rests_s = self._clock.monotonic() - (self._ended_at or -self._settings.idle_min * 60)
        return is_open and self._expected() and rests_s < self._settings.idle_min * 60

    def _works(self) -> bool:
        """Whether a session runs, or is taken up again after a restart."""
        return self._running or any(waiting.resume for waiting in self._nights.left())

    def _expected(self) -> bool:
        """Whether a session is due, or will be soon."""
        soon = self._clock.now() + timedelta(minutes=self._settings.idle_min)
        dated = any(waiting.start is not None and waiting.start <= soon for waiting in self._nights.left())
        return self._works() or dated or self._clock.monotonic() < self._expected_until

    def _left_to_others(self, wanted: bool) -> bool:
        """Whether somebody else opened what we had closed: theirs, unless the weather wants it closed."""
        return not wanted and self._was_closed and not self._weather.holds and not self._leaving

    # -- what is done -----------------------------------------------------------------------------------

    def _hold(self, wanted: bool) -> None:
        """Keep the telescope still unless the lid is seen open and to stay so; parked before it closes."""
        lid, message = self.seen.lid, ""
        if not self._settings.lid:
            park = bool(self._settings.power) and self._powered and not self._expected()
            message = "Nothing more is due; the power is switched off." if park else ""
        elif self._open() and (wanted or self._left_to_others(wanted)):
            park = False
        elif not self.seen.heard and self._young():
            return
        else:
            park = not wanted and lid is not Lid.CLOSED
            message = "The lid is to be closed." if park else f"The lid is {WORDS[lid]}."
        wish = Wish(Level.SAFETY, Reason.ENCLOSURE, message, park=park, standing=True) if message else None
        if wish == self._wish:
            return
        self._wish = wish
        if wish is None:
            self._hands.withdraw(HOLDER)
        else:
            self._hands.want(HOLDER, wish)

    def _lid(self, wanted: bool) -> None:
        if not self._settings.lid:
            return
        lid, lasts = self.seen.lid, self._settings.lid_s
        if self._open() if wanted else lid is Lid.CLOSED:
            self._was_open, self._was_closed = wanted, not wanted
            if lid in (Lid.OPEN, Lid.CLOSED):
                self._moves.forget("lid")
        elif wanted:
            self._was_closed = False
            there = self._hands.linked or self._mode == "open"
            if not self._was_open and there and lid in (Lid.CLOSED, Lid.BETWEEN):
                self._moves.towards("lid", True, lasts)
        elif not self._left_to_others(wanted) and (self.seen.heard or not self._young()):
            self._was_open = False
            self._close(lasts)

    def _close(self, lasts: float) -> None:
        """Close it once the telescope is seen to be parked; in an alert at once, if the owner chose that."""
        decision = self._weather.decision
        alert = self._weather.holds and decision is not None and decision.level is SafetyLevel.ALERT
        if self._hands.parked or (alert and self._settings.lid_first):
            self._moves.towards("lid", False, lasts)

    def _power(self, wanted: bool) -> None:
        if not self._settings.power:
            return
        needed = wanted or self._expected()
        if not needed and not (self._powered and self._may_lose_power()):
            return  # what others switched on is theirs to switch off
        shown, on = "power_on" in self._settings.seen(), self.seen.value("power_on")
        answers = needed and on is None and self._hands.linked  # so it has power, whatever shows it or not
        there = on is needed or answers if shown else self._moves.told("power", needed)
        if not there:
            if on is False or not shown:
                self._remember_power(True)
            self._moves.towards("power", needed, POWER_S)
        elif shown:
            self._moves.forget("power")
        if there and not needed:
            self._remember_power(False)

    def _remember_power(self, ours: bool) -> None:
        if ours is not self._powered:
            self._powered = ours
            self._ground.state.set(**{_POWERED: ours})

    def _may_lose_power(self) -> bool:
        """Whether the telescope is parked, and the lid closed."""
        closed = not self._settings.lid or self.seen.lid is Lid.CLOSED
        return closed and self._hands.parked and not self._hands.capturing

    def _heat(self) -> None:
        if not self._settings.heater:
            return
        asked = self.seen.value("heater_when") if self._settings.heater_when else True
        wanted = bool(asked) and self._works() and (self._open() or not self._settings.lid)
        if not self._moves.told("heater", wanted) and (wanted or self._moves.told("heater", True)):
            self._moves.towards("heater", wanted, POWER_S)

    # -- mains ------------------------------------------------------------------------------------------

    def _without_mains(self) -> float | None:
        """For how many seconds there has been no mains power; None: there is."""
        since = self._no_mains_since
        return None if since is None else self._clock.monotonic() - since

    def _mind_the_mains(self) -> None:
        """End the night when mains power was away for long; what tells of it and is silent counts as none."""
        mains = self.seen.value("mains")
        if not self._settings.mains or mains or (mains is None and self._young()):
            self._no_mains_since = None
            return
        if self._no_mains_since is None:
            self._no_mains_since = self._clock.monotonic()
        if (self._without_mains() or 0.0) >= self._settings.mains_min * 60:
            self._nights.end_now(Reason.MAINS, no_mains(mains))

    # -- what people read -------------------------------------------------------------------------------

    def _tell_people(self, wanted: bool) -> None:
        problem = problem_of(self._sight(wanted))
        self._status.problem(_PROBLEM, problem)
        said = EnclosureChanged(
            telescope=self._ground.id,
            at=self._clock.now(),
            lid=self.seen.lid if self._settings.lid else None,
            wanted_open=wanted,
            power=self.seen.value("power_on"),
            mains=self.seen.value("mains"),
            heater=self._moves.told("heater", True) if self._settings.heater else None,
            message=problem.message if problem is not None else "",
        )
        if self._said is None or replace(said, at=self._said.at) != self._said:
            self._said = said
            self._ground.bus.publish(said)

    def say_again(self) -> None:
        """Publish the current truth for listeners that came late."""
        if self._said is not None:
            self._ground.bus.publish(self._said)

    def _sight(self, wanted: bool) -> Sight:
        lid = self.seen.lid if self._settings.lid else None
        if lid is Lid.UNKNOWN and self._young():
            lid = None
        closes = not wanted and lid not in (None, Lid.CLOSED) and not self._left_to_others(wanted)
        away = "" if self._hands.linked else "it does not answer"
        lasted = self._without_mains()
        return Sight(
            lid,
            wanted,
            moved_by_others=(wanted and self._was_open and not self._open())
            or (self._left_to_others(wanted) and lid is not Lid.CLOSED),
            unparked=(self._hands.trouble() or away).rstrip(".") if closes and not self._hands.parked else "",
            lid_trouble=self._moves.trouble("lid", self._settings.lid_s),
            power_trouble=self._moves.trouble("power", POWER_S),
            mains=self.seen.value("mains"),
            mains_left_s=None if lasted is None else max(0.0, self._settings.mains_min * 60 - lasted),
        )

    @property
    def _mode(self) -> str:
        return self._switches.values.enclosure

    def _open(self) -> bool:
        too_soon = self._moves.opens_for_s() < self._settings.lid_least_s
        return not too_soon and (self.seen.lid is Lid.OPEN or self.seen.bounces_for() > 0)

    def _young(self) -> bool:
        return self._began is None or self._clock.monotonic() - self._began < UNHEARD_S

    async def _not_told(self, part: str, on: bool) -> None:
        """Before there is anything that tells the parts."""
