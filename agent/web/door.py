"""Who is let in: by address, by the name that was asked for, by where a request comes from."""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.web.password import Password

GATEWAY = "172.30.32.2"  # the one address from which Home Assistant's ingress asks an add-on
GATEWAY_PORT = 8480  # as the add-on's manifest says
_BASE = re.compile(r"/[A-Za-z0-9_/-]{1,128}")
_HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_USER = re.compile(r"[^\w .@-]+")


def _own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({name, name.partition(".")[0] + ".local"}) - {"", ".local"}


@dataclass(frozen=True)
class Door:
    """Where the page listens, and for whom. `gateway` set: for nobody but that address, as a panel.

    Who brings `calendar_key` reads the calendar from any address, and nothing else.
    """

    host: str
    port: int
    password: Password | None = None
    names: frozenset[str] = frozenset()
    watch: bool = False
    gateway: str = ""
    only_here: bool = True
    calendar_key: str = ""
    _own: frozenset[str] = field(default_factory=_own_names)

    def lets_in(self, peer: str) -> bool:
        """Whether an address is answered at all."""
        return not self.gateway or peer == self.gateway

    def fits_calendar(self, key: str) -> bool:
        """Whether this is the calendar's key."""
        known = self.calendar_key.encode()
        return bool(known) and hmac.compare_digest(known, key.encode("utf-8", "replace"))

    def calendar_link(self, scheme: str, host: str, path: str) -> str:
        """The address under which other programs read the calendar; `host` is how the page was asked for."""
        if self.gateway:  # which only browsers come through
            scheme, host = "http", f"{socket.gethostname()}:{self.port}"
        return f"{scheme}://{host}{path}" + (f"?key={self.calendar_key}" if self.calendar_key else "")

    def is_called(self, host: str) -> bool:
        """Whether a Host header names this page: another name is a stranger's that was made to point here."""
        if self.gateway:
            return True
        name = _without_port(host)
        if name in _HERE or name in self.names:
            return True
        return not self.only_here and (_is_address(name) or name in self._own)

    def comes_from_here(self, headers: Mapping[str, str]) -> bool:
        """Whether a request that changes something was made by our own page, or by no page at all."""
        site = headers.get("Sec-Fetch-Site")
        if _is_foreign(site):
            return False
        origin = headers.get("Origin")
        if origin is None:
            return True
        asked = {headers.get("Host", "").lower()}
        if self.gateway:
            if site == "same-origin":
                return True  # the browser's own word; the gateway changes the names
            asked.add(headers.get("X-Forwarded-Host", "").lower())
        try:
            return urlsplit(origin).netloc.lower() in asked - {""}
        except ValueError:
            return False

    def is_embedded(self, headers: Mapping[str, str]) -> bool:
        """Whether another site's page asks for a part of this one, and no person who follows a link.

        It could not show it, but takes the place of somebody who looks. Behind the gateway it knows no path.
        """
        if self.gateway or not _is_foreign(headers.get("Sec-Fetch-Site")):
            return False
        asked = (headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest"))
        return asked != ("navigate", "document") or "Sec-Purpose" in headers

    def base(self, headers: Mapping[str, str]) -> str:
        """The path below which the browser sees the page: "" but behind the gateway."""
        path = headers.get("X-Ingress-Path", "").rstrip("/") if self.gateway else ""
        return path if _BASE.fullmatch(path) and "//" not in path else ""

    def user(self, headers: Mapping[str, str], peer: str) -> str:
        """Who asks, for the log."""
        if not self.gateway:
            return peer
        named = headers.get("X-Remote-User-Display-Name") or headers.get("X-Remote-User-Name") or ""
        return _USER.sub("?", named)[:64] or "a user of Home Assistant"


def _is_foreign(site: str | None) -> bool:
    return site not in (None, "same-origin", "none")


def _without_port(host: str) -> str:
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
