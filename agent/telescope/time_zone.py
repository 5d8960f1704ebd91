"""The zone that a telescope is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.telescope.errors import RefusedError


def zone_and_offset(timezone: str, now: datetime) -> tuple[ZoneInfo, timedelta]:
    """Return the IANA zone of that name and what it is ahead of UTC now; RefusedError for an unknown one."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RefusedError(
            f"There is no time zone {timezone!r}.",
            code="unknown_timezone",
            hint="Use an IANA name such as Europe/Paris.",
        ) from error
    return zone, now.astimezone(zone).utcoffset() or timedelta()
