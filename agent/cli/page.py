"""`dwarf-agent page`: where the page is, and a hash to keep its password by."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, load
from agent.errors import AgentError

if TYPE_CHECKING:
    from agent.settings.page import PageSettings

_EXAMPLES = """\
  dwarf-agent page                 where the page of the agent with these settings is
  dwarf-agent page --hash          ask for a password, and print what to set page_password to"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "page",
        _run,
        summary="say where the page in the browser is, or hash its password",
        examples=_EXAMPLES,
    )
    parser.add_argument("--hash", action="store_true", help="hash a password for page_password")
    add_config_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.hash:
        print(_hashed())
        return 0
    page = load(arguments).page
    if not page.enabled:
        print("The page is off: page_enabled is false.")
        return 1
    print(address_of(page))
    return 0


def address_of(page: PageSettings) -> str:
    """Return the address to open in a browser on this machine, or on another one when that is let in."""
    import socket

    everywhere = page.host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    host = socket.gethostname() if everywhere else page.host
    return f"http://{f'[{host}]' if ':' in host else host}:{page.port}"


def _hashed() -> str:
    from agent.settings.page import SHORTEST_PASSWORD
    from agent.web.password import hashed

    if sys.stdin.isatty():
        password, again = getpass.getpass("Password: "), getpass.getpass("Once more: ")
        if password != again:
            raise AgentError("The two are not the same.", hint="Type it again.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        raise AgentError(f"The password needs at least {SHORTEST_PASSWORD} characters.")
    return hashed(password)
