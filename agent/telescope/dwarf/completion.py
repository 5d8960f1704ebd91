"""When a long command is done: one completion a command, fed with its answer and every notification.

The answer alone never means "finished": depending on the firmware it comes at once or at the very end.
What the telescope reports decides; an answer that names an error fails, however late it comes. A note is
no error: it tells of a warning, or of a missed plate solution of a calibration, and the command goes on.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from agent.capabilities import Camera
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.requests import Answered
from agent.telescope.dwarf.proto import astro_pb2, common_pb2
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.codes import CodeKind
from agent.telescope.dwarf.wire.envelope import decode
from agent.telescope.dwarf.wire.notifications import Notification, State
from agent.telescope.dwarf.wire.texts import same_text
from agent.telescope.errors import CommandTimeoutError, HeldByOtherError, ProtocolError, TransientError
from agent.telescope.interface import EqError

_LOGGER = logging.getLogger(__name__)

Judge = Callable[[int, str], CodeKind]
Query = Callable[[], Awaitable[Snapshot | None]]

_WORKING = (State.RUNNING, State.PLATE_SOLVING)
_OVER = (State.IDLE, State.STOPPED)
_HALF_TURN = 180.0  # degrees


class Completion(ABC):
    """Decides over one command. `patience` replaces the usual limit for news when set, in seconds."""

    def __init__(self, doing: str, judge: Judge, limits: Limits) -> None:
        self.doing = doing
        self.done = False
        self.patience: float | None = None
        self.answered = False
        self._calibrating = False
        self._judge = judge
        self._limits = limits

    @abstractmethod
    def see(self, event: Notification | Answered) -> bool:
        """Take in an event; True when it was about this command. May set `done`, or raise."""

    async def silent(self, seconds: float) -> None:
        """Nothing came for that long: set `done`, set another patience, or raise."""
        raise CommandTimeoutError(f"{self.doing}: the telescope said nothing for {seconds:.0f} s.")

    def _answer(self, event: Answered) -> CodeKind:
        return self._weigh(decode(common_pb2.ComResponse, event.data).code)

    def _weigh(self, code: int) -> CodeKind:
        """Judge an answer's code; a note (WARNING) leaves the command unanswered."""
        if self._calibrating and code == codes.PLATE_SOLVING_FAILED:
            _LOGGER.info("%s: a plate solution was missed; the calibration goes on", self.doing)
            return CodeKind.WARNING
        kind = self._judge(code, self.doing)
        self.answered = self.answered or kind is CodeKind.DONE
        return kind


class CalibrationCompletion(Completion):
    """15210 runs, solves and ends; newer firmware adds 15256 on success. A left-over end is ignored."""

    def __init__(self, doing: str, judge: Judge, limits: Limits, *, wants_result: bool, query: Query) -> None:
        super().__init__(doing, judge, limits)
        self._wants_result = wants_result
        self._query = query
        self._calibrating = True
        self._ended = False
        self._confirmed = False  # answered with success after it ran
        self._missed = False  # the last plate solution, and no other was begun since
        self.ran = False

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                self._hear(self._answer(event))
            case say.CalibrationStep(state=state) if state in _WORKING:
                self.ran = True
                self._ended = self._missed = False
                self.patience = None
            case say.CalibrationStep(state=state) if state in _OVER and self.ran:
                self._ended = True
                self.done = self._confirmed
                # An answer that names a failure may still follow, or the result.
                self.patience = self._limits.state_check if self._wants_result else self._limits.settle
            case say.CalibrationDone() if self._wants_result and (self.ran or self.answered):
                self.done = True
            case say.CalibrationStep() | say.BodyMode() | say.Waiting():
                pass
            case _:
                return False
        return True

    def _weigh(self, code: int) -> CodeKind:
        kind = super()._weigh(code)
        self._missed = self._missed or code == codes.PLATE_SOLVING_FAILED
        return kind

    def _hear(self, kind: CodeKind) -> None:
        if kind is CodeKind.DONE:
            self._confirmed = self.ran
            self.done = self._ended
        elif not self._ended:
            self.ran = True
            self.patience = None

    async def silent(self, seconds: float) -> None:
        if self._ended and not self._wants_result and not self._missed:
            self.done = True
            return
        if self._wants_result and (self._ended or self.answered):
            snapshot = await self._query()
            if snapshot is not None and snapshot.calibrated and self.ran:
                self.done = True
                return
        if self._missed:
            self._judge(codes.PLATE_SOLVING_FAILED, self.doing)
        if self._ended:
            raise TransientError(
                f"{self.doing} ended without a result.",
                code="calibration_failed",
                hint="Check the sky, the focus and the exposure.",
            )
        await super().silent(seconds)


class GotoCompletion(Completion):
    """15212 (or its one-click and Sun/Moon forms) runs with exactly the name that was sent."""

    def __init__(
        self, doing: str, judge: Judge, limits: Limits, *, name: str, any_name: bool, query: Query
    ) -> None:
        super().__init__(doing, judge, limits)
        self._name = name
        self._any_name = any_name
        self._query = query
        self._asked = False
        self._ran = False
        self._tracks = False

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                if self._answer(event) is CodeKind.DONE:
                    self.done = self._tracks
            case say.GotoStep(state=state) if state in _WORKING:
                self._ran = True
                self._calibrating = self._asked = False
                self.patience = None
            case say.GotoStep(state=state) if state in _OVER and self._ran:
                self.patience = self._limits.tracking
            case say.Tracking(state=State.RUNNING, name=name):
                ours = same_text(name, self._name) or ((self._any_name or not name) and self._ran)
                self._tracks = ours or self._tracks
                # Before a goto runs or is answered, this is an older one to the same target.
                self.done = ours and (self._ran or self.answered)
                return ours
            case say.CalibrationStep(state=state):  # a goto may calibrate on its way
                self._calibrating = state in _WORKING
            case say.GotoStep() | say.Waiting():
                pass
            case _:
                return False
        return True

    async def silent(self, seconds: float) -> None:
        if self.patience is not None and not self._asked:
            self._asked = True
            self.patience = self._limits.settle
            await self._query()  # what it tracks comes as if it had been told
            return
        if self.patience is not None:
            raise TransientError(
                f"{self.doing} ended, but the telescope does not track the target.",
                code="goto_failed",
                hint="Check that the target is above the horizon and the sky clear.",
            )
        await super().silent(seconds)


class FocusCompletion(Completion):
    """Older firmware answers at the end. Newer firmware may answer at once; then the states decide."""

    def __init__(self, doing: str, judge: Judge, limits: Limits, *, states: bool, query: Query) -> None:
        super().__init__(doing, judge, limits)
        self._states = states
        self._query = query
        self._ran = False
        self._ended = False

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                if self._answer(event) is CodeKind.DONE:
                    self.done = self._ended or not self._states
                    if not self._ran:
                        self.patience = self._limits.focus_states
            case say.FocusRun(state=State.RUNNING):
                self._ran = True
                self.patience = None
            case say.FocusRun(state=state) if state in _OVER and self._ran:
                self._ended = True
                self.done = self.answered
                self.patience = self._limits.settle
            case say.FocusAt() | say.FocusRun():
                pass
            case _:
                return False
        return True

    async def silent(self, seconds: float) -> None:
        if self._ended:
            self.done = True
            return
        if self.answered:
            snapshot = await self._query()
            if snapshot is not None and snapshot.focusing is False:
                self.done = True
                return
            if snapshot is not None and snapshot.focusing:
                self._ran = True
                self.patience = self._limits.state_check
                return
        await super().silent(seconds)


class EqCompletion(Completion):
    """The answer brings both errors, or the code of the failure."""

    def __init__(self, doing: str, judge: Judge, limits: Limits) -> None:
        super().__init__(doing, judge, limits)
        self.error: EqError | None = None

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                answer = decode(astro_pb2.SolveEqAnswer, event.data)
                if self._weigh(answer.code) is not CodeKind.DONE:
                    return True
                if not (abs(answer.azi_err) <= _HALF_TURN and abs(answer.alt_err) <= _HALF_TURN):
                    raise ProtocolError("The polar alignment was measured as no angle.")
                self.error = EqError(azimuth=answer.azi_err, altitude=answer.alt_err)
                self.done = True
            case say.CalibrationStep(state=state):
                self._calibrating = state in _WORKING
            case say.EqStep() | say.FocusRun() | say.Waiting():
                pass
            case _:
                return False
        return True


class CaptureStartCompletion(Completion):
    """The shutter is open when the state says so, or frames are counted.

    `refused` is set when it stays closed after a mere warning, whose code is `warning`. `holds`: without
    fitting darks it does.
    """

    def __init__(
        self,
        doing: str,
        judge: Judge,
        limits: Limits,
        *,
        camera: Camera,
        query: Query,
        holds: bool = False,
    ) -> None:
        super().__init__(doing, judge, limits)
        self._camera = camera
        self._query = query
        self._holds = holds
        self.warning = 0
        self.refused = False

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                if self._answer(event) is CodeKind.WARNING:
                    self.warning = decode(common_pb2.ComResponse, event.data).code
                held = self._holds and self.warning in codes.NO_FITTING_DARKS
                self.patience = self._limits.settle if held else self._limits.state_check
            case say.CaptureState(camera=self._camera, state=State.RUNNING):
                self.done = True
            case say.CaptureCount(camera=self._camera):
                self.done = True
            case _:
                return False
        return True

    async def silent(self, seconds: float) -> None:  # noqa: ARG002 - only the total limit ends it
        snapshot = await self._query()
        if snapshot is not None and snapshot.capturing.get(self._camera):
            self.done = True
            return
        self.refused = self.done = bool(self.warning)


class CaptureStopCompletion(Completion):
    """The capture is closed when the state says so, or when the telescope, asked, captures nothing.

    `unheard` is set as well when it goes on and shows no sign of stopping: the stop has to be asked again.
    """

    def __init__(self, doing: str, judge: Judge, limits: Limits, *, camera: Camera, query: Query) -> None:
        super().__init__(doing, judge, limits)
        self._camera = camera
        self._query = query
        self._stopping = False
        self.unheard = False
        self.patience = limits.stop_heard

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                self.answered = True  # its code does not matter: whether anything still runs does
                self.patience = self._limits.settle
            case say.CaptureState(camera=self._camera, state=state):
                self.done = state in _OVER
                self._stopping = state == State.STOPPING
                self.patience = self._limits.state_check if self._stopping else self._limits.stop_heard
            case _:  # frames are counted until it hears the stop
                return False
        return True

    async def silent(self, seconds: float) -> None:
        snapshot = await self._query()
        running = snapshot.capturing.get(self._camera) if snapshot is not None else None
        if running is False:
            self.done = True
        elif not self._stopping and seconds >= self._limits.stop_heard:
            self.done = self.unheard = True
        self.patience = self._limits.state_check if self._stopping else self._limits.stop_heard


class GoLiveCompletion(Completion):
    """15208 (or 15236) is idle. A telescope with nothing to finish may just answer, or not understand.

    With `query` it may also say nothing, if it then says that it captures nothing.
    """

    def __init__(self, doing: str, judge: Judge, limits: Limits, *, query: Query | None = None) -> None:
        super().__init__(doing, judge, limits)
        self._query = query
        self.patience = limits.stop if query is not None else None

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                code = decode(common_pb2.ComResponse, event.data).code
                if code != codes.NOT_UNDERSTOOD:
                    self._judge(code, self.doing)
                self.answered = True
                self.patience = self._limits.settle
            case say.CaptureState(state=State.IDLE):
                self.done = True
            case _:
                return False
        return True

    async def silent(self, seconds: float) -> None:
        if not self.answered:
            snapshot = await self._query() if self._query is not None else None
            if snapshot is None or any(snapshot.capturing.values()):
                await super().silent(seconds)
        self.done = True


class SettingCompletion(Completion):
    """The answer; or, where that stays away, the telescope's own word that the parameter has this value.

    One known to be `mute` is not waited for longer: whether it took the value has to be read back.
    """

    def expect(self, number: int, value: int, *, mute: bool) -> None:
        """Name the parameter that is set."""
        self._wanted, self._mute, self._told = (number, value), mute, False
        self.patience = self._limits.probe if mute else None

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case Answered():
                self._answer(event)
                self.done = True
            case say.ParamEcho() if (event.param_id, event.value) == self._wanted:
                self._told = True
                self.done = self._mute
                # The answer comes right after; taken for the next setting's, it would say nothing about that.
                self.patience = self._limits.probe
            case _:
                return False
        return True

    async def silent(self, seconds: float) -> None:
        if not (self._told or self._mute):
            await super().silent(seconds)
        self.done = True


class LockCompletion(Completion):
    """The lock is ours when the host mode says so, or the answer does; newest firmware may say nothing.

    With `held` it was ours before: then nothing changes, and nothing but an answer is to be expected.
    """

    held: bool = False

    def see(self, event: Notification | Answered) -> bool:
        match event:
            case say.HostMode(host=False):
                raise HeldByOtherError(
                    "Another client controls the telescope.",
                    hint="Close the phone app, or wait until it lets go.",
                )
            case say.HostMode():
                self.done = True
            case Answered():
                code = decode(common_pb2.ComResponse, event.data).code
                if code not in (codes.OK, codes.NOT_UNDERSTOOD):
                    raise HeldByOtherError(
                        f"The telescope does not hand over control ({code}).",
                        hint="Close the phone app, or wait until it lets go.",
                        device_code=code,
                    )
                self.done = self.held
                self.patience = self._limits.settle
            case _:
                return False
        return True

    async def silent(self, seconds: float) -> None:  # noqa: ARG002 - silence is consent
        self.done = True
