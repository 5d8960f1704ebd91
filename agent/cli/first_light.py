"""`dwarf-agent first-light`: find out on a real telescope what is true of it, safely."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, load, perform
from agent.text import printable, printable_lines

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.targets import Site
    from agent.telescope.first_light.line import Place
    from agent.telescope.first_light.owner import Owner

_DESCRIPTION = """\
Asks your telescope, one small check after another, whether it does what this program believes. Twenty minutes
indoors with the lens covered, and if you like, a clear evening for the rest. Close the phone app first.

It says before each check what it does, asks for your hands where it needs them, and never moves the mount
without being told yes. It resets no motor and changes neither firmware nor network. Every capture it starts
is stopped again. Ctrl-C stops what runs; the file is kept, and the same command goes on from there.

In the end there is one file to send to this project, and a page in plain words beside it: what agrees with
what was believed, what differs, and what is safe to use."""
_EXAMPLES = """\
  dwarf-agent first-light --telescope-host 192.168.1.50
  dwarf-agent first-light --only going-live --only album
  dwarf-agent first-light --list               the checks there are
  dwarf-agent first-light                      go on where it ended (address from config.yaml)"""


_WELCOME = """\
First light. The phone app must be closed. Nothing moves without your yes; Ctrl-C stops what runs, and the
same command goes on from there. What is asked and seen is kept in the file, without serial numbers, names,
networks and places."""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "first-light",
        _run,
        summary="find out what is true of your telescope, and write a page about it",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--file",
        type=Path,
        default=Path("first-light.jsonl"),
        help="where to keep what is found; an existing one is gone on with (default: %(default)s)",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="CHECK", help="this check, again if need be (repeat)"
    )
    parser.add_argument("--list", action="store_true", help="list the checks, and exit")
    add_config_flags(
        parser,
        *("telescope_host", "telescope_port", "telescope_http_port", "telescope_card_port"),
        *("latitude", "longitude"),
    )


def _run(arguments: argparse.Namespace) -> int:
    from agent.cli.logging_setup import set_up_logging
    from agent.cli.run import require_addresses
    from agent.clock import SystemClock
    from agent.telescope.first_light.line import Place
    from agent.telescope.first_light.walk import chosen

    if arguments.list:
        for one in chosen(()):
            print(f"{one.name:<20} {one.question}{'  [moves the mount]' if one.moves else ''}")
        return 0
    settings = load(arguments)
    require_addresses(settings)
    set_up_logging("error")
    own = settings.telescopes[0]
    place = Place(own.host, own.port, own.http_port, files_port=own.card_port)
    _end_like_ctrl_c()
    return perform(
        first_light(
            place, arguments.file, Terminal(), SystemClock(), site=settings.site.site(), only=arguments.only
        )
    )


def _end_like_ctrl_c() -> None:
    """Have a kill and a lost terminal stop what runs, as Ctrl-C does; what `nohup` ignores stays ignored."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


async def first_light(
    place: Place, file: Path, owner: Owner, clock: Clock, *, site: Site | None, only: list[str]
) -> int:
    """Walk through the checks; whatever ends them, the file and its page are there. Returns the exit code."""
    from agent.telescope.first_light.notebook import Notebook
    from agent.telescope.first_light.page import page
    from agent.telescope.first_light.walk import chosen, walk

    chosen(only)
    notebook = Notebook.open(file, clock.now)
    owner.tell(_WELCOME)
    try:
        await walk(place, notebook, owner, clock, site=site, only=only)
    finally:
        notebook.close()
        if notebook.findings:
            text = page(notebook.findings, notebook.about, file.name)
            beside = file.with_suffix(".md")
            beside.write_text(text, encoding="utf-8")
            owner.tell(f"\n{text}\nThis page: {beside}. The file to send: {file}.")
    return 0


class Terminal:
    """The owner at the terminal."""

    def tell(self, text: str) -> None:
        print(printable_lines(text), flush=True)

    async def agrees(self, question: str) -> bool:
        print(f"\n{printable(question)} [y/N] ", end="", flush=True)
        return (await _typed()).strip().lower() in ("y", "yes")


async def _typed() -> str:
    """A line from the keyboard, while the link to the telescope is kept alive; Ctrl-C ends the wait."""
    import asyncio

    from agent.telescope.first_light.errors import NobodyAnswersError

    loop = asyncio.get_running_loop()
    typed: asyncio.Future[bytes] = loop.create_future()

    def settle(line: bytes) -> None:
        if not typed.done():
            typed.set_result(line)

    def read() -> None:  # a letter at a time: what follows the line belongs to the next question
        line = b""
        with suppress(OSError):
            while (letter := os.read(sys.stdin.fileno(), 1)) not in (b"", b"\n"):
                line += letter
            if letter == b"\n":
                line += letter
        with suppress(RuntimeError):  # the program ended meanwhile
            loop.call_soon_threadsafe(settle, line)

    threading.Thread(target=read, daemon=True, name="keyboard").start()
    line = await typed
    if not line:
        raise NobodyAnswersError(
            "Nobody answers here.", hint="Run this command in a terminal; it goes on where it ended."
        )
    return line.decode("utf-8", "replace")
