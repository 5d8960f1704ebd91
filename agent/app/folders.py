"""Which telescope has which session folder, when telescopes are added, removed or renamed.

A folder remembers whose it is. That telescope keeps it, wherever the settings would put a new one, so nothing
that waits, ran or was announced is orphaned. What cannot be told for certain is said in words.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.settings import Settings, TelescopeSettings
from agent.station.state_file import StateFile
from agent.store.folders import Folder, Tree, is_session_name
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_OWNER = "owner"
_WORD = b'"telescope"'


@dataclass(frozen=True, slots=True)
class Placement:
    """The settings with every telescope's `sessions_dir`, and what a person must know or decide."""

    settings: Settings
    warnings: tuple[str, ...] = ()


def state_of(folder: Path) -> StateFile:
    """Return the file in which a session folder keeps its telescope's facts; not loaded yet."""
    return StateFile(Tree(folder).ledger.with_name("telescope.json"))


def note_owner(state: StateFile, telescope_id: str, own: TelescopeSettings) -> None:
    """Write down whose folder this is."""
    state.set(**{_OWNER: {"id": telescope_id, "name": own.name, "address": _address(own)}})


def place(settings: Settings) -> Placement:
    """Decide on every telescope's folder. Reads the folders and changes nothing; call it in a thread."""
    fixed = {own.sessions_dir.resolve() for own in settings.telescopes if own.sessions_dir is not None}
    known = [folder for folder in _known(settings) if folder.resolve() not in fixed]
    owners = {folder: owner for folder in known if (owner := _owner(folder))}
    claims, warnings = _claims(settings, owners)
    used = set(fixed)
    placed: list[TelescopeSettings] = []
    for own in settings.telescopes:
        folder = own.sessions_dir or _choose(settings, own, claims, used)
        used.add(folder.resolve())
        if own.sessions_dir is None and folder != settings.sessions_dir_of(own):
            _LOGGER.info("Telescope %s keeps its session folder %s", _called(own), printable(folder))
        placed.append(own.model_copy(update={"sessions_dir": folder}))
    for folder in known:
        if folder.resolve() not in used and (count := _waiting(folder)):
            warnings.append(_left_behind(folder, count, owners.get(folder, {})))
    for warning in warnings:
        _LOGGER.warning("%s", warning)
    return Placement(settings.model_copy(update={"telescopes": tuple(placed)}), tuple(warnings))


def _known(settings: Settings) -> list[Path]:
    """The folders that settings without a telescope's own `sessions_dir` can have led to."""
    root = settings.sessions_dir
    return [root, *sorted((root.parent / "Devices_Sessions").glob(f"*/{root.name}"))]


def _owner(folder: Path) -> dict[str, str]:
    state = state_of(folder)
    facts = state.load()
    owner = facts.get(_OWNER, {"id": facts.get("id")})
    if not isinstance(owner, dict):
        return {}
    return {key: value for key, value in owner.items() if isinstance(value, str) and value}


def _claims(
    settings: Settings, owners: Mapping[Path, Mapping[str, str]]
) -> tuple[dict[int, list[Path]], list[str]]:
    """The folders of each telescope (by its place in the list), and what is not clear."""
    claims: dict[int, list[Path]] = {}
    unclear: list[str] = []
    free = [(at, own) for at, own in enumerate(settings.telescopes) if own.sessions_dir is None]
    ids = {owner.get("id") for owner in owners.values()}
    for folder, owner in owners.items():
        claimants = [at for at, own in free if own.id and own.id == owner.get("id")] or [
            at
            for at, own in free
            if own.id not in ids  # who is known by id is not mistaken for who had that address before
            if (own.name and own.name == owner.get("name"))
            or (own.host and _address(own) == owner.get("address"))
        ]
        if len(claimants) == 1:
            claims.setdefault(claimants[0], []).append(folder)
        elif claimants:
            names = " and ".join(_called(settings.telescopes[at]) for at in claimants)
            unclear.append(
                f"{printable(folder)} was of one telescope, and both {names} look like it. "
                "Set sessions_dir to it for the right one."
            )
    return claims, unclear


def _choose(
    settings: Settings, own: TelescopeSettings, claims: Mapping[int, list[Path]], used: set[Path]
) -> Path:
    place = settings.telescopes.index(own)
    if mine := claims.get(place):
        return mine[0]  # of several, sessions_dir itself is the one of longest standing
    usual = settings.sessions_dir_of(own)
    others = {folder.resolve() for at, folders in claims.items() if at != place for folder in folders} | used
    folder, number = usual, 2
    while folder.resolve() in others:  # another telescope had that name before
        folder = usual.parent.with_name(f"{usual.parent.name}-{number}") / usual.name
        number += 1
    return folder


def _waiting(folder: Path) -> int:
    tree = Tree(folder)
    return sum(_sessions_in(tree[place]) for place in (Folder.TO_DO, Folder.CURRENT))


def _sessions_in(folder: Path) -> int:
    """Count the sessions of a folder, but for those that say themselves which telescopes may have them."""
    try:
        paths = [path for path in folder.iterdir() if is_session_name(path.name)]
        return sum(_WORD not in path.read_bytes() for path in paths)
    except OSError:
        return 0


def _left_behind(folder: Path, count: int, owner: Mapping[str, str]) -> str:
    whose = owner.get("name") or owner.get("id") or owner.get("address")
    was = f" (it was {whose}'s)" if whose else ""
    what = "session waits" if count == 1 else "sessions wait"
    return (
        f"{count} {what} in {printable(folder)}, which no configured telescope uses{was}. To run them, move "
        f"them into a telescope's {Folder.TO_DO.value}/, or set a telescope's sessions_dir to that folder."
    )


def _address(own: TelescopeSettings) -> str:
    return f"{own.host}:{own.port}" if own.host else ""


def _called(own: TelescopeSettings) -> str:
    return own.name or own.id or own.host or "without a name"
