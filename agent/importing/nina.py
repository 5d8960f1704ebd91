"""N.I.N.A.: targets and sequences (.json, .template.json), and target sets of its older versions (XML)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agent.errors import Problem, warning
from agent.importing.decoding import Element, as_json, as_xml
from agent.importing.model import (
    Imported,
    ImportedFile,
    bounded,
    number_or_none,
    text_of,
    with_coordinates,
    with_problems,
)

_COORDINATES = ("RAHours", "RAMinutes", "RASeconds", "DecDegrees", "DecMinutes", "DecSeconds")


def read_json_targets(data: bytes, what: str) -> ImportedFile:
    """Read every target of a target file or sequence, with its exposures where all are alike."""
    targets: list[Imported] = []
    for container, target in _containers(as_json(data)):
        place = f"target {len(targets) + 1}"
        coordinates = target["InputCoordinates"]
        if not text_of(target.get("TargetName")) and not any(coordinates.get(key) for key in _COORDINATES):
            continue  # the place for a target in a template
        one = _placed(place, text_of(target.get("TargetName")), coordinates)
        rotation = number_or_none(target.get("PositionAngle"))
        if rotation is None and (turned := number_or_none(target.get("Rotation"))) is not None:
            rotation = (360 - turned) % 360
        targets.append(_with_exposures(replace(one, rotation=rotation), list(_exposures(container))))
    return ImportedFile(what, bounded(targets))


def read_xml_targets(data: bytes, what: str) -> ImportedFile:
    """Read a target set or sequence of the older sequencer."""
    root = as_xml(data)
    lists = [root] if root.tag == "CaptureSequenceList" else root.all("CaptureSequenceList")
    targets = []
    for found in lists:
        name = " ".join(found.attributes.get("TargetName", "").split())
        place = f"line {found.line}"
        if any(key in found.attributes for key in _COORDINATES):
            one = _placed(place, name, found.attributes)
        else:
            one = Imported(place, name, description=name)
            one = with_coordinates(one, found.said("Coordinates", "RA"), found.said("Coordinates", "Dec"))
        rotation = number_or_none(found.said("PositionAngle"))
        shots = [
            (number_or_none(shot.said("ExposureTime")), number_or_none(shot.said("TotalExposureCount")))
            for shot in _shots(found)
        ]
        targets.append(_with_exposures(replace(one, rotation=rotation), shots))
    return ImportedFile(what, bounded(targets))


def _containers(root: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give each target in the order of the file, with the container whose items image it."""
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            target = value.get("Target", value)
            if _is_target(target):
                yield value, target
            waiting.extend(inner for inner in reversed(value.values()) if inner is not target)


def _is_target(value: Any) -> bool:
    return (
        isinstance(value, dict) and "TargetName" in value and isinstance(value.get("InputCoordinates"), dict)
    )


def _placed(place: str, name: str, given: dict[str, Any]) -> Imported:
    """Read the six numbers; the sign of the declination may stand in NegativeDec alone."""
    one = Imported(place, name, description=name)
    numbers = [number_or_none(given.get(key, 0)) for key in _COORDINATES]
    if any(number is None for number in numbers):
        wrong = next(key for key, number in zip(_COORDINATES, numbers, strict=True) if number is None)
        return with_problems(one, Problem("invalid_value", f"{wrong} is no number.", "Export it again."))
    ra = [abs(number or 0) for number in numbers[:3]]
    dec = [abs(number or 0) for number in numbers[3:]]
    negative = str(given.get("NegativeDec", "")).casefold() == "true" or any(
        (n or 0) < 0 for n in numbers[3:]
    )
    size = dec[0] + dec[1] / 60 + dec[2] / 3600
    return with_coordinates(one, ra[0] + ra[1] / 60 + ra[2] / 3600, -size if negative else size)


def _exposures(container: dict[str, Any]) -> Iterator[tuple[float | None, float | None]]:
    """Give the light exposures below a container: seconds, and how often where a loop says it."""
    waiting: list[tuple[Any, float | None]] = [(container, None)]
    while waiting:
        value, times = waiting.pop()
        if isinstance(value, list):
            waiting.extend((inner, times) for inner in reversed(value))
        elif isinstance(value, dict):
            if value is not container and _is_target(value.get("Target")):
                continue
            kind = str(value.get("$type", "")).partition(",")[0].rpartition(".")[2]
            if kind in {"TakeExposure", "TakeSubframeExposure"}:
                if str(value.get("ImageType", "LIGHT")).upper() == "LIGHT":
                    yield number_or_none(value.get("ExposureTime")), times
                continue
            loops = _iterations(value.get("Conditions"))
            inner_times = times if loops is None else loops * (times or 1)
            waiting.extend((inner, inner_times) for inner in reversed(value.values()))


def _iterations(conditions: Any) -> float | None:
    found = conditions.get("$values") if isinstance(conditions, dict) else conditions
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and ".LoopCondition" in str(one.get("$type", "")):
            return number_or_none(one.get("Iterations"))
    return None


def _with_exposures(one: Imported, shots: list[tuple[float | None, float | None]]) -> Imported:
    """Keep the exposures when all are of one length; else the template's count, and that is told."""
    lengths = {seconds for seconds, _ in shots if seconds}
    if len(lengths) > 1:
        told = ", ".join(f"{length:g}" for length in sorted(lengths)[:5])
        message = f"It asks for exposures of {told} s; those of the template are taken."
        return with_problems(one, warning("exposures", message))
    counts = [count for seconds, count in shots if seconds]
    total = sum(count for count in counts if count) if counts and all(counts) else None
    count = int(total) if total is not None and 1 <= total <= 100_000 else None
    return replace(one, exposure=next(iter(lengths), None), count=count)


def _shots(found: Element) -> list[Element]:
    """The exposures of an older target: directly inside, or in an element Items."""
    return [
        *found.all("CaptureSequence"),
        *(shot for items in found.all("Items") for shot in items.all("CaptureSequence")),
    ]
