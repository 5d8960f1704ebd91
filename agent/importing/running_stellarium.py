"""A running Stellarium: its plug-in Remote Control tells the object that is selected."""

from __future__ import annotations

import base64
import http.client
from urllib.parse import unquote, urlsplit

from agent.errors import AgentError
from agent.importing.model import ImportedFile
from agent.importing.stellarium import read_selected
from agent.json_in import JsonError, read_json
from agent.text import escaped

SCHEME = "stellarium://"
_PORT = 8090
_MOST_BYTES = 262_144
_TIMEOUT_S = 10.0
_PATH = "/api/objects/info?format=json"


class StellariumError(AgentError):
    """Stellarium does not answer, or not with an object; `hint` says what to do there."""

    code = "stellarium"


def selected_in(address: str) -> ImportedFile:
    """Ask `stellarium://[:password@]host[:port]` for its selected object, or raise StellariumError."""
    host, port, password = _parts(address)
    headers = {}
    if password:
        headers["Authorization"] = "Basic " + base64.b64encode(f":{password}".encode()).decode()
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", _PATH, headers=headers)
        answer = connection.getresponse()
        body = answer.read(_MOST_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StellariumError(
            f"Stellarium does not answer at {escaped(host, 60)}:{port} ({type(error).__name__}).",
            hint="Switch its plug-in Remote Control on, with its server enabled.",
        ) from None
    finally:
        connection.close()
    if answer.status == 401:
        raise StellariumError(
            "Stellarium's Remote Control asks for a password.", hint="Write stellarium://:PASSWORD@host."
        )
    if answer.status == 404:
        raise StellariumError(
            "Nothing is selected in Stellarium.", hint="Select an object there, and try again."
        )
    if answer.status != 200:
        raise StellariumError(f"Stellarium answers {answer.status}.", hint="Is that its Remote Control?")
    try:
        return read_selected(read_json(body, max_bytes=_MOST_BYTES))
    except JsonError as error:
        raise StellariumError(f"Its answer is not understood: {error.message}", hint=error.hint) from None


def _parts(address: str) -> tuple[str, int, str]:
    try:
        found = urlsplit(address)
        host, port = found.hostname, found.port or _PORT
    except ValueError:
        host, port, found = None, _PORT, urlsplit("")
    if not host:
        raise StellariumError(
            "The address names no host.", hint="Write stellarium://192.168.1.20, or with :8090."
        )
    return host, port, unquote(found.password or "")
