"""Session files that wait to be selected: drafts in the base folder (moved), samples beside them (copied)."""

from __future__ import annotations

import os
from pathlib import Path

from agent.session.problems import InvalidSessionError
from agent.store import disk
from agent.store.disk import Stamp
from agent.store.documents import Content, ContentReader
from agent.store.errors import UnknownSessionError, store_error
from agent.store.folders import SAMPLES, Folder, Tree, is_session_name
from agent.store.model import Draft
from agent.text import printable

DEFAULTS = "defaults.json"  # fills missing fields of sessions; no session itself


def list_drafts(tree: Tree, reader: ContentReader) -> list[Draft]:
    """Return every draft and sample by name; samples are called `samples/<name>`."""
    drafts = []
    for name in _names(tree.root):
        content = _content(tree.root / name, reader)
        if content is not None:
            drafts.append(Draft(printable(name), content.document, content.problems))
    return drafts


def select_draft(tree: Tree, reader: ContentReader, name: str) -> Path:
    """Put a draft into ToDo/ and return its place there; InvalidSessionError when it cannot run."""
    known = {printable(known): known for known in _names(tree.root)}
    if name not in known:
        raise UnknownSessionError(
            f"There is no draft {name} in {printable(tree.root)}.", hint="See the list of drafts."
        )
    source = tree.root / known[name]
    content = _content(source, reader)
    if content is None:
        raise UnknownSessionError(f"The draft {name} is being written; select it again in a moment.")
    if not content.usable:
        raise InvalidSessionError(content.problems)
    try:
        if source.parent == tree.root:
            return disk.move(source, tree[Folder.TO_DO], source.name)
        return disk.create(tree[Folder.TO_DO], source.name, source.read_bytes())
    except OSError as error:
        raise store_error(error, "select the draft", source) from error


def _names(root: Path) -> list[str]:
    names: list[str] = []
    for folder in ("", SAMPLES):
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(entry.name for entry in entries if is_session_name(entry.name))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise store_error(error, "look for drafts", root / folder) from error
        names += [f"{folder}/{name}" if folder else name for name in found if name != DEFAULTS]
    return names


def _content(path: Path, reader: ContentReader) -> Content | None:
    try:
        return reader.read(path, Stamp.of(path.lstat()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise store_error(error, "read the draft", path) from error
