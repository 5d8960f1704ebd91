"""`docs/session-format.md` has every key that is read, who writes it, and what it does."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.session import foreign
from agent.session.sections import ACTUAL, ENVELOPE, OUTPUT, SECTIONS, WAIT_TYPO, IdCommand

PAGE = (Path(__file__).parents[2] / "docs" / "session-format.md").read_text()
WRITERS = {"all", "2026", "forks", "agent"}
CHAPTERS = {
    "id_command": ("`id_command`", "What is written back"),
    "conditions": ("`conditions`",),
    "goal": ("`goal`",),
    "repeat": ("`repeat`",),
    "mosaic": ("`mosaic`",),
    "dark_frames": ("Steps", "`dark_frames`"),
    "refocus": ("`refocus`",),
    "download": ("`download`",),
    "setup_camera": ("Steps", "Camera settings"),
    "setup_wide_camera": ("Steps", "Camera settings"),
}


def chapter(title: str) -> str:
    """The text from a heading that begins with these words to the next heading."""
    found = re.search(rf"^#+ {re.escape(title)}[^\n]*\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {title}"
    return found[1]


def rows(*titles: str) -> Iterator[list[str]]:
    """The cells of every table row in these chapters, without headings and rules."""
    for title in titles:
        for line in re.findall(r"^\|(.*)\|$", chapter(title), re.MULTILINE):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
            if "`" in cells[0]:
                yield cells


def written(cell: str) -> set[str]:
    return set(re.findall(r"`([A-Za-z_]+)`", cell))


def keys_of(model: type) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize("section", ["id_command", *SECTIONS])
def test_every_key_of_a_section_has_its_writer_and_its_effect(section: str) -> None:
    model = IdCommand if section == "id_command" else SECTIONS[section]
    titles = CHAPTERS.get(section, ("Steps",))
    told: dict[str, list[str]] = {}
    for cells in rows(*titles):
        if len(cells) == 2 and section == "conditions":  # its table is made; the text says who writes it
            cells.insert(1, "agent")
        if len(cells) != 3:
            continue
        first = cells[0].partition(":")
        here = first[0] != cells[0] and section not in written(first[0])  # keys of another section
        told.update(dict.fromkeys(() if here else written(cells[0]), cells[1:]))
    plain = {"goal", "repeat", "conditions", "mosaic", "refocus", "download"}
    missing = keys_of(model) - told.keys() - ({"do_action"} if section in plain else set())
    assert missing == set()
    for key in keys_of(model) & told.keys():
        writer, effect = told[key]
        assert set(re.sub(r"`\w+`", "", writer).replace(";", " ").replace(",", " ").split()) <= WRITERS, key
        assert len(effect) > 3, key


def test_every_section_is_named() -> None:
    assert SECTIONS.keys() | OUTPUT <= written(PAGE)


def test_keys_of_other_programs_that_are_kept_are_named() -> None:
    kept = {key for model in (IdCommand, *SECTIONS.values()) for key in model.known_extras}
    assert kept >= ACTUAL
    assert kept | {WAIT_TYPO} | ENVELOPE <= written(PAGE)


def test_every_key_of_the_foreign_format_is_named() -> None:
    tree = ast.parse(inspect.getsource(foreign))
    read = {
        node.args[-1 if isinstance(node.func, ast.Name) else 0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", "") == "get" or getattr(node.func, "id", "") == "_section")
        and isinstance(node.args[-1 if isinstance(node.func, ast.Name) else 0], ast.Constant)
    }
    assert {"scheduled_start", "exposure_seconds", "workflow", "wait_after_seconds"} <= read
    steps = {"autofocus", "infinite_focus", "polar_align", "calibrate", "rows", "columns"}
    assert read | steps | {foreign.ORIGINAL} <= written(chapter("The format of Astro Dwarf"))
