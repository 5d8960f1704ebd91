"""`dwarf-agent elements`: install the orbits of comets and asteroids, and tell how old they are."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from agent.cli.common import Commands, add_command, add_config_flags, load, perform
from agent.errors import AgentError

COMETS_URL = "https://www.minorplanetcenter.net/iau/MPCORB/CometEls.txt"
ASTEROIDS_URL = "https://www.minorplanetcenter.net/iau/Ephemerides/Bright/{year}/Soft00Bright.txt"

_ANSWER_S = 60.0
_MOST_BYTES = 32 * 1024 * 1024


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "elements",
        _run,
        summary="install the orbits of comets and asteroids, and tell how old they are",
        description="Keeps the orbits by which comets and asteroids are found. The files are those of the\n"
        "Minor Planet Center: CometEls.txt, lines of MPCORB.DAT, or either as JSON. A file takes\n"
        "the place of the orbits of its kind.",
        examples="  dwarf-agent elements                       what is installed\n"
        "  dwarf-agent elements CometEls.txt\n  dwarf-agent elements --update",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a file to install")
    parser.add_argument(
        "--update", action="store_true", help="fetch all comets and this year's bright asteroids"
    )
    add_config_flags(parser, "sessions_dir")


def _run(arguments: argparse.Namespace) -> int:
    from agent.sky.catalogue.small_bodies import ELEMENTS

    ELEMENTS.look_in(load(arguments).sessions_dir)
    for file in arguments.files:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise AgentError(f"{file}: {error.strerror or error}.") from error
        _install(data, str(file))
    if arguments.update:
        year = datetime.now(UTC).year
        for url in (COMETS_URL, ASTEROIDS_URL.format(year=year)):
            _install(perform(_fetched(url)), url)
    return _tell()


def _install(data: bytes, name: str) -> None:
    from agent.sky.catalogue.orbits import ElementsError
    from agent.sky.catalogue.small_bodies import ELEMENTS
    from agent.store import disk

    try:
        kept = ELEMENTS.with_file(data)
    except ElementsError as error:
        raise ElementsError(f"{name}: {error.message}", hint=error.hint) from error
    path = ELEMENTS.path
    assert path is not None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.write(path, kept)
    except OSError as error:
        raise AgentError(f"{path}: {error.strerror or error}.") from error


async def _fetched(url: str) -> bytes:
    import aiohttp

    try:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            if answer.status != 200:
                raise AgentError(
                    f"{url} answers {answer.status}.", hint="Fetch the file yourself, and name it instead."
                )
            data = await answer.content.read(_MOST_BYTES + 1)
            while len(data) <= _MOST_BYTES and (more := await answer.content.read(_MOST_BYTES)):
                data += more
            return data
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise AgentError(
            f"{url} cannot be reached: {str(error) or 'no answer'}.",
            hint="On a computer with a network, fetch the file, and name it instead.",
        ) from error


def _tell() -> int:
    from agent.sky.catalogue.small_bodies import ELEMENTS, MOST_DAYS, UPDATE

    installed = ELEMENTS.installed()
    for kind in installed:
        word = "comets" if kind.comets else "asteroids"
        age, most = ELEMENTS.age(kind.newest), MOST_DAYS[kind.comets]
        old = f"; too old, they are refused after {most} days. {UPDATE}" if abs(age) > most else ""
        print(f"{word}: {kind.count} orbits of {kind.newest.isoformat()}, {age} days old{old}")
    if not installed:
        print(f"No orbits are installed. {UPDATE}", file=sys.stderr)
    return 0 if installed else 1
