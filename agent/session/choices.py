"""What a session asks of a camera, matched against what the telescope model offers. Nothing is guessed."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from typing import TypeVar

from agent.capabilities import Binning, Camera, CameraCapabilities, Capabilities, Exposure, Filter
from agent.mosaics import MOST_PER_PANE, NO_ROTATION, WHOLE, Mosaic
from agent.session.numbers import is_number_text, read_number, shown
from agent.session.problems import BadValueError
from agent.session.sections import CameraSetup

P = TypeVar("P", Filter, Binning)
F = TypeVar("F")

_SAME_SECONDS = 1e-3  # relative: 0.0333 is 1/30, 0.4 is not 0.5


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """Settings of one capture, each existing on the model; None leaves the telescope's setting alone.

    Of a mosaic, `count` is the frames of all its panes.
    """

    camera: Camera
    exposure: Exposure | None = None
    gain: int | None = None
    filter: Filter | None = None
    binning: Binning | None = None
    format: str | None = None
    count: int = 0
    mosaic: Mosaic | None = None


def find_exposure(offered: tuple[Exposure, ...], wish: str | float) -> Exposure:
    """Return the exposure with that name or those seconds; BadValueError names the two nearest."""
    if isinstance(wish, str):
        for exposure in offered:
            if exposure.name == wish:
                return exposure
    seconds = exposure_seconds(wish)
    if seconds is None:
        raise BadValueError(
            f"{shown(wish)} is not an exposure.",
            hint=f"Offered are {_span(offered)}.",
            code="unknown_exposure",
        )
    for exposure in offered:
        if isclose(exposure.seconds, seconds, rel_tol=_SAME_SECONDS):
            return exposure
    raise BadValueError(
        f"There is no exposure of {shown(wish)} s.",
        hint=_nearest_exposures(offered, seconds),
        code="unknown_exposure",
    )


def nearest_exposure(offered: tuple[Exposure, ...], seconds: float) -> Exposure:
    """Return the offered exposure nearest to that many seconds."""
    return min(offered, key=lambda exposure: abs(exposure.seconds - seconds))


def find_gain(offered: tuple[int, ...], wish: int) -> int:
    """Return the gain when the camera has it; BadValueError names the two nearest."""
    if wish in offered:
        return wish
    gains = sorted(offered)
    place = bisect_left(gains, wish)
    near = " or ".join(str(gain) for gain in gains[max(0, place - 1) : place + 1])
    raise BadValueError(f"There is no gain {wish}.", hint=f"The nearest is {near}.", code="unknown_gain")


def find_position(offered: tuple[P, ...], wish: str | int, what: str) -> P:
    """Return the filter or binning with that value or name; BadValueError lists what there is."""
    for position in offered:
        if wish == position.value or (isinstance(wish, str) and _plain(wish) == _plain(position.name)):
            return position
    there = ", ".join(f"{position.value} ({position.name})" for position in offered)
    raise BadValueError(
        f"There is no {what} {shown(wish)}.", hint=f"There are {there}.", code=f"unknown_{what}"
    )


def find_format(offered: tuple[str, ...], wish: str) -> str:
    """Return the file format as the camera names it."""
    for name in offered:
        if name.casefold() == wish.casefold():
            return name
    raise BadValueError(
        f"There is no format {shown(wish)}.", hint=f"There are {', '.join(offered)}.", code="unknown_format"
    )


def find_count(offered: CameraCapabilities, wish: int | None, *, until_end: bool = False) -> int:
    """Return the number of frames when the camera can take that many; it must be given.

    With an end time (`until_end`) 0, or nothing, means as many as come until then.
    """
    if until_end and not wish:
        return 0
    if wish is None:
        raise BadValueError(
            "count is missing.",
            hint="Without it nobody can tell whether the session succeeded.",
            code="missing",
        )
    if not offered.min_count <= wish <= offered.max_count:
        raise BadValueError(
            f"count {wish} is not between {offered.min_count} and {offered.max_count}.",
            hint="" if wish else "0 needs an end_time beside it: as many frames as come until then.",
            code="out_of_range",
        )
    return wish


def find_mosaic(setup: CameraSetup) -> Mosaic:
    """Return the mosaic that is ordered; BadValueError, with its key, for one that is not fully told."""
    for key, value in (("framingX", setup.framing_x), ("framingY", setup.framing_y)):
        if value is None:
            raise BadValueError(
                f"{key} is missing.",
                hint="A mosaic is that many percent of the field along this side; 100 is one field.",
                code="missing",
                at=key,
            )
    per_pane = setup.mosaic_count
    if per_pane is None:
        raise BadValueError(
            "mosaic_count is missing.",
            hint="It says how many frames each pane of the mosaic gets.",
            code="missing",
            at="mosaic_count",
        )
    if not 1 <= per_pane <= MOST_PER_PANE:
        raise BadValueError(
            f"mosaic_count {per_pane} is not between 1 and {MOST_PER_PANE}.",
            code="out_of_range",
            at="mosaic_count",
        )
    rotation = None if setup.rotation in (None, NO_ROTATION) else setup.rotation
    x, y = (math.ceil(side or WHOLE) for side in (setup.framing_x, setup.framing_y))
    return Mosaic(x, y, per_pane, rotation)


def choose(
    setup: CameraSetup, camera: Camera, capabilities: Capabilities
) -> tuple[CameraChoice, dict[str, BadValueError]]:
    """Match one camera section against the model; the second value has what does not exist, by key.

    A setting the camera does not have at all (a filter on the wide camera) is None; `check` speaks of it.
    """
    offered = capabilities.cameras[camera]
    wrong: dict[str, BadValueError] = {}

    def found(key: str, find: Callable[[], F]) -> F | None:
        try:
            return find()
        except BadValueError as error:
            wrong[error.at or key] = error
            return None

    exposure = gain = position = binning = file_format = mosaic = None
    if (seconds := setup.exposure) is not None:
        exposure = found("exposure", lambda: find_exposure(offered.exposures, seconds))
    if (shown_gain := setup.gain) is not None:
        gain = found("gain", lambda: find_gain(offered.gains, shown_gain))
    if (named := setup.filter) is not None and offered.filters:
        position = found("IRCut", lambda: find_position(offered.filters, named, "filter"))
    if (size := setup.binning) is not None and offered.binnings:
        binning = found("binning", lambda: find_position(offered.binnings, size, "binning"))
    if (form := setup.format) is not None and offered.formats:
        file_format = found("format", lambda: find_format(offered.formats, form))
    if setup.orders_mosaic:
        mosaic = found("doMosaic", lambda: find_mosaic(setup))
        count = mosaic.frames if mosaic is not None else 0
    else:
        until_end = setup.end_time is not None
        count = found("count", lambda: find_count(offered, setup.count, until_end=until_end)) or 0
        if count == 0 and "count" not in wrong and exposure is None and "exposure" not in wrong:
            wrong["exposure"] = BadValueError(
                "exposure is missing.", hint="Without it nobody can tell how many frames fit.", code="missing"
            )
    return CameraChoice(camera, exposure, gain, position, binning, file_format, count, mosaic), wrong


def _plain(name: str) -> str:
    """Return one spelling for "Duo-Band", "Duo-Band Filter", "DUAL_BAND"; "IR_CUT" and "Cut"."""
    letters = "".join(letter for letter in name.casefold() if letter.isalnum())
    return letters.removesuffix("filter").removeprefix("ir").replace("dual", "duo") or letters


def exposure_seconds(wish: str | float) -> float | None:
    """Return the seconds of an exposure as a session names it; None for what is no exposure."""
    if isinstance(wish, float | int):
        return float(wish)
    text = wish.lower().removesuffix("s").strip()
    over, slash, under = text.partition("/")
    if not is_number_text(over) or (slash and not is_number_text(under)):
        return None
    seconds = read_number(over)
    if slash:
        seconds = seconds / read_number(under) if read_number(under) else 0.0
    return seconds if seconds > 0 else None


def _nearest_exposures(offered: tuple[Exposure, ...], seconds: float) -> str:
    ordered = sorted(offered, key=lambda exposure: exposure.seconds)
    place = bisect_left([exposure.seconds for exposure in ordered], seconds)
    near = [exposure.name for exposure in ordered[max(0, place - 1) : place + 1]]
    return f"The nearest is {' or '.join(near)}."


def _span(offered: tuple[Exposure, ...]) -> str:
    ordered = sorted(offered, key=lambda exposure: exposure.seconds)
    return f"{ordered[0].name} to {ordered[-1].name}" if ordered else "none"
