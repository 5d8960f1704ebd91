"""Files that are chosen on the page, as many as an owner has, and saved with one press."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent.web.agent import Body
from tests.page.conftest import DESKTOP
from tests.web.conftest import FakeAgent

Look = Callable[..., Any]


class Importing(FakeAgent):
    """Makes `each` sessions of a file, and notes what it was given."""

    def __init__(self, each: int = 1) -> None:
        super().__init__()
        self.each = each
        self.read: dict[str, str] = {}

    async def read_file(self, telescope: str, name: str, data: bytes) -> Body:
        self.read[name] = data.decode()
        names = [f"{name}-{number}" for number in range(self.each)]
        sessions = [
            {"name": one, "target": "", "problems": [], "session": {"session_id": one}} for one in names
        ]
        return {"what": "a table of targets (CSV)", "sessions": sessions, "problems": []}


def files(**named: bytes) -> list[Mapping[str, Any]]:
    return [{"name": name, "mimeType": "text/csv", "buffer": data} for name, data in named.items()]


def test_a_list_of_many_targets_is_saved_whole_with_one_press(serve: Look, look: Look) -> None:
    agent = Importing(each=40)
    page = look(f"{serve(agent).address}/new", DESKTOP)
    page.set_input_files("#file", files(winter=b"Name"))
    page.click("[data-save-all]")
    page.wait_for_selector(":nth-match([data-save]:text-is('✓'), 40)", timeout=40_000)
    saved = [payload for asked, _, payload, _ in agent.asked if asked == "submit"]
    assert len(saved) == len(set(saved)) == 40


def test_what_was_refused_can_be_saved_again(serve: Look, look: Look) -> None:
    from agent.web.agent import Answer

    agent = Importing()
    good, agent.answer = agent.answer, Answer(False, {"status": "error", "message": "The disk is full."})
    page = look(f"{serve(agent).address}/new", DESKTOP)
    page.set_input_files("#file", files(winter=b"Name"))
    page.click("[data-save]")
    page.wait_for_selector("[data-save]:has-text('The disk is full.')")
    agent.answer = good
    page.click("[data-save]")
    page.wait_for_selector("[data-save]:has-text('✓')")


def test_no_file_of_many_is_left_out_and_each_is_read_as_it_was_written(serve: Look, look: Look) -> None:
    agent = Importing()
    page = look(f"{serve(agent).address}/new", DESKTOP)
    texts = {f"n{number}": "Name" for number in range(35)} | {
        "utf8": "Größe é",
        "windows": "Größe",
        "excel": "Größe",
    }
    encodings = {"windows": "cp1252", "excel": "utf-16"}
    page.set_input_files(
        "#file",
        files(**{name: text.encode(encodings.get(name, "utf-8")) for name, text in texts.items()}),
    )
    page.wait_for_selector(f":nth-match([data-save], {len(texts)})", timeout=40_000)
    assert agent.read == texts
