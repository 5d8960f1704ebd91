from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.text import escaped, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("M 31, Größe ☁", "M 31, Größe ☁"),
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eevil\u2028", "\\u202eevil\\u2028"),
        ("half \ud800", "half \\ud800"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_what_is_not_plain_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (Path("/n/Größe ☁ \u200d"), "/n/Größe ☁ \u200d"),
        (os.fsdecode(b"m\xff31\n.json"), "m\\xff31\\n.json"),
        ("\ud800\x9b\u2066", "\\ud800\\x9b\\u2066"),
        ("x" * 300, "x" * 300),
    ],
)
def test_a_name_is_shown_whole_and_a_byte_that_is_no_text_as_itself(text: object, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_whatever_comes_it_is_one_line_that_every_terminal_and_encoding_takes(text: str) -> None:
    found = escaped(text)
    assert len(found.splitlines()) <= 1
    assert len(found) <= 200
    assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in found)
    found.encode()
