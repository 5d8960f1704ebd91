"""What a person can tell a station to do, each with one clear meaning and an answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import PurePath

from agent.conditions import SunLimitError
from agent.errors import AgentError
from agent.events import Outcome, Reason, SessionBrief, Status
from agent.execute.orders import CAP, USER, Ending, EndKind, Hold
from agent.requests import Code, Command, Reply, Verb
from agent.schedule.waiting import Waiting
from agent.session.problems import BadValueError, InvalidSessionError
from agent.session.times import read_instant
from agent.station.as_waiting import imagined
from agent.station.by_hand import ByHand
from agent.station.replies import Accepted, done, refused, text_of
from agent.station.station import Station
from agent.station.switches import ARM_FIRST
from agent.store.model import StoredSession
from agent.telescope.errors import UnreachableError

_LOGGER = logging.getLogger(__name__)

NEED_ARMING = frozenset(
    {Verb.PARK, Verb.GOTO, Verb.NUDGE, Verb.FOCUS_STEP, Verb.AUTOFOCUS, Verb.CALIBRATE, Verb.ALIGN}
    | {Verb.SHUTDOWN, Verb.REBOOT}
)
"""Commands that move or power the telescope by hand; they work only while the controls are armed."""


class Commands:
    """Carries out commands on one station."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self.by_hand = ByHand(station)
        self._table: dict[Verb, Callable[[Command, Accepted], Awaitable[Reply]]] = {
            Verb.PAUSE: self._pause,
            Verb.RESUME: self._resume,
            Verb.SKIP: self._skip,
            Verb.ABORT: self._abort,
            Verb.END_NIGHT: self._end_night,
            Verb.STOP_AFTER_THIS: self._stop_after_this,
            Verb.RUN: self._run,
            Verb.REMOVE: self._remove,
            Verb.RESCHEDULE: self._reschedule,
            Verb.PRIORITIZE: self._prioritize,
            Verb.PARK: self.by_hand.park,
            Verb.GOTO: self.by_hand.goto,
            Verb.NUDGE: self.by_hand.nudge,
            Verb.FOCUS_STEP: self.by_hand.focus_step,
            Verb.AUTOFOCUS: self.by_hand.autofocus,
            Verb.CALIBRATE: self.by_hand.calibrate,
            Verb.ALIGN: self.by_hand.align,
            Verb.SHUTDOWN: self.by_hand.shutdown,
            Verb.REBOOT: self.by_hand.reboot,
            Verb.PROVISION: self.by_hand.provision,
        }

    async def carry_out(self, command: Command, accepted: Accepted) -> Reply:
        """Do what a command says and tell how it ended; never raises AgentError."""
        runner = self._table.get(command.verb)
        if runner is None:
            return refused(command, Code.NOT_ALLOWED, f"This telescope does not take {command.verb.value}.")
        if command.verb in NEED_ARMING and not self._station.switches.values.armed:
            return refused(
                command, Code.NOT_ARMED, f"{command.verb.value} needs the controls to be armed.", ARM_FIRST
            )
        if (word := text_of(command, "cause")) and word not in set(Reason):
            known = ", ".join(reason.value for reason in Reason)
            return refused(command, Code.INVALID, f"cause: there is no reason {word!r}.", f"One of: {known}.")
        _LOGGER.info("Command %s: %s", command.verb.value, command.reason or "no reason given")
        try:
            return await runner(command, accepted)
        except UnreachableError as error:
            return refused(command, Code.UNREACHABLE, error.message, error.hint)
        except SunLimitError as error:
            return refused(command, Code.NOT_ALLOWED, error.message, error.hint)
        except AgentError as error:
            return refused(command, Code.FAILED, error.message, error.hint)

    # -- the running session ----------------------------------------------------------------------------

    async def _pause(self, command: Command, accepted: Accepted) -> Reply:
        running = self._station.running
        if running is None:
            return refused(command, Code.NOT_RUNNING, "No session runs; there is nothing to pause.")
        cause = _cause(command)
        holder = _holder(cause)
        running.orders.pause(holder, Hold(cause, command.reason or _told(cause, "paused the session")))
        name = running.waiting.session_id
        accepted(f"Pausing session {name}.")
        status = self._station.status
        await self._until(
            lambda: (
                self._station.running is not running
                or holder not in running.orders.holders
                or status.status is Status.PAUSED
            )
        )
        return done(command, f"Session {name} is paused.")

    async def _resume(self, command: Command, _accepted: Accepted) -> Reply:
        running, cause = self._station.running, _cause(command)
        if running is not None and running.orders.hold is not None:
            # a person's own pause first: who takes that back has not said where the cap is
            for holder in _taken_back(cause, running.orders.holders):
                running.orders.resume(holder)
            name, hold = running.waiting.session_id, running.orders.hold
            if hold is None:
                return done(command, f"Session {name} goes on.")
            return done(command, f"Session {name} goes on by itself as soon as it may: {hold.message}")
        if self._station.resume_night():
            return done(command, "The night goes on.")
        waits = next((one.brief for one in self._station.dispatcher.queue if one.brief.note), None)
        more = f" Session {waits.session_id} waits: {waits.note}" if waits is not None else ""
        return refused(command, Code.NOT_RUNNING, f"Nothing is paused.{more}")

    async def _abort(self, command: Command, accepted: Accepted) -> Reply:
        running, name = self._station.running, _name(command)
        if running is not None and running.waiting.session_id in self._station.parents.mosaics.panes(name):
            dropping = asyncio.create_task(self._station.intake.drop_panes(name), name="other panes")
            try:
                return await self._end(command, accepted, EndKind.ABORT, "A person stopped the mosaic.")
            finally:
                await dropping
        if running is not None and running.waiting.session_id == self._station.parents.collecting.child_id(
            name
        ):
            await self._end(command, accepted, EndKind.ABORT, "A person stopped the session.")
            return await self._remove(command, accepted)
        if name and (running is None or running.waiting.session_id != name):
            return await self._remove(command, accepted)  # never another one than that which is named
        return await self._end(
            command, accepted, EndKind.ABORT, _told(_cause(command), "stopped the session")
        )

    async def _skip(self, command: Command, accepted: Accepted) -> Reply:
        return await self._end(command, accepted, EndKind.SKIP, _told(_cause(command), "skipped the session"))

    async def _end_night(self, command: Command, accepted: Accepted) -> Reply:
        cause = _cause(command)
        message = command.reason or _told(cause, "ended the night")
        self._station.end_night(cause, message)
        if self._station.running is None:
            return done(command, "Nothing starts before the next evening.")
        return await self._end(command, accepted, EndKind.END_NIGHT, message)

    async def _stop_after_this(self, command: Command, _accepted: Accepted) -> Reply:
        cause = _cause(command)
        message = command.reason or _told(cause, "wanted nothing more after this session")
        self._station.end_night(cause, message)
        running = self._station.running
        what = f"Session {running.waiting.session_id} is the last one." if running else "Nothing starts."
        return done(command, f"{what} The next evening is another night.")

    async def _end(self, command: Command, accepted: Accepted, kind: EndKind, message: str) -> Reply:
        running = self._station.running
        if running is None:
            if kind is EndKind.ABORT:
                return await self._halt(command, accepted, command.reason or message)
            return refused(command, Code.NOT_RUNNING, "No session runs.")
        running.orders.end(Ending(kind, _cause(command), command.reason or message))
        name = running.waiting.session_id
        accepted(f"Stopping session {name}.")
        hands = self._station.hands
        await self._until(lambda: self._station.running is not running and not hands.stopping)
        return done(command, f"Session {name} ended.")

    async def _halt(self, command: Command, accepted: Accepted, message: str) -> Reply:
        """Stop whatever the telescope does although no session of ours runs."""
        hands = self._station.hands
        hands.stop_all(USER, _cause(command), message)
        accepted("No session runs; stopping whatever the telescope does.")
        await self._until(lambda: not hands.stopping)
        return refused(command, Code.NOT_RUNNING, "No session runs.")

    async def _until(self, settled: Callable[[], bool]) -> None:
        """Wait until the telescope was seen to obey, however long that takes; nothing less is an answer."""
        while not settled():
            await self._station.clock.sleep(0.1)

    # -- the queue --------------------------------------------------------------------------------------

    async def _run(self, command: Command, _accepted: Accepted) -> Reply:
        name = _name(command)
        if not name:
            return refused(command, Code.INVALID, "run needs a session_id.")
        running, child = self._station.running, self._station.parents.collecting.child_id(name)
        if running is not None and running.waiting.session_id in (name, child):
            return refused(command, Code.BUSY, f"Session {name} runs already.")
        if self._station.parents.collecting.holds(name) and self._named(command) is None:
            self._station.parents.collecting.again(name)
            await self._station.intake.make()
        waiting = self._named(command)
        if waiting is None:
            return await self._run_draft(command, name)
        panes = self._station.parents.mosaics.panes(name)
        for pane in (*panes, *map(self._station.parents.collecting.child_id, panes)):
            if (other := self._station.dispatcher.find(pane)) is not None:
                self._station.dispatcher.put(replace(other, forced=True, rests_until=None))
        wanted = replace(waiting, forced=True, rests_until=None)
        self._station.dispatcher.put(wanted)
        if why := self._against(wanted):
            return done(command, f"Session {wanted.session_id} comes first, and cannot run now: {why}")
        return done(command, f"Session {wanted.session_id} runs as soon as the telescope is free.")

    async def _run_draft(self, command: Command, name: str) -> Reply:
        drafts = await asyncio.to_thread(self._station.store.drafts)
        wanted = {f"{name}.json", f"samples/{name}.json"}
        draft = next((draft for draft in drafts if draft.name in wanted), None)
        if draft is None:
            return refused(
                command, Code.UNKNOWN_SESSION, f"There is no session {name!r} in ToDo/ or the drafts."
            )
        intake, file_name = self._station.intake, PurePath(draft.name).name
        intake.wanted_now.add(file_name)
        try:
            path = await asyncio.to_thread(self._station.store.select, draft.name)
        except AgentError:
            intake.wanted_now.discard(file_name)
            raise
        if path.name != file_name:  # a file of that name waits already
            intake.wanted_now.add(path.name)
            intake.wanted_now.discard(file_name)
        if draft.document is not None:
            now = self._station.clock.now()
            waiting = imagined(path.stem, draft.document, self._station.zone, now)
            with contextlib.suppress(AgentError):  # the intake refuses it with its reasons
                if why := self._against(intake.planned(replace(waiting, forced=True))):
                    return done(command, f"{draft.name} is in ToDo/ now and cannot run yet: {why}")
        return done(command, f"{draft.name} is in ToDo/ now and runs as soon as the telescope is free.")

    def _against(self, waiting: Waiting) -> str:
        """What keeps a session that a person wants at once from running now, a sentence; "" for nothing."""
        station, now = self._station, self._station.clock.now()
        return station.gate.hindrance(waiting, now) or station.planning.objection(waiting, now)

    async def _remove(self, command: Command, _accepted: Accepted) -> Reply:
        parent = self._station.store.get(_name(command))
        if parent is not None and parent.document.repeat is not None:
            return await self._remove_parent(command, parent)
        if parent is not None and self._station.parents.mosaics.holds(parent.session_id):
            await self._station.intake.drop_panes(parent.session_id)
            return done(command, f"The panes of {parent.session_id} that did not run were removed.")
        if parent is not None and self._station.parents.collecting.holds(parent.session_id):
            message = command.reason or "A person removed the session."
            await self._station.intake.drop_goal(parent.session_id, message)
            return done(command, f"Session {parent.session_id} does not come back for its goal any more.")
        waiting = self._named(command)
        if waiting is None:
            return refused(command, Code.UNKNOWN_SESSION, "No such session waits.")
        self._station.dispatcher.drop(waiting.session_id)
        message = command.reason or "A person removed the session."
        await self._station.records.end_unrun(waiting.brief, Outcome.SKIPPED, Reason.USER, message)
        if waiting.resume and self._station.running is None:  # the telescope may still capture for it
            self._station.runner.leave_at_rest(Reason.USER, message)
        if command.reason:
            return done(command, f"Session {waiting.session_id} was removed: {command.reason}")
        return done(command, f"Session {waiting.session_id} was removed.")

    async def _remove_parent(self, command: Command, parent: StoredSession) -> Reply:
        await self._station.intake.drop_parent(parent.session_id)
        brief = SessionBrief(parent.session_id, parent.document.target)
        message = command.reason or "A person ended the repetition."
        await self._station.records.end_unrun(brief, Outcome.SKIPPED, Reason.USER, message)
        return done(command, f"Session {parent.session_id} repeats no more.")

    async def _reschedule(self, command: Command, _accepted: Accepted) -> Reply:
        waiting = self._named(command)
        if waiting is None:
            return refused(command, Code.UNKNOWN_SESSION, "No such session waits.")
        try:
            at = read_instant(text_of(command, "at"), self._station.zone).astimezone(self._station.zone)
        except BadValueError as error:
            return refused(command, Code.INVALID, f"at: {error.message}", error.hint)
        mosaic = self._station.parents.mosaics.holds(_name(command))
        session_id = _name(command) if mosaic else waiting.session_id
        stored = await asyncio.to_thread(self._station.store.reschedule, session_id, at)
        await self._station.intake.take_changed(stored, other_times=True)
        return done(command, f"Session {session_id} starts at {at.isoformat(timespec='minutes')}.")

    async def _prioritize(self, command: Command, _accepted: Accepted) -> Reply:
        waiting, priority = self._named(command), command.arguments.get("priority")
        if waiting is None:
            return refused(command, Code.UNKNOWN_SESSION, "No such session waits.")
        if isinstance(priority, bool) or not isinstance(priority, int | str):
            return refused(command, Code.INVALID, "priority must be a whole number; the higher goes first.")
        mosaic = self._station.parents.mosaics.holds(_name(command))
        session_id = _name(command) if mosaic else waiting.session_id
        try:
            stored = await asyncio.to_thread(self._station.store.prioritize, session_id, priority)
        except InvalidSessionError as error:
            return refused(command, Code.INVALID, error.message, error.hint)
        await self._station.intake.take_changed(stored, other_times=False)
        return done(command, f"Session {session_id} has priority {stored.document.id_command.priority}.")

    def _named(self, command: Command) -> Waiting | None:
        """The waiting session a command names; of one that comes back its next night, of a mosaic a pane."""
        name, station = _name(command), self._station
        panes = station.parents.mosaics.panes(name)
        others = (
            station.parents.repeats.child_id(name),
            *map(station.parents.collecting.child_id, (name, *panes)),
            *panes,
        )
        found = (station.dispatcher.find(one) for one in (name, *others))
        return next((waiting for waiting in found if waiting is not None), None)


def _cause(command: Command) -> Reason:
    """Why it is ordered: a person wants it, unless an automation says otherwise in `cause`."""
    return Reason(text_of(command, "cause") or Reason.USER)


def _told(cause: Reason, what: str) -> str:
    """The sentence for an order that came without one."""
    return f"A person {what}." if cause is Reason.USER else f"An automation {what}: {cause.value}."


def _holder(cause: Reason) -> str:
    """Who holds the session paused: each cause is taken back by itself, a person takes back all of them."""
    return USER if cause is Reason.USER else f"{USER}: {cause.value}"


def _taken_back(cause: Reason, holders: tuple[str, ...]) -> list[str]:
    """Whose pause an order to go on is about."""
    if cause is not Reason.USER:
        return [_holder(cause)]
    return [holder for holder in holders if holder.startswith(USER)] or [CAP]


def _name(command: Command) -> str:
    """The session a command is about, its file name with or without `.json`."""
    return (text_of(command, "session_id") or text_of(command, "file")).removesuffix(".json")
