"""A check: one question to the telescope, what asking it needs, and what a good answer makes safe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Any

from agent.clock import Clock
from agent.sky.ephemeris import sun
from agent.targets import Site
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.first_light.finding import Finding
from agent.telescope.first_light.line import Line, Place
from agent.telescope.first_light.owner import Owner

_DARK_BELOW = -8.0  # degrees of the Sun: stars are seen, and no goto ends in the Sun


class Need(Flag):
    """What a check needs beside the connection."""

    NOTHING = 0
    COVERED = auto()  # the lens is covered
    MOVES = auto()  # the mount moves: told, and asked for each time
    CLEAR_SKY = auto()  # outside, at night, lens open


class Feature(StrEnum):
    """What an owner wants to use, in plain words."""

    CONNECTING = "connecting, and telling which telescope it is"
    SHARING = "living beside the phone app"
    SETTINGS = "setting exposure, gain, filter and number of frames"
    BINNING = "choosing 4k or 2k frames"
    FOCUS = "focusing on infinity"
    DEEP_SKY = "captures of the deep sky"
    WIDE = "captures with the wide camera"
    STOPPING = "stopping a capture"
    RETURNING = "taking up a capture again after the Wi-Fi was gone"
    COUNTING = "counting frames from the album"
    FILES = "fetching the files of a capture"
    STREAMS = "live pictures"
    BATTERY = "guarding the battery"
    CALIBRATION = "calibration"
    GOTO = "going to a target"
    SOLAR_SYSTEM = "Sun, Moon and planets"
    POLAR_ALIGNMENT = "polar alignment"
    PARKING = "folding the telescope away"
    OWN_SCHEDULE = "the telescope's own schedule, and going on when the agent dies"


@dataclass(slots=True)
class Bench:
    """What a check works with. `model` is the nearest known one where the telescope's is not `described`."""

    line: Line
    http: DwarfHttp
    place: Place
    owner: Owner
    clock: Clock
    site: Site | None = None
    model: str = "D3"
    described: bool = True

    def dark(self) -> bool:
        """Whether it is known to be night here."""
        return self.site is not None and sun(self.site, self.clock.now()).altitude < _DARK_BELOW


@dataclass(frozen=True, slots=True)
class Check:
    """One question. `belief` is what this project expects; `run` asks and says what came."""

    name: str
    question: str
    belief: str
    features: tuple[Feature, ...]
    run: Callable[[Bench], Awaitable[Finding]]
    needs: Need = Need.NOTHING
    moves: str = ""  # how the mount will move

    @property
    def outside(self) -> bool:
        """Whether it needs the sky."""
        return Need.CLEAR_SKY in self.needs


def check(
    question: str,
    *features: Feature,
    belief: str,
    needs: Need = Need.NOTHING,
    moves: str = "",
) -> Callable[[Callable[[Bench], Awaitable[Finding]]], Check]:
    """Make a check of a function; its name, with dashes, is the check's name."""

    def make(run: Callable[[Bench], Awaitable[Finding]]) -> Check:
        given: Any = run
        name = str(given.__name__).replace("_", "-")
        return Check(name, question, belief, features, run, needs, moves)

    return make
