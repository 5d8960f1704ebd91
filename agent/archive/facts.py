"""What is known of a session's files beside themselves, as the cards of a FITS header."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from agent.archive.headers import Card
from agent.archive.layout import is_wide
from agent.store.ended import EndedSession
from agent.targets import Site

_NO_FILTER = ("", "none")
_SECONDS = re.compile(r"\d{1,6}(?:\.\d{1,9})?|\d{1,6}/\d{1,6}")


def cards(
    session: EndedSession, site: Site | None, folder: str, note: Mapping[str, object]
) -> tuple[Card, ...]:
    """Return what is known of the frames in one folder of the card; `note` is what the card says of it.

    Where a mosaic's frames point is not known: of them only the target's place is told.
    """
    return tuple(_cards(session, site, is_wide(folder), note))


def _cards(
    session: EndedSession, site: Site | None, wide: bool, note: Mapping[str, object]
) -> Iterator[Card]:
    if session.target:
        yield Card("OBJECT", session.target, "target")
    exposure = seconds(note.get("exp")) or seconds(session.row.get("wide_exposure" if wide else "exposure"))
    if exposure:
        yield Card("EXPTIME", exposure, "[s] exposure of one frame", ("EXPOSURE",))
    noted = note.get("ir")
    name = noted if isinstance(noted, str) else "" if wide else session.filter
    if name.strip().lower() not in _NO_FILTER:
        yield Card("FILTER", name.strip(), "filter")
    yield from _place(session)
    if site is not None:
        yield Card(
            "SITELAT", round(site.latitude, 5), "[deg] latitude, north positive", ("LAT-OBS", "OBSLAT")
        )
        yield Card(
            "SITELONG", round(site.longitude, 5), "[deg] longitude, east positive", ("LONG-OBS", "OBSLONG")
        )
        if site.altitude_m:
            yield Card("SITEELEV", round(site.altitude_m, 1), "[m] elevation", ("ALT-OBS", "OBSELEV"))


def _place(session: EndedSession) -> Iterator[Card]:
    hours, degrees = session.place.get("ra_hours"), session.place.get("dec_degrees")
    if not isinstance(hours, int | float) or not isinstance(degrees, int | float):
        return
    yield Card("OBJCTRA", _sexagesimal(hours % 24, "", 2), "[h m s] right ascension of the target, J2000")
    yield Card("OBJCTDEC", _sexagesimal(degrees, "+", 1), "[d m s] declination of the target, J2000")
    if "panes" not in session.details:
        yield Card("RA", round(hours * 15, 6), "[deg] right ascension, J2000", ("CRVAL1",))
        yield Card("DEC", round(degrees, 6), "[deg] declination, J2000", ("CRVAL2",))
        yield Card("EQUINOX", 2000.0, "equinox of the coordinates", ("EPOCH", "RADESYS", "CRVAL1"))


def _sexagesimal(value: float, plus: str, places: int) -> str:
    sign = "-" if value < 0 else plus
    scale = 10**places
    rest, parts = divmod(round(abs(value) * 3600 * scale), 60 * scale)
    whole, minutes = divmod(rest, 60)
    return f"{sign}{whole:02d} {minutes:02d} {parts / scale:0{3 + places}.{places}f}"


def seconds(told: object) -> float | None:
    """Read an exposure as the telescope names it ("10", "1/30"); None when it is none."""
    text = str(told).strip()
    if _SECONDS.fullmatch(text) is None or text.endswith("/0"):
        return None
    return float(Fraction(text)) or None
