"""The folder the library runs in, and the two files it reads its settings from."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from agent.targets import Site
from agent.telescope.errors import RefusedError

PORT = 9900  # written into the library
_NEVER_S = (
    7 * 24 * 3600
)  # the library closes its connection this long after the last command, captures or not
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")


def check_address(host: str, port: int) -> None:
    """Raise RefusedError for an address the library cannot be given."""
    if port != PORT:
        raise RefusedError(
            f"dwarf_python_api always connects to port {PORT}, not {port}.",
            code="library_port",
            hint="Leave the port out, or use the built-in driver.",
        )
    if not _HOST.fullmatch(host):
        raise RefusedError(
            f"dwarf_python_api cannot be given the address {host!r}.",
            code="library_address",
            hint="Use a host name or an IP address.",
        )


def write_config(folder: Path, host: str, device_id: int, client_id: str) -> None:
    """Write the library's config.py. Its reader wants KEY = "value" lines, without another = in them."""
    values = {
        "DWARF_IP": url_host(host),
        "DWARF_UI": "",
        "DWARF_ID": str(device_id),
        "DWARF_UID": "",
        "CLIENT_ID": client_id,
        "UPDATE_CLIENT_ID": "False",
        "TEST_CALIBRATION": "",
        "DEBUG": "False",
        "TRACE": "False",
        "LOG_FILE": "False",  # it logs to its standard error instead, which ends up in our log
        "TIMEOUT_CMD": str(_NEVER_S),
    }
    lines = "".join(f'{key} = "{value}"\n' for key, value in values.items())
    (folder / "config.py").write_text(lines, encoding="utf-8")


def write_place(folder: Path, site: Site | None, timezone: str) -> None:
    """Write the library's config.ini: where the telescope stands. What is not known is left out."""
    lines = ["[CONFIG]", f"TIMEZONE = {timezone}"]
    if site is not None:
        lines += [f"LONGITUDE = {site.longitude!r}", f"LATITUDE = {site.latitude!r}"]
    (folder / "config.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")


def url_host(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return host
    return f"[{host}]" if version == 6 else host
