"""A session's folder as a project of Siril: the dark that fits its lights, and a script that stacks them.

The commands are those of Siril 1.2, of mosaics 1.4 (siril.readthedocs.io, Commands).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from statistics import median

from agent.archive.facts import seconds
from agent.archive.layout import LIGHTS, safe
from agent.telescope.card import CardFile
from agent.telescope.darks import FITS_WITHIN_C

SCRIPT = "stack.ssf"
DARKS = "darks"
FEWEST = 2  # lights that can be registered
_MASTER = re.compile(r"dark_exp_(\d+\.\d+)_gain_(\d+)_bin_(\d+)_(-?\d+)C_stack_(\d+)\.fits", re.IGNORECASE)
_WORDS = re.compile(r"[0-9A-Za-z]+")
_INDEX_TIME = "%d-%b-%Y %H:%M"
_CELSIUS = re.compile(r"_(-?\d{1,2})C\.[a-z]+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a dark has in common with its lights: seconds, displayed gain, pixels binned along a side."""

    exposure_s: float
    gain: int
    binning: int


@dataclass(frozen=True, slots=True)
class Master:
    """A stacked dark of the card; `celsius` is the sensor's temperature then."""

    file: CardFile
    settings: Settings
    celsius: int
    frames: int


def settings_of(note: Mapping[str, object]) -> Settings | None:
    """Read what the card notes of a capture (`shotsInfo.json`); None when it does not tell."""
    exposure, gain = seconds(note.get("exp")), str(note.get("gain"))
    binning = re.match(r"[1-4]", str(note.get("binning", "")))
    if exposure is None or not re.fullmatch(r"[0-9]{1,6}", gain) or binning is None:
        return None
    return Settings(exposure, int(gain), int(binning[0]))


def masters_folder(folder: str, *, wide: bool) -> str:
    """Return where the card keeps the darks of the camera that took the session in a folder of it."""
    return f"{folder.rstrip('/').rpartition('/')[0]}/CALI_FRAME/dark/cam_{int(wide)}"


def masters(files: Iterable[CardFile]) -> list[Master]:
    """Return the darks among these files, as their names tell."""
    found = []
    for file in files:
        if (match := _MASTER.fullmatch(file.path)) is not None:
            exposure, gain, binning, celsius, frames = match.groups()
            settings = Settings(float(exposure), int(gain), int(binning))
            found.append(Master(file, settings, int(celsius), int(frames)))
    return found


def fitting(found: Iterable[Master], settings: Settings, lights: Iterable[str]) -> Master | None:
    """Return the dark for lights of these names: of the nearest temperature, where they tell theirs."""
    told = [int(match[1]) for name in lights if (match := _CELSIUS.search(name)) is not None]
    celsius = median(told) if told else None
    alike = [one for one in found if one.settings == settings]
    if celsius is None:
        return max(alike, key=lambda one: one.frames, default=None)
    near = [one for one in alike if abs(one.celsius - celsius) <= FITS_WITHIN_C]
    return min(near, key=lambda one: (abs(one.celsius - celsius), -one.frames), default=None)


def kept_at(archive: Path, telescope: str, master: Master, *, wide: bool) -> Path:
    """Return where the archive keeps a dark: once for all sessions of a telescope.

    One that is taken anew has its name, and often its size: the time on the card tells them apart.
    """
    folder = archive / "calibration" / safe(telescope, "telescope") / "dark" / f"cam_{int(wide)}"
    name = PurePath(master.file.path)
    when = _when(master.file.modified)
    return folder / (f"{name.stem}_{when}{name.suffix}" if when else name)


def _when(modified: str) -> str:
    """The time of a file on the card as a part of a name, one that sorts where it is told as in an index."""
    with suppress(ValueError):
        return f"{datetime.strptime(modified, _INDEX_TIME):%Y%m%d-%H%M}"  # noqa: DTZ007 - the card tells no zone
    return "-".join(_WORDS.findall(modified))


def link(source: Path, folder: Path) -> Path:
    """Put a file into a folder as a link, or as a copy where the disk takes no links."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / source.name
    with suppress(FileNotFoundError):
        if path.samefile(source) or path.stat().st_size == source.stat().st_size:
            return path
        path.unlink()
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)
    return path


def script(target: str, lights: int, dark: str | None, *, mosaic: bool) -> str:
    """Return the script; `dark` is a file of the folder's `darks`.

    A mosaic's frames have too little in common to be aligned by their stars: each is solved.
    """
    calibrate = f"calibrate light -dark=../{DARKS}/{dark} -cc=dark -cfa -debayer" if dark else ""
    if mosaic:
        align = ["seqplatesolve pp_light -force -nocache", "seqapplyreg pp_light -framing=max"]
    else:
        align = ["register pp_light -2pass", "seqapplyreg pp_light"]
    overlap = " -maximize -overlap_norm" if mosaic else ""
    what = f"with {DARKS}/{dark}" if dark else "without a dark"
    told = "".join(letter for letter in target if letter.isprintable())
    return "\n".join(
        [
            f"# {told}: {lights} frames of {LIGHTS}/, {what}.",
            "# In Siril: make this folder the working directory and run the script, or outside of it",
            f"#   siril-cli -d . -s {SCRIPT}",
            "# The stack is result.fit beside it; process/ may be deleted afterwards.",
            f"requires {'1.4.0' if mosaic else '1.2.0'}",
            f"cd {LIGHTS}",
            "convert light -out=../process",
            "cd ../process",
            calibrate or "calibrate light -debayer",
            *align,
            f"stack r_pp_light rej 3 3 -norm=addscale{overlap} -output_norm -rgb_equal -out=../result",
            "cd ..",
            "close",
            "",
        ]
    )
