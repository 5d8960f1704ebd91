"""The one strict reader of JSON from strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.json_in import (
    BadNumberError,
    DuplicateKeyError,
    HalfCharacterError,
    JsonError,
    NotJsonError,
    NotUtf8Error,
    TooDeepError,
    TooLargeError,
    check_value,
    read_json,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("data", "kind", "place", "words"),
    [
        (b" " * 300_000, TooLargeError, "", "300000 bytes"),
        (b"\xff\xfe", NotUtf8Error, "", "byte 0"),
        (b"{", NotJsonError, "", "line 1"),
        (b"", NotJsonError, "", "line 1"),
        (b"[" * 100_000, TooDeepError, "", "32 levels"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, TooDeepError, "", "32 levels"),
        (b'{"safe":false,"safe":true}', DuplicateKeyError, "", '"safe"'),
        (b'{"a":[{"b/c":{"x":1,"x":1}}]}', DuplicateKeyError, "/a/0/b~1c", '"x"'),
        (b'{"a":{"a\\n":1,"a\\n":1}}', DuplicateKeyError, "/a", '"a\\n"'),
        (b'{"a":[1,NaN]}', BadNumberError, "/a/1", "NaN"),
        (b"-Infinity", BadNumberError, "", "-Infinity"),
        (b'{"a":1e999}', BadNumberError, "/a", "1e999"),
        (b'{"a":' + b"9" * 401 + b"}", BadNumberError, "/a", "401 digits"),
        (b'{"a":"\\ud800"}', HalfCharacterError, "/a", "surrogate"),
        (b'{"a":{"\\udfff":1}}', HalfCharacterError, "/a", "surrogate"),
    ],
)
def test_what_is_refused_is_refused_by_type_with_its_place(
    data: bytes, kind: type[JsonError], place: str, words: str
) -> None:
    with pytest.raises(kind) as caught:
        read_json(data)
    assert type(caught.value) is kind
    assert caught.value.place == place
    assert words in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("{'a': 1}", "use | to_json"),
        ('{"a": True}', "use | to_json"),
        ('{"a": 1,}', "the comma before the bracket"),
        ('{"a": [1, 2,\n ]}', "the comma before the bracket"),
        ("{“a”: 1}", "plain quotes"),
        ('{"a": 1, // one\n "b": 2}', "no comments"),
        ('{"a": 1', ""),
    ],
)
def test_a_usual_slip_is_told_with_its_remedy(text: str, remedy: str) -> None:
    with pytest.raises(NotJsonError) as caught:
        read_json(text)
    assert remedy in caught.value.hint
    assert bool(remedy) == bool(caught.value.hint)


@settings(deadline=None)
@given(VALUES)
def test_what_json_can_hold_comes_through_unchanged(value: Any) -> None:
    text = json.dumps(value)
    assert read_json(text.encode()) == value
    assert read_json("\ufeff" + text) == value


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200) | VALUES.map(json.dumps).map(lambda t: t[:-1]))
def test_any_input_is_a_clean_value_or_an_error_of_its_own(data: bytes | str) -> None:
    try:
        value = read_json(data)
    except JsonError:
        return
    check_value(value)
    assert read_json(json.dumps(value, allow_nan=False)) == value


@pytest.mark.parametrize("value", [{"a": object()}, {1: 2}, {"a": float("inf")}, {"a": "\ud800"}, (1,)])
def test_a_decoded_value_is_held_to_the_same(value: object) -> None:
    with pytest.raises(JsonError):
        check_value(value)
