"""`dwarf-agent download`: bring sessions from the telescope's card into the archive by hand."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, load
from agent.text import printable

if TYPE_CHECKING:
    from agent.app.download import Download
    from agent.archive.fetch import Progress
    from agent.archive.manifest import Manifest

WHATS = ("stacked", "stacked_and_info", "all")
_BAR = 30  # signs

_DESCRIPTION = """\
Fetches what sessions left on the telescope's card and is not in the archive yet. What was begun before
goes on where it broke off; nothing on the telescope is changed. A running agent does this by itself when
archive_dir is set, in nobody's way; by hand it is done at once.

exit codes: 0 everything is there, 1 some of it cannot be had, 2 it could not be tried"""
_EXAMPLES = """\
  dwarf-agent download --to /media/usb/dwarf
  dwarf-agent download --night 2026-03-12 --what all
  dwarf-agent download --session m31--2026-03-12"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "download",
        _run,
        summary="fetch sessions from the telescope's card",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--night", type=_night, metavar="DATE", help="of one night, by its evening's date")
    parser.add_argument("--session", default="", metavar="ID", help="of one session")
    parser.add_argument("--what", choices=WHATS, help="how much of them (default: as configured)")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="archive (default: archive_dir)")
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="of one telescope, when there are several"
    )
    parser.add_argument("--list", action="store_true", help="only tell what would be fetched")
    add_config_flags(parser, "telescope_host", "sessions_dir", "archive_dir")


def _run(arguments: argparse.Namespace) -> int:
    from agent.app.download import Asked, downloads, fetch_all
    from agent.archive.manifest import State
    from agent.archive.words import told
    from agent.clock import SystemClock
    from agent.session.fields import DownloadWhat

    settings = load(arguments)
    if arguments.to is not None:
        archive = settings.archive.model_copy(update={"dir": arguments.to})
        settings = settings.model_copy(update={"archive": archive})
    what = DownloadWhat(arguments.what) if arguments.what else None
    wanted = downloads(settings, Asked(arguments.night, arguments.session, what, arguments.telescope))
    if not wanted:
        print("Nothing is to be fetched.")
        return 0
    if arguments.list:
        for one in wanted:
            print(
                printable(f"{one.session.night}  {one.session.session_id}  {one.session.target}  {one.what}")
            )
        return 0
    bar = _Bar()
    incomplete: list[str] = []

    def done(one: Download, manifest: Manifest, folder: Path) -> None:
        bar.clear()
        print(printable(f"{one.session.session_id}: {told(manifest)} {folder}"), flush=True)
        if manifest.state is not State.COMPLETE:
            incomplete.append(one.session.session_id)

    try:
        asyncio.run(fetch_all(settings, wanted, SystemClock(), progress=bar.show, done=done))
    finally:
        bar.clear()
    return 1 if incomplete else 0


class _Bar:
    """One line that is written over; nothing where no person looks."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = False

    def show(self, progress: Progress) -> None:
        if not self._live:
            return
        from agent.archive.words import size_text

        share = min(1.0, progress.size_done / progress.size) if progress.size else 0.0
        full = round(share * _BAR)
        line = (
            f"{progress.target[:24]} [{'#' * full}{'.' * (_BAR - full)}] {share:4.0%}  "
            f"{progress.files_done}/{progress.files} files  {size_text(progress.rate)}/s"
        )
        sys.stderr.write(f"\r\x1b[K{printable(line)}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False


def _night(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a date such as 2026-03-12, not {text!r}") from None
