"""What a person moves, powers or sets on a telescope by hand, while no session runs."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial

from agent.capabilities import Camera
from agent.conditions import ConditionSet
from agent.errors import AgentError
from agent.events import Reason, Status
from agent.execute.orders import USER
from agent.execute.steps.camera import settings_of
from agent.goals import Level, PreemptedError
from agent.requests import Code, Command, Reply
from agent.session.coordinates import parse_dec, parse_ra
from agent.session.plan import StepKind
from agent.session.problems import BadValueError
from agent.session.recipe import calibration_recipe
from agent.sky.altitudes import CIVIL
from agent.sky.catalogue import resolve
from agent.sky.ephemeris import fixed, sun
from agent.station.gate import SessionGuard
from agent.station.hands import Work
from agent.station.replies import Accepted, done, refused, text_of
from agent.station.station import Station
from agent.targets import SkyTarget, Target
from agent.telescope.errors import CommandTimeoutError, UnreachableError
from agent.telescope.interface import CameraSettings, EqError, Telescope

MOST_STEPS = 20  # of the focus, at once
_LONG = 10  # digits; Python refuses to read thousands
_FOCUS = ("near", "far")
NUDGE_S, LEAST_NUDGE_S, MOST_NUDGE_S = 0.5, 0.1, 2.0
_DIRECTIONS = {"right": 0.0, "up": 90.0, "left": 180.0, "down": 270.0}


class ByHand:
    """Carries out what moves one station's telescope without a session; raises AgentError."""

    def __init__(self, station: Station) -> None:
        self._station = station

    async def park(self, command: Command, accepted: Accepted) -> Reply:
        """Stop and fold the telescope."""
        return await self._by_hand(
            command, accepted, self._station.hands.park, lambda: "The telescope is parked."
        )

    async def shutdown(self, command: Command, accepted: Accepted) -> Reply:
        """Stop the telescope and switch it off."""
        return await self._by_hand(
            command, accepted, self._station.hands.switch_off, lambda: "The telescope is switched off."
        )

    async def reboot(self, command: Command, accepted: Accepted) -> Reply:
        """Restart the telescope."""

        async def reboot(telescope: Telescope) -> None:
            await telescope.take_control()
            await telescope.reboot()

        perform = partial(self._station.hands.perform, Level.SAFETY, reboot)
        return await self._by_hand(command, accepted, perform, lambda: "The telescope is restarting.")

    async def provision(self, command: Command, accepted: Accepted) -> Reply:
        """Bring the telescope into the Wi-Fi over Bluetooth."""
        if self._station.bluetooth is None:
            hint = "Set bluetooth_enabled, and the Wi-Fi's name and password, in the configuration."
            return refused(
                command, Code.NOT_ALLOWED, "Bluetooth is not switched on in the configuration.", hint
            )
        return await self._station.bluetooth.on_command(command, accepted)

    async def goto(self, command: Command, accepted: Accepted) -> Reply:
        """Point at a target and follow it, unless the Sun, the weather or somebody's wish forbids it."""
        try:
            target = _target(command)
        except BadValueError as error:
            hint = error.hint or "Give target, or ra in hours and dec in degrees."
            return refused(command, Code.INVALID, f"goto: {error.message}", hint)
        conditions = ConditionSet.of(self._station.defaults())
        sun_filter = command.arguments.get("sun_filter") is True
        guard = SessionGuard(conditions, self._station.site, self._station.clock, sun_filter=sun_filter)

        async def go(telescope: Telescope) -> None:
            guard.permit(target, seconds=None)  # nobody knows for how long it will be followed
            site = self._station.site
            await telescope.goto(fixed(target, self._station.clock.now(), site), site)

        return await self._if_safe(
            command, accepted, go, lambda: f"The telescope is pointing at {target.name}."
        )

    async def nudge(self, command: Command, accepted: Accepted) -> Reply:
        """Turn for a moment in the dark; what is not heard to stop is stopped until it is."""
        direction = text_of(command, "direction").lower()
        if direction not in _DIRECTIONS:
            return refused(
                command, Code.INVALID, f"nudge: direction must be one of {', '.join(_DIRECTIONS)}."
            )
        seconds = _seconds(command.arguments.get("seconds", NUDGE_S))
        if seconds is None:
            message = f"nudge: seconds must be a number from {LEAST_NUDGE_S:g} to {MOST_NUDGE_S:g}."
            return refused(command, Code.INVALID, message)
        if bright := self._too_bright(command):
            return bright

        async def turn(telescope: Telescope) -> None:
            await telescope.take_control()
            await telescope.nudge(_DIRECTIONS[direction], seconds)

        try:
            told = f"The telescope was turned {direction} for {seconds:g} s."
            return await self._if_safe(command, accepted, turn, lambda: told)
        except (UnreachableError, CommandTimeoutError):
            self._station.hands.stop_all(USER, Reason.USER, "Nothing was heard of the end of a turn by hand.")
            raise

    async def autofocus(self, command: Command, accepted: Accepted) -> Reply:
        """Search the focus on stars."""

        async def focus(telescope: Telescope) -> None:
            await telescope.auto_focus()

        return await self._if_safe(
            command, accepted, focus, lambda: "The telescope is in focus.", moves=False
        )

    async def focus_step(self, command: Command, accepted: Accepted) -> Reply:
        """Turn the focus a little; an earlier focus counts for nothing then."""
        direction = text_of(command, "direction").lower()
        if direction not in _FOCUS:
            message = f"focus_step: direction must be one of {', '.join(_FOCUS)}."
            return refused(command, Code.INVALID, message)
        steps = _steps(command.arguments.get("steps", 1))
        if steps is None:
            message = f"focus_step: steps must be a whole number from 1 to {MOST_STEPS}."
            return refused(command, Code.INVALID, message)
        hands, clock = self._station.hands, self._station.clock

        async def turn(telescope: Telescope) -> None:
            hands.alignment.focused(StepKind.AUTO_FOCUS, clock.now(), None)
            await telescope.focus_step(near=direction == "near", steps=steps)

        told = f"The focus was turned {direction} by {steps}."
        return await self._if_safe(command, accepted, turn, lambda: told, moves=False)

    async def calibrate(self, command: Command, accepted: Accepted) -> Reply:
        """Find out where it points, with the recipe of the sessions, in the dark."""
        if bright := self._too_bright(command):
            return bright

        async def solve(telescope: Telescope) -> None:
            await self._ready_to_solve(telescope)
            await telescope.calibrate(self._station.site)

        return await self._if_safe(command, accepted, solve, lambda: "The telescope is calibrated.")

    async def align(self, command: Command, accepted: Accepted) -> Reply:
        """Measure the polar alignment in the dark, and say which way to turn the mount, and how far."""
        if bright := self._too_bright(command):
            return bright
        found: list[EqError] = []

        async def measure(telescope: Telescope) -> None:
            await self._ready_to_solve(telescope)
            found.append(await telescope.solve_eq(self._station.site))

        return await self._if_safe(command, accepted, measure, lambda: found[0].words)

    async def _ready_to_solve(self, telescope: Telescope) -> None:
        """Stand still, with the camera set to see stars."""
        choice, _ = calibration_recipe(telescope.capabilities)
        await telescope.apply(choice.camera, settings_of(choice))
        await telescope.stop_goto()

    def _too_bright(self, command: Command) -> Reply | None:
        """Refuse to look for stars by day: nobody knows then how near the Sun the telescope looks."""
        site = self._station.site
        if site is None:
            hint = "Set latitude and longitude in the configuration."
            return refused(command, Code.NOT_ALLOWED, "Nobody said where the telescope stands.", hint)
        height = sun(site, self._station.clock.now()).altitude
        if height < CIVIL:
            return None
        message = f"It is not dark: the Sun is at {height:.0f}°, and stars show below {CIVIL:.0f}°."
        return refused(command, Code.NOT_ALLOWED, message)

    async def _if_safe(
        self,
        command: Command,
        accepted: Accepted,
        work: Work[None],
        result: Callable[[], str],
        *,
        moves: bool = True,
    ) -> Reply:
        """Perform work unless the weather or somebody's wish forbids it."""
        unsafe = self._station.weather_goal.unsafe or self._station.enclosure.unsafe
        wish = self._station.hands.hold(Level.PERSON)
        if unsafe or wish is not None:
            why = unsafe or (wish.message if wish is not None else "")
            return refused(command, Code.NOT_ALLOWED, f"The telescope is not moved while it is unsafe: {why}")

        async def in_the_light(telescope: Telescope) -> None:
            await telescope.take_control()
            await self._station.darks.stop(telescope)
            await work(telescope)

        perform = partial(self._station.hands.perform, Level.PERSON, in_the_light, moves=moves, wait=False)
        return await self._by_hand(command, accepted, perform, result)

    async def set_filter(self, name: str) -> Reply:
        """Turn the tele camera's filter now; a session sets its own. AgentError when that fails."""
        station = self._station
        capabilities = station.capabilities()
        offered = capabilities.cameras[Camera.TELE].filters if capabilities is not None else ()
        chosen = next((each for each in offered if each.name.lower() == name.lower()), None)
        if chosen is None:
            hint = "One of: " + ", ".join(each.name for each in offered) if offered else ""
            return Reply(False, Code.INVALID, f"There is no filter {name!r}.", hint=hint)
        if station.running is not None:
            return Reply(False, Code.BUSY, "A session runs; it sets its own filter.")
        value = chosen.value

        async def turn(telescope: Telescope) -> None:
            await telescope.take_control()
            await station.darks.stop(telescope)
            await telescope.apply(Camera.TELE, CameraSettings(filter=value))

        station.sharing.used()
        await station.hands.perform(Level.SAFETY, turn, moves=False)
        station.switches.change(filter=chosen.name)
        return Reply(True, Code.DONE, f"The filter is {chosen.name}.")

    async def _by_hand(
        self,
        command: Command,
        accepted: Accepted,
        act: Callable[[], Awaitable[None]],
        result: Callable[[], str],
    ) -> Reply:
        station = self._station
        if station.dispatcher.running is not None:
            return refused(command, Code.BUSY, "A session runs.", "Abort it first.")
        if station.hands.taken:
            return refused(
                command, Code.BUSY, "Another command is being carried out.", "Wait for its answer."
            )
        accepted(f"{command.verb.value}: begun.")
        station.hands.taken = True
        station.status.say(Status.SLEWING, step=command.verb.value, reason=Reason.USER)
        try:
            await act()
        except PreemptedError as error:
            return refused(command, Code.NOT_ALLOWED, f"The telescope was stopped: {error.message}")
        finally:
            station.hands.taken = False
            station.status.manual_done()
            station.dispatcher.kick()
            station.sharing.used()
        return done(command, result())


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value) if isinstance(value, str | int | float) and value is not True else math.nan
    except ValueError:
        return None
    return seconds if LEAST_NUDGE_S <= seconds <= MOST_NUDGE_S else None


def _steps(value: object) -> int | None:
    text = str(value).strip() if isinstance(value, str | int) and value is not True else ""
    short = text.isdecimal() and len(text) < _LONG
    return int(text) if short and 1 <= int(text) <= MOST_STEPS else None


def _named(name: str) -> Target:
    """Return the target of a name ("M 31") or of coordinates ("5.59 -5.39", "05:35:17, -05:23:28")."""
    try:
        return resolve(name)
    except AgentError:
        parts = name.replace(",", " ").split()
        if len(parts) != 2:
            raise
        try:
            return SkyTarget("the coordinates", parse_ra(parts[0]), parse_dec(parts[1]))
        except BadValueError:
            pass
        raise


def _target(command: Command) -> Target:
    name = text_of(command, "target")
    ra, dec = command.arguments.get("ra"), command.arguments.get("dec")
    if ra is None and dec is None and name:
        return _named(name)
    return SkyTarget(name or "the coordinates", parse_ra(ra), parse_dec(dec))
