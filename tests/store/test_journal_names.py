"""Which session a file in Current/ is, whatever name or number it or its session had to take."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.session.document import read_session
from agent.store.journal import Journals
from tests.app.conftest import session


@pytest.mark.parametrize(
    ("copies", "name", "session_id"),
    [
        (["a"], "a.json", "a"),
        (["a"], "a--2.json", "a"),
        (["a--2"], "a.json", "a--2"),
        (["a", "a--2"], "a.json", "a"),
        (["a", "a--2"], "a--2.json", "a--2"),
        (["a--2", "a--3"], "a.json", "a"),
        ([], "a.json", "a"),
        (["b--2"], "a.json", "a"),
    ],
)
def test_a_file_in_current_is_the_session_that_began_with_it(
    tmp_path: Path, copies: list[str], name: str, session_id: str
) -> None:
    document = read_session(session()).document
    assert document is not None
    journals = Journals(tmp_path)
    for one in copies:
        journals.keep_copy(one, document)
    assert journals.begun(name) == session_id
