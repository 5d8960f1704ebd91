# ruff: noqa: DTZ003, DTZ005 - as the library does
"""The functions the driver calls, each played from the script."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from . import websockets_utils as sockets

OK = [("result", "OK", 0)]
STARTED = {"perform_takeAstroPhoto": "", "perform_takeAstroWidePhoto": "Wide"}
STOPPED = {"perform_stopAstroPhoto": "", "perform_stopAstroWidePhoto": "Wide"}


def __getattr__(name):
    if not name.startswith(("perform_", "set_", "unset_", "stop_", "motor_")):
        raise AttributeError(name)

    def function(*args):
        default = OK
        if name in STARTED:
            wide = STARTED[name]
            setattr(sockets.client_instance, f"Astro{wide}Capture", True)
            default = [("set", f"take{wide}PhotoStarted", True), *OK]
        elif name in STOPPED:
            default = [("state", STOPPED[name], "stopped"), *OK]
        return sockets.carry_out(name, args, default)

    return function


def perform_getstatus():
    return sockets.carry_out("perform_getstatus", (), [])  # never ends


def perform_waitEndAstroWidePhoto(noretry=False):
    return retry  # noqa: F821 - as the library has it


def perform_time():
    now, utc = datetime.now(), datetime.utcnow()
    args = (int(time.time()), (now - utc).total_seconds() / 3600)
    return sockets.carry_out("perform_time", args, OK)


def perform_goto_stellar(number, name):
    return sockets.carry_out("perform_goto_stellar", (number, name, Path("config.ini").read_text()), OK)


def start_polar_align():
    sockets.carry_out("start_polar_align", (), OK)
    return 0


def perform_disconnect():
    sockets.journal(call="disconnect")
