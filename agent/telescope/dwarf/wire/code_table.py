"""Every error code the public sources name. Two generations reuse some numbers; those stand apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.telescope.dwarf.wire.envelope import Generation


class Advice(StrEnum):
    """What an unattended agent should do with a code."""

    FINE = "fine"  # counts as success
    GO_ON = "go on"  # the telescope goes on; say so and go on too
    WAIT = "wait"  # something else runs: try the same again until it is over
    ENTER = "enter"  # the mode was lost or the camera closed: make it ready again, and try the same
    ENTER_ONCE = "enter once"  # the same, but what is refused again will not pass
    RETRY = "retry"  # may pass: try the step again after a pause
    STOP = "stop"  # will not pass by itself: tell the owner


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """One code: stable name for machines, half a sentence for people, remedy ("" when none), advice."""

    name: str
    sentence: str
    remedy: str
    advice: Advice


_FINE, _WARN, _RETRY, _STOP = Advice.FINE, Advice.GO_ON, Advice.RETRY, Advice.STOP
_BUSY_NOW, _ENTER, _ENTER_ONCE = Advice.WAIT, Advice.ENTER, Advice.ENTER_ONCE
_FREE_CARD = "free some space on the telescope, then start again"
_WAIT = "wait until it ends, or stop it"
_SKY = "check the sky, the focus and the exposure"
_RESTART = "restart the telescope"
_SEARCH = "run the full focus search first"
_ARM = "make sure that nothing blocks the arm"


def _same(codes: Iterable[int], meaning: DeviceCode) -> dict[int, DeviceCode]:
    return dict.fromkeys(codes, meaning)


def _restacking(sentence: str) -> DeviceCode:
    return DeviceCode("restacking", f"the telescope cannot restack these files: {sentence}", "", _STOP)


def _running(name: str, what: str) -> DeviceCode:
    return DeviceCode(f"{name}_running", f"{what} is running", _WAIT, _BUSY_NOW)


_EXPOSURE_TOO_LONG = DeviceCode(
    "exposure_too_long", "the exposure is too long for this", "choose a shorter exposure", _STOP
)
_FILE_ERROR = DeviceCode(
    "video_file", "the video could not be written", "check the telescope's storage", _STOP
)

_SCHEDULE: dict[int, DeviceCode] = {
    -16300: DeviceCode("schedule_other_device", "the schedule is for another telescope", "", _STOP),
    -16301: DeviceCode("schedule_duration", "a time of the schedule is no span of whole minutes", "", _STOP),
    -16302: DeviceCode(
        "schedule_conflict",
        "the telescope's own schedule has something else at that time",
        "choose another time, or delete the other schedule in the phone app",
        _STOP,
    ),
    -16305: DeviceCode("schedule_database", "the telescope cannot write its schedule", "", _RETRY),
    -16306: DeviceCode(
        "schedule_password", "the schedule is locked with a password", "unlock it there", _STOP
    ),
    -16307: DeviceCode("schedule_shooting", "the telescope carries that schedule out", _WAIT, _RETRY),
    -16308: DeviceCode("schedule_too_far", "the schedule begins in more than 12 hours", "wait", _RETRY),
    -16309: DeviceCode("schedule_busy", "the telescope is at work", _WAIT, _RETRY),
    -16310: DeviceCode("schedule_interrupted", "the telescope was switched off meanwhile", "", _RETRY),
    -16311: DeviceCode("schedule_unknown", "the telescope does not keep that schedule", "", _RETRY),
}

COMMON: dict[int, DeviceCode] = {
    -1: DeviceCode(
        "not_understood",
        "the telescope does not know this command, or not in its present mode",
        "update the telescope's firmware, or leave the mode it is in",
        _ENTER_ONCE,
    ),
    -2: DeviceCode("no_card", "there is no memory card", "insert a card", _STOP),
    -3: DeviceCode("bad_parameter", "a parameter is out of range", "check the session's values", _STOP),
    -4: DeviceCode("write_failed", "a file could not be written", "check the telescope's storage", _STOP),
    -5: DeviceCode(
        "not_activated", "the telescope was never activated", "activate it once with the phone app", _STOP
    ),
    -6: DeviceCode("card_full", "the storage is full", _FREE_CARD, _STOP),
    -10500: DeviceCode("tele_already_open", "the tele camera is open already", "", _FINE),
    -10501: DeviceCode("tele_closed", "the tele camera is closed", "", _ENTER),
    -10502: DeviceCode("setting_refused", "the image pipeline refused a setting", "", _RETRY),
    -11500: DeviceCode("plate_solving_failed", "plate solving failed", _SKY, _RETRY),
    -11501: DeviceCode("busy", "the astronomy module is busy", "finish or stop what it does", _BUSY_NOW),
    -11502: DeviceCode(
        "dark_gain", "darks need a gain from 40 to 150", "choose a gain from 40 to 150", _STOP
    ),
    -11503: DeviceCode("no_matching_dark", "there is no dark frame for these settings", "shoot darks", _WARN),
    -11504: DeviceCode("calibration_failed", "the calibration failed", _SKY, _RETRY),
    -11505: DeviceCode(
        "goto_failed",
        "the goto failed",
        "close the phone app, which may have left the telescope in another shooting mode; "
        "if it fails again, check that the target is above the horizon and the sky clear",
        _RETRY,
    ),
    -11506: _running("darks", "a series of darks"),
    -11507: _running("calibration", "a calibration"),
    -11508: _running("goto", "a goto"),
    -11509: _running("capture", "a capture"),
    -11510: DeviceCode("pitch_reset_failed", "the pitch motor did not find its home", _ARM, _RETRY),
    -11511: DeviceCode(
        "needs_calibration",
        "the telescope is not calibrated",
        "calibrate first, in the session or with `dwarf-agent calibrate`",
        _STOP,
    ),
    -11512: DeviceCode("goto_unsolved", "the goto found neither position nor solution", _SKY, _RETRY),
    -11513: DeviceCode(
        "needs_goto",
        "the telescope was not pointed at a target",
        'turn a goto on, or let the camera section say "without_goto": true',
        _WARN,
    ),
    -11514: DeviceCode(
        "adjust_exposure", "exposure or gain do not suit the sky", "change exposure or gain", _WARN
    ),
    -11515: DeviceCode("calibration_unsolved", "too many plate solutions failed", _SKY, _RETRY),
    -11516: DeviceCode(
        "eq_solving_failed",
        "the polar alignment could not be measured",
        "try again: the focus is set to infinity first; if it fails again, check the sky",
        _RETRY,
    ),
    -11517: DeviceCode("sky_search_failed", "the sky search failed", _SKY, _RETRY),
    -11518: DeviceCode(
        "needs_deep_sky_goto", "this needs a goto to a deep-sky target", "goto a deep-sky target first", _STOP
    ),
    -11519: _restacking("they are of different cameras"),
    -11520: _restacking("they differ in binning"),
    -11521: _restacking("they differ in filter"),
    -11522: _restacking("they are of different targets"),
    -11523: _restacking("there is no dark for them"),
    -11524: _restacking("it failed"),
    -11525: _restacking("they are not valid"),
    -11526: DeviceCode("over_exposed", "the picture is over-exposed", "choose a shorter exposure", _WARN),
    -11528: DeviceCode("needs_eq", "this needs equatorial mode", "align the telescope to the pole", _STOP),
    -11529: DeviceCode("too_few_stars", "there are too few stars", _SKY, _RETRY),
    -11530: DeviceCode(
        "dark_temperature", "the dark frames were taken at another temperature", "shoot darks", _WARN
    ),
    -11531: DeviceCode(
        "sun_moon_not_found",
        "Sun or Moon was not found",
        "take off the lens cap or open the cover, and point the telescope roughly at it by hand",
        _RETRY,
    ),
    -11532: DeviceCode(
        "guiding_exposure",
        "the telescope cannot follow at this exposure",
        "choose a shorter exposure",
        _RETRY,
    ),
    -11533: DeviceCode(
        "guiding_blocked",
        "the telescope lost the target: something blocks the view",
        "look for clouds, a roof or a tree before it, and dew or a cap on the lens",
        _RETRY,
    ),
    **_same((-10515, -11527, -12508, -15106), _EXPOSURE_TOO_LONG),
    -12500: DeviceCode("wide_already_open", "the wide camera is open already", "", _FINE),
    -12501: DeviceCode("wide_closed", "the wide camera is closed", "", _ENTER),
    -12502: DeviceCode("wide_missing", "the wide camera is missing", _RESTART, _RETRY),
    -12503: DeviceCode("wide_open_failed", "the wide camera did not open", _RESTART, _RETRY),
    -12504: DeviceCode("wide_close_failed", "the wide camera did not close", _RESTART, _RETRY),
    -12505: DeviceCode("wide_setting_refused", "the wide camera refused a setting", "", _RETRY),
    -12506: _running("wide_photo", "a photo of the wide camera"),
    -12507: _running("wide_time_lapse", "a time lapse of the wide camera"),
    -12509: _FILE_ERROR,
    -13300: DeviceCode("time_not_set", "the time could not be set", "", _RETRY),
    **_same((-13301, -13302), DeviceCode("zone_not_set", "the time zone could not be set", "", _RETRY)),
    **_same((-13800, -13801), DeviceCode("power_board", "the power board does not answer", "", _RETRY)),
    **_same(
        range(-14503, -14499), DeviceCode("motor_moves", "a motor moves, or stops just now", _WAIT, _BUSY_NOW)
    ),
    -14504: DeviceCode("motor_unknown", "there is no such motor", "", _STOP),
    **_same(range(-14509, -14504), DeviceCode("motor_order", "a motor cannot move like this", "", _STOP)),
    **_same(
        (-14510, -14511), DeviceCode("motor_no_home", "a motor did not find its home in time", _ARM, _RETRY)
    ),
    **_same(
        (-14512, -14513),
        DeviceCode(
            "motor_position", "a motor does not find its position", "unfold the arm, then try again", _RETRY
        ),
    ),
    **_same(
        (-14514, -14515), DeviceCode("motor_slow", "a motor did not stop or arrive in time", _ARM, _RETRY)
    ),
    **_same((-14516, -14517), DeviceCode("motor_speed", "a motor is at the limit of its speed", "", _RETRY)),
    **_same((-14518, -14523), DeviceCode("motor_near_limit", "a motor is near its limit", "", _WARN)),
    -14519: DeviceCode("motor_limit", "a motor is at its limit", "move it away from there", _STOP),
    -14520: DeviceCode("motor_needs_home", "a motor must find its home first", "", _RETRY),
    **_same((-14521, -14522), DeviceCode("motor_switch", "a motor does not feel its end", _ARM, _RETRY)),
    **_same(
        range(-14906, -14899), DeviceCode("object_tracking", "object tracking starts or failed", "", _RETRY)
    ),
    -15100: DeviceCode("focus_failed", "the focus search failed", _SKY, _RETRY),
    -15101: DeviceCode("fast_focus_failed", "the fast focus failed", _SEARCH, _RETRY),
    -15107: DeviceCode("no_infinity_position", "the infinity position is unknown", _SEARCH, _RETRY),
    -15108: DeviceCode("no_focus_position", "the focus position is unknown", _SEARCH, _RETRY),
    **_same(
        range(-15609, -15600), DeviceCode("panorama", "the panorama was not made or not sent", "", _RETRY)
    ),
    **_SCHEDULE,
    -15615: _running("panorama", "the making of a panorama"),
    -16600: DeviceCode("task_centre_busy", "the telescope changes its mode", "", _BUSY_NOW),
}

_BUSY = DeviceCode("camera_busy", "the camera is busy", _WAIT, _BUSY_NOW)
_OPEN_FAILED = DeviceCode("tele_open_failed", "the tele camera did not open", _RESTART, _RETRY)
_RAW_FAILED = DeviceCode("raw_failed", "the raw picture failed", "", _RETRY)

BY_GENERATION: dict[Generation, dict[int, DeviceCode]] = {
    Generation.V2: {
        -10504: _OPEN_FAILED,
        -10507: _running("capture", "a capture"),
        -10510: _RAW_FAILED,
        -10511: _BUSY,
    },
    Generation.V3: {
        -10503: _OPEN_FAILED,
        **_same((-10504, -10505), DeviceCode("video_failed", "a video did not start or stop", "", _RETRY)),
        **_same((-10506, -10508), _RAW_FAILED),
        -10507: _BUSY,
        -10509: _running("photo", "a photo"),
        -10510: _running("record", "a recording"),
        -10511: _running("panorama", "a panorama"),
        -10512: _running("time_lapse", "a time lapse"),
        -10513: _running("darks", "a series of darks"),
        -10514: _running("capture", "a capture"),
        -10516: DeviceCode("mode_not_switched", "the telescope did not change its mode", _RESTART, _ENTER),
        -10517: _running("tracking", "object tracking"),
        -10518: _FILE_ERROR,
    },
}
