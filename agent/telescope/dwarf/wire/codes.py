"""The telescope's error codes: what each means, what to do, and which kind of error it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.telescope.dwarf.wire import code_table
from agent.telescope.dwarf.wire.code_table import Advice, DeviceCode
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.errors import RefusedError, TelescopeError, TransientError

OK = 0
NOT_UNDERSTOOD = -1
BAD_PARAMETER = -3
NOT_ACTIVATED = -5
TELE_CLOSED = -10501
WIDE_CLOSED = -12501
PLATE_SOLVING_FAILED = -11500
ASTRO_BUSY = -11501
DARK_GAIN = -11502
NO_MATCHING_DARK = -11503
CALIBRATION_RUNNING = -11507
GOTO_FAILED = -11505
NEEDS_GOTO = -11513
ADJUST_EXPOSURE = -11514
EQ_SOLVING_FAILED = -11516
DARK_TEMPERATURE = -11530
SCHEDULE_UNKNOWN = -16311
PITCH_RESET_FAILED = -11510
MOTOR_NEEDS_HOME = -14520

MOTOR_HOMELESS = frozenset({PITCH_RESET_FAILED, MOTOR_NEEDS_HOME})
NO_FITTING_DARKS = frozenset({NO_MATCHING_DARK, DARK_TEMPERATURE})
_PASSES = (Advice.WAIT, Advice.ENTER, Advice.RETRY)


class CodeKind(StrEnum):
    """What an answer's code means for the command that got it."""

    DONE = "done"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Family:
    numbers: range
    name: str
    sentence: str


# Where the table has no line for a code, its module is still known from the number.
_FAMILIES = (
    _Family(range(-10599, -10499), "tele_camera", "the tele camera reports a problem"),
    _Family(range(-11599, -11499), "astro", "the astronomy module reports a problem"),
    _Family(range(-12599, -12499), "wide_camera", "the wide camera reports a problem"),
    _Family(range(-13399, -13299), "system", "the system module reports a problem"),
    _Family(range(-13899, -13799), "power_board", "the power board reports a problem"),
    _Family(range(-14599, -14499), "motor", "a motor reports a problem"),
    _Family(range(-14999, -14899), "object_tracking", "object tracking reports a problem"),
    _Family(range(-15199, -15099), "focus", "the focus module reports a problem"),
    _Family(range(-15699, -15599), "panorama", "the panorama module reports a problem"),
    _Family(range(-16399, -16299), "schedule", "the telescope's own schedule reports a problem"),
    _Family(range(-16699, -16599), "task_centre", "the task centre reports a problem"),
)


def describe(code: int, generation: Generation = Generation.V3) -> DeviceCode:
    """Explain a code as that firmware generation means it; unknown codes get their module's name."""
    if code == OK:
        return DeviceCode("ok", "all is well", "", Advice.FINE)
    special = code_table.BY_GENERATION[generation].get(code)
    if special is not None:
        return special
    known = code_table.COMMON.get(code)
    if known is not None:
        return known
    for family in _FAMILIES:
        if code in family.numbers:
            return DeviceCode(family.name, family.sentence, "", Advice.RETRY)
    return DeviceCode("unknown_code", "the telescope gives a code nobody knows", "", Advice.STOP)


def advising(*advice: Advice) -> frozenset[int]:
    """Return the codes of either generation with one of these advices."""
    tables = (code_table.COMMON, *code_table.BY_GENERATION.values())
    return frozenset(code for table in tables for code, meaning in table.items() if meaning.advice in advice)


def code_kind(code: int, generation: Generation = Generation.V3) -> CodeKind:
    """Tell whether a code is success, a warning that lets the command go on, or failure."""
    advice = describe(code, generation).advice
    if advice is Advice.FINE:
        return CodeKind.DONE
    return CodeKind.WARNING if advice is Advice.GO_ON else CodeKind.FAILED


def error_for(code: int, doing: str, generation: Generation = Generation.V3) -> TelescopeError:
    """Return the error that says what to do next. `doing` begins the sentence ("Goto M 31")."""
    meaning = describe(code, generation)
    kind = TransientError if meaning.advice in _PASSES else RefusedError
    hint = meaning.remedy
    return kind(
        f"{doing}: {meaning.sentence} ({code}).",
        code=meaning.name,
        hint=hint[:1].upper() + hint[1:] + "." if hint else "",
        device_code=code,
    )
