"""Module and command numbers, with names. Where V3 firmware dropped or added one, the comment says so."""

from __future__ import annotations

from enum import IntEnum


class Module(IntEnum):
    """The telescope's modules; a command belongs to exactly one."""

    TELE = 1
    WIDE = 2
    ASTRO = 3
    SYSTEM = 4
    POWER = 5
    MOTOR = 6
    TRACK = 7
    FOCUS = 8
    NOTIFY = 9
    PANORAMA = 10
    TIPS = 11
    SCHEDULE = 13
    TASK = 14  # V3
    PARAM = 15  # V3
    VOICE = 16  # V3
    HOUSEKEEPING = 17  # V3


_RANGES = (
    (range(10000, 10500), Module.TELE),
    (range(11000, 11500), Module.ASTRO),
    (range(12000, 12500), Module.WIDE),
    (range(13000, 13300), Module.SYSTEM),
    (range(13500, 13800), Module.POWER),
    (range(14000, 14500), Module.MOTOR),
    (range(14800, 14900), Module.TRACK),
    (range(15000, 15200), Module.FOCUS),
    (range(15200, 15500), Module.NOTIFY),
    (range(15500, 15600), Module.PANORAMA),
    (range(15700, 15800), Module.TIPS),
    (range(16100, 16400), Module.SCHEDULE),
    (range(16400, 16600), Module.TASK),
    (range(16700, 16800), Module.PARAM),
    (range(16800, 16900), Module.VOICE),
    (range(17000, 17100), Module.HOUSEKEEPING),
)


class Cmd(IntEnum):
    """Commands this driver sends."""

    TELE_OPEN = 10000  # V2
    TELE_SET_EXPOSURE_MODE = 10007  # V2
    TELE_SET_EXPOSURE = 10009  # V2
    TELE_SET_GAIN_MODE = 10011  # V2
    TELE_SET_GAIN = 10013  # V2
    TELE_SET_FILTER = 10031  # V2
    TELE_GET_ALL = 10036  # V2; V3 does not answer
    TELE_SET_FEATURE = 10037  # V2
    TELE_GET_FEATURES = 10038  # V2; V3 does not answer
    WORKING_STATE = 10039  # V2
    TELE_PREVIEW = 10050  # V3

    WIDE_OPEN = 12000  # V2
    WIDE_SET_EXPOSURE_MODE = 12002  # V2
    WIDE_SET_EXPOSURE = 12004  # V2
    WIDE_SET_GAIN = 12006  # V2
    WIDE_GET_ALL = 12027  # V2
    WIDE_PREVIEW = 12036  # V3

    CALIBRATE = 11000
    STOP_CALIBRATION = 11001
    GOTO_DEEP_SKY = 11002
    GOTO_SOLAR_SYSTEM = 11003
    STOP_GOTO = 11004
    START_CAPTURE = 11005
    STOP_CAPTURE = 11006
    GO_LIVE = 11010
    START_WIDE_CAPTURE = 11016
    STOP_WIDE_CAPTURE = 11017
    SOLVE_EQ = 11018
    STOP_EQ = 11019
    GO_LIVE_WIDE = 11020  # V2; V3 does not answer
    TAKE_DARKS = 11021
    STOP_DARKS = 11022
    LIST_DARKS = 11023
    TAKE_WIDE_DARKS = 11025
    STOP_WIDE_DARKS = 11026
    LIST_WIDE_DARKS = 11027
    START_MOSAIC = 11031  # V3
    FAST_STOP_CAPTURE = 11037
    FAST_STOP_WIDE_CAPTURE = 11038
    GO_ON_WITHOUT_DARKS = 11050  # V3

    SET_TIME = 13000
    SET_TIME_ZONE = 13001
    MASTER_LOCK = 13004
    SET_LOCATION = 13010  # V3

    POWER_DOWN = 13502
    REBOOT = 13505

    MOTOR_RUN_TO = 14001
    MOTOR_STOP = 14002
    MOTOR_RESET = 14003
    JOYSTICK = 14006
    STOP_JOYSTICK = 14008

    FOCUS_STEP = 15001
    ASTRO_AUTO_FOCUS = 15004
    STOP_ASTRO_AUTO_FOCUS = 15005

    SYNC_SCHEDULE = 16100  # V3, like the rest of this module
    CANCEL_SCHEDULE = 16101
    GET_SCHEDULES = 16102
    DELETE_SCHEDULE = 16108

    SWITCH_SHOOTING_MODE = 16402  # V3
    SWITCH_TECHNIQUE = 16403  # V3
    ENTER_CAMERA = 16404  # V3
    DEVICE_STATE = 16405  # V3

    SET_PARAM_EXPOSURE = 16700  # V3
    SET_PARAM_GAIN = 16701  # V3
    SET_PARAM_INT = 16703  # V3


def module_of(cmd: int) -> int:
    """Return the module a command number belongs to; 0 for numbers nobody knows."""
    return next((int(module) for numbers, module in _RANGES if cmd in numbers), 0)


def name_of(cmd: int) -> str:
    """Return a readable name for logs: "GOTO_DEEP_SKY (11002)", or the bare number."""
    try:
        return f"{Cmd(cmd).name} ({cmd})"
    except ValueError:
        return str(cmd)
