"""Fetching sessions by hand: straight from the card, whether or not an agent runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.app.building import moved
from agent.app.folders import place, state_of
from agent.archive.fetch import Progress, SessionFetch
from agent.archive.manifest import Manifest, folder_of, load
from agent.archive.pace import Pace
from agent.clock import Clock
from agent.errors import AgentError
from agent.session.fields import DownloadWhat
from agent.settings import Settings, TelescopeSettings
from agent.store.ended import EndedSession, ended_sessions
from agent.store.folders import Tree
from agent.telescope.dwarf.card_files import HttpCard
from agent.telescope.dwarf.card_ftp import FtpCard
from agent.telescope.dwarf.http import DwarfHttp

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be fetched; None and "" are no restriction."""

    night: date | None = None
    session_id: str = ""
    what: DownloadWhat | None = None
    telescope: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """One session that is to be fetched, from which telescope."""

    own: TelescopeSettings
    session: EndedSession
    what: DownloadWhat


def downloads(settings: Settings, asked: Asked) -> list[Download]:
    """Return what is asked for and not in the archive yet, oldest first. AgentError without an archive."""
    archive = archive_of(settings)
    found = [one for one in _asked_for(settings, asked) if not _is_there(archive, one)]
    return sorted(found, key=lambda one: one.session.began_at)


def archive_of(settings: Settings) -> Path:
    """Return the archive's folder."""
    if settings.archive.dir is None:
        raise AgentError(
            "The archive's folder is not set.",
            code="no_archive",
            hint="Give --to FOLDER, or set archive_dir in the configuration.",
        )
    return settings.archive.dir


async def fetch_all(
    settings: Settings,
    wanted: Iterable[Download],
    clock: Clock,
    *,
    progress: Callable[[Progress], None],
    done: Callable[[Download, Manifest, Path], None],
) -> None:
    """Fetch these, one after the other. UnreachableError from the telescope, ArchiveError from the disk."""
    pace = Pace(clock, settings.archive.max_mb_per_s * _MB)
    for one in wanted:
        own = one.own
        http = DwarfHttp(own.host, own.http_port, card_port=own.card_port)
        fetch = SessionFetch(
            HttpCard(http, FtpCard(own.host, own.ftp_port)),
            archive_of(settings),
            one.session,
            one.what,
            clock=clock,
            pace=pace,
            tell=progress,
            site=settings.site.site(),
            siril=settings.archive.siril,
        )
        done(one, await fetch.run(), fetch.folder)


def _asked_for(settings: Settings, asked: Asked) -> Iterator[Download]:
    zone, site = ZoneInfo(settings.site.zone_name), settings.site.site()
    matched, there = False, not asked.session_id
    for own in place(settings).settings.telescopes:
        folder = settings.sessions_dir_of(own)
        state = state_of(folder)
        facts = state.load()
        if asked.telescope and asked.telescope not in (own.id, own.name, own.host, facts.get("id")):
            continue
        matched = True
        for session in ended_sessions(Tree(folder), zone, site):
            if asked.session_id not in ("", session.session_id):
                continue
            there = True
            if asked.night in (None, session.night) and session.folders:
                yield Download(moved(own, state), session, asked.what or _what(settings, session))
    if not matched:
        raise AgentError(f"No telescope {asked.telescope!r} is configured.", code="unknown_telescope")
    if not there:
        raise AgentError(
            f"No session {asked.session_id!r} has ended here.",
            code="unknown_session",
            hint="Its id is usually the name of its file in Done/ or Error/, without .json.",
        )


def _what(settings: Settings, session: EndedSession) -> DownloadWhat:
    own = session.document.download if session.document is not None else None
    return own.what if own is not None else DownloadWhat(settings.archive.what)


def _is_there(archive: Path, one: Download) -> bool:
    session = one.session
    known = load(folder_of(archive, session))
    whole = known is not None and all(entry.done for entry in known.files)
    return one.what is DownloadWhat.NONE or (
        whole and known is not None and known.covers(one.what, session.folders)
    )
