from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session.identity import MAX_LENGTH, is_safe_session_id, safe_session_id
from tests.support.chance import often

NAMES = st.text(max_size=150) | st.text("ab./\\:-_ CONconaux1.json\x00é", max_size=30)


@pytest.mark.parametrize("name", ["m42", "2026-03-12-22-00-00-M42", "tonight_1", "a.b", "M31--2026-03-12"])
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    assert safe_session_id(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            "../../etc/passwd",
            "/etc/passwd",
            "C:\\x",
            "a/b",
            "a+b",
            "a#b",
            "$SYS",
            "a\x00b",
            "a\nb",
        ),
        *("CON", "nul", "com1.txt", "LPT9", ".hidden", "dot.", "x.json", "X.JSON", "a..b", "M 42", "é", "星"),
        *("x" * 300, "-rf"),
    ],
)
def test_an_unsafe_name_becomes_a_safe_one(name: str) -> None:
    assert not is_safe_session_id(name)
    assert is_safe_session_id(safe_session_id(name))


def test_a_changed_name_stays_readable() -> None:
    assert safe_session_id("Nébuleuse d'Orion 42").startswith("Nebuleuse-d-Orion-42-")


def test_names_that_look_alike_stay_different() -> None:
    assert len({safe_session_id(name) for name in ("a b", "a/b", "a\\b", "a-b", "a  b", "a b ")}) == 6


@settings(deadline=None, max_examples=often(150))
@given(NAMES)
def test_every_name_gives_one_safe_id(name: str) -> None:
    made = safe_session_id(name)
    assert is_safe_session_id(made)
    assert len(made) <= MAX_LENGTH
    assert safe_session_id(made) == made
    assert safe_session_id(name) == made
    assert not set(made) & set('/\\:*?"<>|+#$\x00 ')
