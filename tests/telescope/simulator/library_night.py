"""Runs in the interpreter that has dwarf_python_api, in a directory of its own: a whole night, call by call.

Prints one JSON line a call: its name, what it returned, and how long it took. Not a test itself.
"""

from __future__ import annotations

import json
import os
import sys
import time

from dwarf_python_api.lib import dwarf_utils as library

FRAMES = 4
TARGET = ("M 42", 5.5881, -5.391)

CALLS = [
    ("perform_open_camera",),
    ("perform_open_widecamera",),
    ("perform_time",),
    ("perform_timezone",),
    ("perform_GoLive",),
    ("perform_powerOpenRGB",),
    ("perform_powerCloseRGB",),
    ("perform_powerIndOff",),
    ("perform_powerIndOn",),
    ("perform_update_camera_setting", "exposure", "1", "3"),
    ("perform_update_camera_setting", "gain", "60", "3"),
    ("perform_update_camera_setting", "IR", "1", "3"),
    ("perform_update_camera_setting", "binning", "0", "3"),
    ("perform_update_camera_setting", "fileFormat", "0", "3"),
    ("perform_update_camera_setting", "count", str(FRAMES), "3"),
    ("perform_update_camera_setting", "wide_exposure", "1/30", "3"),
    ("perform_update_camera_setting", "wide_gain", "60", "3"),
    ("perform_get_all_camera_setting",),
    ("perform_get_all_feature_camera_setting",),
    ("perform_get_all_camera_wide_setting",),
    ("perform_start_autofocus", True),
    ("perform_start_autofocus", False),
    ("start_polar_align",),
    ("perform_calibration",),
    ("perform_goto_stellar", 8, "Moon"),
    ("perform_stop_goto",),
    ("perform_goto", TARGET[1], TARGET[2], TARGET[0]),
    ("perform_takeAstroPhoto",),
    ("perform_waitEndAstroPhoto",),
    ("perform_GoLive",),
    ("perform_takeAstroPhoto",),
    ("perform_stopAstroPhoto",),
    ("perform_GoLive",),
    ("perform_takeAstroWidePhoto",),
    ("perform_stopAstroWidePhoto",),
    ("perform_GoLive",),
    ("perform_takePhoto",),
    ("perform_takeWidePhoto",),
    ("motor_action", 5),
    ("perform_powerdown",),
]


def main() -> None:
    for name, *arguments in CALLS:
        begun = time.monotonic()
        try:
            result = getattr(library, name)(*arguments)
        except Exception as error:
            result = f"raised {error!r}"
        line = {"call": name, "arguments": arguments, "result": result, "seconds": time.monotonic() - begun}
        sys.stderr.write("RESULT " + json.dumps(line, default=str) + "\n")
        sys.stderr.flush()
    library.perform_disconnect()
    os._exit(0)


if __name__ == "__main__":
    main()
