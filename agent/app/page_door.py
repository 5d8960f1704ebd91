"""Who may come to the page, as the settings say."""

from __future__ import annotations

import hmac
import os
import secrets

from agent.settings import Settings
from agent.station.state_file import StateFile
from agent.web.door import GATEWAY, GATEWAY_PORT, Door
from agent.web.password import Password

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - in an add-on, where only the gateway is answered


def in_add_on() -> bool:
    """Whether the Supervisor started this process."""
    return bool(os.environ.get("SUPERVISOR_TOKEN"))


def door_of(settings: Settings, state: StateFile | None = None) -> Door:
    """Return the door of these settings; `state` keeps the secret behind the calendar's key."""
    page = settings.page
    secret = page.password.get_secret_value()
    if in_add_on():
        key = _calendar_key(state, secret)
        return Door(_EVERYWHERE, GATEWAY_PORT, gateway=GATEWAY, only_here=False, calendar_key=key)
    return Door(
        page.host,
        page.port,
        password=Password(secret) if secret else None,
        names=frozenset(name.lower() for name in page.names),
        watch=page.watch,
        only_here=page.only_here,
        calendar_key=_calendar_key(state, secret) if secret else "",
    )


def _calendar_key(state: StateFile | None, password: str) -> str:
    """The same after a restart, another installation's never, and a new one with a new password."""
    if state is None:
        return ""
    kept = state.get("calendar_secret")
    if not isinstance(kept, str) or not kept:
        kept = secrets.token_hex(32)
        state.set(calendar_secret=kept)
    return hmac.digest(kept.encode(), password.encode(), "sha256").hex()
