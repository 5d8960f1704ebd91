"""What a session asks of a camera, matched against what the telescope model offers. Nothing is guessed."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import isclose
from typing import TypeVar

from agent.capabilities import Binning, Camera, CameraCapabilities, Capabilities, Exposure, Filter
from agent.session.numbers import is_number_text, read_number, shown
from agent.session.problems import BadValueError
from agent.session.sections import CameraSetup

P = TypeVar("P", Filter, Binning)

_SAME_SECONDS = 1e-3  # relative: 0.0333 is 1/30, 0.4 is not 0.5


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """Settings of one capture, each existing on the model; None leaves the telescope's setting alone."""

    camera: Camera
    exposure: Exposure | None = None
    gain: int | None = None
    filter: Filter | None = None
    binning: Binning | None = None
    format: str | None = None
    count: int = 0


def find_exposure(offered: tuple[Exposure, ...], wish: str | float) -> Exposure:
    """Return the exposure with that name or those seconds; BadValueError names the two nearest."""
    if isinstance(wish, str):
        for exposure in offered:
            if exposure.name == wish:
                return exposure
    seconds = _seconds(wish)
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


def choose(
    setup: CameraSetup, camera: Camera, capabilities: Capabilities
) -> tuple[CameraChoice, dict[str, BadValueError]]:
    """Match one camera section against the model; the second value has what does not exist, by key.

    A setting the camera does not have at all (a filter on the wide camera) is None; `check` speaks of it.
    """
    offered = capabilities.cameras[camera]
    wrong: dict[str, BadValueError] = {}
    exposure = gain = position = binning = file_format = None
    count = 0
    try:
        exposure = None if setup.exposure is None else find_exposure(offered.exposures, setup.exposure)
    except BadValueError as error:
        wrong["exposure"] = error
    try:
        gain = None if setup.gain is None else find_gain(offered.gains, setup.gain)
    except BadValueError as error:
        wrong["gain"] = error
    try:
        if setup.filter is not None and offered.filters:
            position = find_position(offered.filters, setup.filter, "filter")
    except BadValueError as error:
        wrong["IRCut"] = error
    try:
        if setup.binning is not None and offered.binnings:
            binning = find_position(offered.binnings, setup.binning, "binning")
    except BadValueError as error:
        wrong["binning"] = error
    try:
        if setup.format is not None and offered.formats:
            file_format = find_format(offered.formats, setup.format)
    except BadValueError as error:
        wrong["format"] = error
    try:
        count = find_count(offered, setup.count, until_end=setup.end_time is not None)
        if count == 0 and exposure is None and "exposure" not in wrong:
            wrong["exposure"] = BadValueError(
                "exposure is missing.", hint="Without it nobody can tell how many frames fit.", code="missing"
            )
    except BadValueError as error:
        wrong["count"] = error
    return CameraChoice(camera, exposure, gain, position, binning, file_format, count), wrong


def _plain(name: str) -> str:
    """Return one spelling for "Duo-Band", "Duo-Band Filter", "DUAL_BAND"; "IR_CUT" and "Cut"."""
    letters = "".join(letter for letter in name.casefold() if letter.isalnum())
    return letters.removesuffix("filter").removeprefix("ir").replace("dual", "duo") or letters


def _seconds(wish: str | float) -> float | None:
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
