"""Faults as inputs: what can go wrong with a telescope, on purpose.

A fault is written as text (`drop-link:frame=2,refuse_s=10`), as JSON (`{"fault": "drop-link", "frame": 2}`)
or built as an object. An *event* happens once: at once, `after_s` seconds after it was given, when a capture
has taken `frame` frames, or when `command` arrives. A *rule* changes behaviour, for `times` uses (0: until
it is removed).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import ClassVar

from agent.errors import AgentError


class FaultError(AgentError):
    """A fault that cannot be read."""

    code = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Root of all faults. `name` is the text form, `help` one line for people."""

    name: ClassVar[str] = ""
    help: ClassVar[str] = ""

    def to_json(self) -> dict[str, object]:
        """Return the JSON form; `fault_from_json` reads it."""
        return {
            "fault": self.name,
            **{key: value for key, value in asdict(self).items() if value is not None},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleFault(Fault):
    """Happens once, at its trigger; without any trigger at once."""

    frame: int | None = None
    command: int | None = None
    after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingFault(Fault):
    """Holds for `times` uses, 0 until it is removed; `command` restricts it to one command number."""

    times: int = 0
    command: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLink(SingleFault):
    name = "drop-link"
    help = "cut every connection without a goodbye, and refuse new ones for refuse_s seconds"
    refuse_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfOpen(SingleFault):
    name = "half-open"
    help = "stop reading and answering on open connections while TCP stays up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot(SingleFault):
    name = "reboot"
    help = "restart the telescope; captures and calibration are lost; back after down_s seconds"
    down_s: float = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOff(SingleFault):
    name = "power-off"
    help = "switch the telescope off; it stays away"
    announced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFull(SingleFault):
    name = "storage-full"
    help = "leave available_gb on the card; a running capture ends when it cannot write"
    available_gb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LowBattery(SingleFault):
    name = "low-battery"
    help = "leave percent in the battery, off the charger"
    percent: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheating(SingleFault):
    name = "overheating"
    help = "heat the body to temperature_c; the telescope switches itself off at 60 °C"
    temperature_c: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeControl(SingleFault):
    name = "take-control"
    help = "another client takes the master lock for for_s seconds (0: until it is cleared)"
    for_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsEarly(LastingFault):
    name = "ends-early"
    help = "a capture ends by itself after at frames"
    at: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverEnds(LastingFault):
    name = "never-ends"
    help = "a capture stops making progress after at frames (0: after its last) and never says it ended"
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StacksFewer(LastingFault):
    name = "stacks-fewer"
    help = "every n-th frame is taken but not stacked"
    every: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCounts(LastingFault):
    name = "wrong-counts"
    help = "a capture tells of frames taken and stacked that it does not have"
    frames: int = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyAlbum(LastingFault):
    name = "empty-album"
    help = "the album lists nothing, whatever is on the card"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowAnswers(LastingFault):
    name = "slow-answers"
    help = "answers come seconds late"
    seconds: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer(LastingFault):
    name = "no-answer"
    help = "requests are carried out but never answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deaf(LastingFault):
    name = "deaf"
    help = "requests are neither carried out nor answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateAnswers(LastingFault):
    name = "duplicate-answers"
    help = "every answer is sent copies times; the copies come later_s seconds after"
    copies: int = 2
    later_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateNotifications(LastingFault):
    name = "duplicate-notifications"
    help = "every notification is sent twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class GarbledFrames(LastingFault):
    name = "garbled-frames"
    help = "frames leave with some bits flipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedFrames(LastingFault):
    name = "truncated-frames"
    help = "frames leave cut in half"


@dataclass(frozen=True, slots=True, kw_only=True)
class CutNames(LastingFault):
    name = "cut-names"
    help = "names of targets are cut off after so many bytes, be it in the middle of a letter"
    after: int = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNotifications(LastingFault):
    name = "unknown-notifications"
    help = "each notification is preceded by one no client knows"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPong(LastingFault):
    name = "no-pong"
    help = "text pings are not answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy(LastingFault):
    name = "busy"
    help = "astro commands are refused with -11501"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCode(LastingFault):
    name = "answer-code"
    help = "requests are refused with the given code and not carried out"
    code: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaveMode(LastingFault):
    name = "slave-mode"
    help = "clients are told they are slaves and never get the lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupied(LastingFault):
    name = "occupied"
    help = "new connections are closed with code 4409"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseConnection(LastingFault):
    name = "refuse-connection"
    help = "new connections are cut before the WebSocket handshake ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class GotoFails(LastingFault):
    name = "goto-fails"
    help = "a goto fails with the given code; late: only after the slew"
    code: int = -11505
    late: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvingFails(LastingFault):
    name = "solving-fails"
    help = "plate solving finds nothing, in goto, calibration and polar alignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearLimit(LastingFault):
    name = "near-limit"
    help = "a calibration answers -14518 on its way, and goes on"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFails(LastingFault):
    name = "calibration-fails"
    help = "a calibration fails with the given code"
    code: int = -11504


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusFails(LastingFault):
    name = "focus-fails"
    help = "auto focus fails with the given code"
    code: int = -15100


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFails(LastingFault):
    name = "capture-fails"
    help = "a capture is refused with the given code"
    code: int = -11514


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingIgnored(LastingFault):
    name = "setting-ignored"
    help = "a setting (exposure, gain, filter, binning, count …) is answered but keeps its old value"
    setting: str = "exposure"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFault(LastingFault):
    """About the files of the card whose path contains `path`, case and all; "" for every file."""

    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCut(CardFault):
    name = "card-cut"
    help = "the connection breaks after so many bytes of a file"
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CardShort(CardFault):
    name = "card-short"
    help = "a file comes without its last bytes, and no header says so"
    by: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChanges(CardFault):
    name = "card-changes"
    help = "a file is written anew after so many bytes of it were sent, and the connection breaks"
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMissing(CardFault):
    name = "card-missing"
    help = "a file that the index lists is not there"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSlow(CardFault):
    name = "card-slow"
    help = "files come at so many bytes a second"
    bytes_per_s: int = 1000


def _leaves(kind: type[Fault]) -> list[type[Fault]]:
    found = [kind] if kind.name else []
    for child in kind.__subclasses__():
        found += _leaves(child)
    return found


FAULTS: dict[str, type[Fault]] = {kind.name: kind for kind in _leaves(Fault)}


def parse_fault(text: str) -> Fault:
    """Read `name` or `name:key=value,key=value`; FaultError says what is wrong and what is known."""
    name, _, rest = text.strip().partition(":")
    values: dict[str, object] = {}
    for part in filter(None, (piece.strip() for piece in rest.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            raise FaultError(f"In fault '{text}': '{part}' is not key=value.")
        values[key.strip().replace("-", "_")] = value.strip()
    return _build(name.strip().replace("_", "-"), values, f"fault '{text}'")


def fault_from_json(value: object) -> Fault:
    """Read a fault from its JSON form, or from its text form given as a JSON string."""
    if isinstance(value, str):
        return parse_fault(value)
    if not isinstance(value, Mapping) or not isinstance(value.get("fault"), str):
        raise FaultError('A fault is a text or an object with the key "fault" naming it.')
    rest = {str(key): one for key, one in value.items() if key != "fault"}
    return _build(str(value["fault"]).replace("_", "-"), rest, f"fault '{value['fault']}'")


def _build(name: str, values: Mapping[str, object], place: str) -> Fault:
    kind = FAULTS.get(name)
    if kind is None:
        raise FaultError(f"There is no {place}.", hint=f"Known: {', '.join(sorted(FAULTS))}.")
    hints = typing.get_type_hints(kind)
    known = [field.name for field in fields(kind)]
    given: dict[str, object] = {}
    for key, value in values.items():
        if key not in known:
            raise FaultError(
                f"In {place}: unknown '{key}'.", hint=f"It takes {', '.join(known) or 'nothing'}."
            )
        given[key] = _typed(hints[key], value, key, place)
    missing = [one.name for one in fields(kind) if one.default is MISSING and one.name not in given]
    if missing:
        raise FaultError(f"In {place}: '{missing[0]}' is needed.")
    return kind(**given)


def _typed(hint: object, value: object, key: str, place: str) -> object:
    wanted = hint
    if isinstance(hint, types.UnionType):
        wanted = next(one for one in typing.get_args(hint) if one is not type(None))
    text = str(value).strip().lower()
    if wanted is str:
        return str(value)
    if wanted is bool:
        if text not in ("true", "false", "yes", "no", "1", "0"):
            raise FaultError(f"In {place}: {key} is true or false, not '{value}'.")
        return text in ("true", "yes", "1")
    try:
        number = int(text) if wanted is int else float(text)
    except ValueError:
        kind = "a whole number" if wanted is int else "a number"
        raise FaultError(f"In {place}: {key} is {kind}, not '{value}'.") from None
    if number < 0 and key != "code":
        raise FaultError(f"In {place}: {key} is not below 0.")
    if number != number or number in (float("inf"), float("-inf")):
        raise FaultError(f"In {place}: {key} is a finite number.")
    return number
