"""A simulated telescope whose card holds a session, and the fetching of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from agent.archive.fetch import Progress, SessionFetch
from agent.archive.manifest import Manifest
from agent.archive.pace import Pace
from agent.clock import LoopClock
from agent.session.fields import DownloadWhat
from agent.store.ended import EndedSession
from agent.targets import Site
from agent.telescope.dwarf.card_files import HttpCard
from agent.telescope.dwarf.card_ftp import FtpCard
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.card import SessionFolder
from tests.support.virtual_loop import run_virtual

T = TypeVar("T")
NIGHT = datetime(2026, 3, 12, 20, 0, tzinfo=UTC)


def ended(*folders: str, taken: int = 3, stacked: int = 2) -> EndedSession:
    """A session as its file in Done/ tells of it."""
    return EndedSession(
        session_id="m42",
        target="M 42",
        telescope="scope",
        night=date(2026, 3, 12),
        began_at=NIGHT,
        ended_at=NIGHT,
        outcome="completed",
        reason="",
        message="",
        requested=3,
        taken=taken,
        stacked=stacked,
        integration_s=20.0,
        filter="Astro",
        folders=folders,
        place={},
        row={},
    )


@dataclass
class Stand:
    """What a test works with: `root` is the archive, `session` what is fetched."""

    sim: SimulatedDwarf
    card: HttpCard
    clock: LoopClock
    root: Path
    session: EndedSession
    heard: list[Progress]
    site: Site | None = None
    siril: bool = False

    @property
    def folder(self) -> str:
        return self.session.folders[0]

    def fetch(self, what: DownloadWhat = DownloadWhat.ALL, rate: float = 0.0) -> SessionFetch:
        return SessionFetch(
            self.card,
            self.root,
            self.session,
            what,
            clock=self.clock,
            pace=Pace(self.clock, rate),
            tell=self.heard.append,
            site=self.site,
            siril=self.siril,
        )

    def served(self) -> dict[str, bytes]:
        """Every file of the session on the card, by its path below the folder."""
        card = self.sim.device.card
        session = card.session(self.folder)
        assert session is not None
        found = {path.removeprefix(self.folder + "/"): card.read(path) for path in card.files(session)}
        return {name: content[0] for name, content in found.items() if content is not None}

    def check(self, manifest: Manifest) -> None:
        """Everything that the card has is in the archive, byte for byte, and nothing else beside our note."""
        served = self.served()
        folder = next((self.root / "M 42").iterdir())
        assert {entry.source: (folder / entry.name).read_bytes() for entry in manifest.files} == served
        there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert there == {entry.name for entry in manifest.files} | {"info/archive.json"}


def came(path: Path, theirs: bytes) -> bool:
    """Whether a file is what the card has; of a FITS header, all that it says there, and perhaps more."""
    ours = path.read_bytes()
    if ours == theirs or not theirs.startswith(b"SIMPLE  ="):
        return ours == theirs
    split = [(content[: (end := _end_of_header(content))], content[end:]) for content in (ours, theirs)]
    said = [[head[at : at + 80] for at in range(0, len(head), 80)] for head, _ in split]
    says = [card for card in said[1] if card[10:].strip() not in (b"", b"''", b"'        '")]
    return split[0][1] == split[1][1] and all(card in said[0] for card in says)


def _end_of_header(content: bytes) -> int:
    blocks = (content[at : at + 2880] for at in range(0, len(content), 2880))
    return next(n for n, block in enumerate(blocks, start=1) if b"END".ljust(80) in block) * 2880


def take(sim: SimulatedDwarf, frames: int = 3, camera: int = 0, second: int = 0) -> str:
    """Put a finished capture on the card; of its frames the second was not stacked."""
    card = sim.device.card
    began = NIGHT.replace(second=second)
    path = card.folder_name(camera, "M 42", "10", 80, began)
    card.open(
        SessionFolder(
            path, camera, "M 42", 5.59, -5.39, "10", 10.0, 80, 1, "Astro", 0, "FITS", frames, began, began
        )
    )
    for number in range(1, frames + 1):
        card.frame(path, number, stacked=number != 2, when=began.replace(minute=number))
    card.close(path, began.replace(minute=frames))
    return path


def at_stand(root: Path, work: Callable[[Stand], Awaitable[T]], *faults: str, **options: Any) -> T:
    """Do this in virtual time with one session on the card."""

    async def run() -> T:
        clock = LoopClock(NIGHT)
        wanted = SimulatorOptions.from_mapping(
            {"model": "D3", "card_port": 0, "faults": list(faults), **options}
        )
        async with SimulatedDwarf(wanted, clock) as sim:
            http = DwarfHttp("127.0.0.1", sim.http_port, card_port=sim.card_port or 0)
            session = ended(take(sim))
            ftp = FtpCard("127.0.0.1", sim.ftp_port) if sim.ftp_port is not None else None
            return await work(Stand(sim, HttpCard(http, ftp), clock, root, session, []))

    return run_virtual(run(), real_threads="ftp_port" in options)  # its library reads in a thread


def with_folders(stand: Stand, *folders: str) -> None:
    """Let the session have these folders too."""
    stand.session = replace(stand.session, folders=(*stand.session.folders, *folders))
