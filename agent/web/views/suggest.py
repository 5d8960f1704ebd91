"""Targets for people to choose from: how they fit, when tonight they are good, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from agent.capabilities import Camera, CameraCapabilities
from agent.planner.merit import Factor
from agent.planner.suggestions import Suggestion
from agent.sky.ephemeris import CurvePoint
from agent.sky.nights import Interval
from agent.web.draw.axis import Axis, curve, night_axis, sun_altitudes
from agent.web.draw.field import Sketch, lies_inside, mosaic_for, sketch, turn_for
from agent.web.night import NightView
from agent.web.session_form import WIDE
from agent.web.targets import Known, known_of
from agent.web.views.common import Ask
from agent.web.words import Words

MOST = 3
LEAST_S = 30 * 60.0  # a shorter stretch is worth no goto
MOST_PANES = 16  # that a sketch shows
_BOX = (72.0, 56.0)
_USUAL_FIELD = (2.9, 1.7)
_BESIDE = frozenset({"kind", "time"})
_SMALL = 0.05  # of the field's short side: smaller objects are a dot


@dataclass(frozen=True, slots=True)
class Spark:
    """A small curve of the night with its window thick."""

    way: str
    window: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A target as a result of a search or a proposal."""

    name: str
    before: str
    match: str
    after: str
    other: str
    facts: str
    reason: str
    best: str
    sketch: Sketch | None  # None: nobody knows the camera's field
    spark: Spark | None


def suggestions(ask: Ask, view: NightView, free: Interval) -> tuple[list[Hit], str]:
    """What is best in a free stretch of time, without what is planned; and why nothing is.

    Slow: use a thread.
    """
    found = ask.window.suggestions(ask.telescope.id, free)
    if found is None or found.night != view.night:
        return [], ""
    have = {_spelt(row.name) for row in view.rows}
    fresh = (one for one in found.best if _spelt(one.entry.name) not in have)
    long = (one for one in fresh if one.longest.seconds >= LEAST_S)
    told = [
        result(ask, view, known_of(one.entry), "", one.longest, merit_words(one, ask.t))
        for one in islice(long, MOST)
    ]
    return told, found.why_none


def merit_words(one: Suggestion, t: Words) -> str:
    """What counts for and against it, the worst last, without what stands beside it: its kind and time."""
    told = [_factor_words(factor, t) for factor in one.by_value if factor.name not in _BESIDE]
    return "; ".join(filter(None, told))


def _factor_words(factor: Factor, t: Words) -> str:
    if not factor.says:
        return ""
    values = {
        name: t.number(one, 1) if isinstance(one, float) else one for name, one in factor.values.items()
    }
    return t(f"factor.{factor.says}", **values)


def _spelt(name: str) -> str:
    return name.casefold().replace(" ", "")


def results(
    ask: Ask, view: NightView | None, found: Iterable[Known], typed: str, camera: str = ""
) -> list[Hit]:
    """What was found under what was typed, in the field of the form's camera."""
    told = []
    for known in found:
        good = None
        if view is not None:
            good = window_of(view, known, night_axis(view.sun, view.bounds, []))
        told.append(result(ask, view, known, typed, good, "", camera))
    return told


def result(
    ask: Ask,
    view: NightView | None,
    known: Known,
    typed: str,
    good: Interval | None,
    reason: str,
    camera: str = "",
) -> Hit:
    """One target with its facts."""
    t, fov = ask.t, field_of_view(ask, camera)
    fit, drawn = t("new.no_field"), None
    if fov is not None:
        fields = mosaic_for(known.size, fov)
        turn = turn_for(known.size, known.angle, fields)
        shown = fields if fields[0] * fields[1] <= MOST_PANES else (1, 1)
        fit = fit_words(known, fields, fov, t, wide=camera == WIDE)
        drawn = sketch(known.size, known.angle, fov, box=_BOX, fields=shown, turn=turn)
    before, match, after = _marked(known.name, typed)
    best = t.span(good.start, good.end) if good is not None else t("new.not_tonight") if view else ""
    spark = _spark(view, known, good) if view is not None else None
    return Hit(
        known.name,
        before,
        match,
        after,
        known.other_name,
        facts(known, t),
        reason or fit,
        best,
        drawn,
        spark,
    )


def facts(known: Known, t: Words) -> str:
    """Kind, size and constellation."""
    parts = [t(f"kind.{known.kind}")] if known.kind else []
    if known.size is not None:
        parts.append(size_words(known.size))
    if known.constellation:
        parts.append(known.constellation)
    return " · ".join(parts)


def size_words(size: tuple[float, float]) -> str:
    """3.2° × 1.0°, or in minutes of arc."""
    if max(size) >= 1:
        return f"{size[0]:.1f}° × {size[1]:.1f}°"
    long, short = (f"{60 * side:.0f}′" for side in size)
    return long if long == short else f"{long} × {short}"


def fit_words(
    known: Known, fields: tuple[int, int], fov: tuple[float, float], t: Words, *, wide: bool = False
) -> str:
    """How an object fills the field."""
    if known.size is None:
        return t("fit.unknown")
    if fields != (1, 1):
        return t("fit.mosaic", columns=fields[0], rows=fields[1])
    if not lies_inside(known.size, known.angle, fov):
        return t("fit.ends")
    part = max(known.size) / fov[1]
    if part < _SMALL:
        return t("fit.dot") if wide else t("fit.tiny")
    return t("fit.small") if part < 0.25 else t("fit.one")


def camera_of(ask: Ask, which: Camera) -> CameraCapabilities | None:
    """What a camera of the telescope takes of the deep sky; None while the model is not known."""
    known = ask.telescope.capabilities
    return known.for_mode(deep_sky=True).cameras.get(which) if known else None


def field_of_view(ask: Ask, camera: str = "") -> tuple[float, float] | None:
    """The field in degrees of the form's camera, None where nobody knows it.

    The tele camera has a usual one while the model is not known.
    """
    found = camera_of(ask, Camera.WIDE if camera == WIDE else Camera.TELE)
    known = found.field_of_view if found is not None else None
    return known if camera == WIDE else known or _USUAL_FIELD


def window_of(view: NightView, known: Known, axis: Axis) -> Interval | None:
    """The longest stretch of the night in which a target can be imaged."""
    best: Interval | None = None
    began: CurvePoint | None = None
    points = curve(known.target, view.site, axis)
    suns = sun_altitudes(view.site, axis)
    last = points[0]
    for point, light in [*zip(points, suns, strict=True), (points[-1], 90.0)]:
        good = light < view.sun_below and point.altitude >= view.min_altitude and _clear(view, point)
        if good and began is None:
            began = point
        elif not good and began is not None:
            found = Interval(began.instant, last.instant)
            best = found if best is None or found.seconds > best.seconds else best
            began = None
        last = point
    return best


def _clear(view: NightView, point: CurvePoint) -> bool:
    return view.horizon is None or point.altitude > view.horizon.altitude_at(point.azimuth)


def _spark(view: NightView, known: Known, good: Interval | None) -> Spark:
    axis = night_axis(view.sun, view.bounds, [])
    points = curve(known.target, view.site, axis)[::3]
    way = _line([one for one in points if one.altitude > 0], axis)
    window = _line([one for one in points if good is not None and one.instant in good], axis)
    return Spark(way, window)


def _line(points: Iterable[CurvePoint], axis: Axis) -> str:
    drawn = [f"{axis.x(one.instant):.1f} {49 - one.altitude / 2:.1f}" for one in points]
    return "M" + "L".join(drawn) if drawn else ""


def _marked(name: str, typed: str) -> tuple[str, str, str]:
    """A name with what was typed of it in the middle."""
    at = name.casefold().replace(" ", "").find(typed.casefold().replace(" ", "")) if typed else -1
    if at < 0:
        return name, "", ""
    places = [place for place, letter in enumerate(name) if letter != " "]
    long = len(typed.replace(" ", ""))
    start, end = places[at], places[min(at + long, len(places)) - 1] + 1
    return name[:start], name[start:end], name[end:]
