"""The entry point of the container image: gives root up where nothing needs it, then `dwarf-agent`.

A container is started as root, because nobody can know beforehand which user the mounted folders belong to.
The agent becomes that user, so that its files are not root's. Three things make it stay root:

- it is an add-on: the Supervisor lets root alone read the options, and every mapped folder is root's;
- the sessions folder is root's;
- the host's D-Bus socket is there, which means Bluetooth: many hosts let root and the group `bluetooth` alone
  speak to it. Start the container with `--user` and `--group-add` to have both.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.cli.common import in_add_on
from agent.cli.main import main

_SYSTEM_BUS = Path("/run/dbus/system_bus_socket")


def start(arguments: Sequence[str]) -> int:
    """Become the owner of the sessions folder, run the command line, and return its exit code."""
    owner = owner_to_become(os.environ, _SYSTEM_BUS) if os.getuid() == 0 else None
    if owner is not None:
        _become(*owner)
    return main(arguments)


def owner_to_become(environment: Mapping[str, str], system_bus: Path) -> tuple[int, int] | None:
    """Return the user and group to become; None to stay root."""
    if in_add_on(environment) or system_bus.exists():
        return None
    folder = environment.get("DWARF_SESSIONS_DIR") or environment.get("DWARF_DEFAULT_SESSIONS_DIR") or "."
    try:
        status = Path(folder).stat()
    except OSError:
        return None
    return (status.st_uid, status.st_gid) if status.st_uid != 0 else None


def _become(user: int, group: int) -> None:
    try:
        os.setgroups([group])
        os.setgid(group)
        os.setuid(user)
    except PermissionError:  # --cap-drop ALL: a root that may do nothing
        return
    os.environ["HOME"] = "/tmp"  # noqa: S108 - the user has none in here


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
