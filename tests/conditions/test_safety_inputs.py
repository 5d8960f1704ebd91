from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.conditions.safety.errors import UnreadableInputError
from agent.conditions.safety.inputs import CLOCK_SKEW_S, Reading, read_heartbeat
from agent.conditions.safety.mapping import MappingError, SafeWhen
from agent.events import SafetyLevel

NOW = datetime(2026, 11, 22, 20, 0, 0, tzinfo=UTC)


def _read(payload: object, *, retained: bool = False, ttl_s: float = 180.0, **values: object) -> Reading:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return read_heartbeat(data, received_at=NOW, retained=retained, ttl_s=ttl_s, **values)  # type: ignore[arg-type]


def _stamp(seconds_ago: float) -> str:
    return (NOW - timedelta(seconds=seconds_ago)).isoformat()


@pytest.mark.parametrize("word", [b"safe", b"SAFE", b"ON", b"true", b" on\n"])
def test_a_bare_word_for_safe_is_clear_for_the_configured_time(word: bytes) -> None:
    assert _read(word) == Reading(SafetyLevel.CLEAR, "safe", 180.0)


@pytest.mark.parametrize("word", [b"unsafe", b"OFF", b"False"])
def test_a_bare_word_for_unsafe_is_as_bad_as_the_source_says(word: bytes) -> None:
    assert _read(word).level is SafetyLevel.WARNING
    assert _read(word, unsafe_level=SafetyLevel.ALERT).level is SafetyLevel.ALERT


def test_a_heartbeat_brings_its_reason_its_level_and_its_time_to_live() -> None:
    body = {
        "safe": False,
        "level": "alert",
        "reason": "rain \n now",
        "ts": _stamp(3),
        "ttl": 600,
        "values": {},
    }
    assert _read(body) == Reading(SafetyLevel.ALERT, "rain now", 600.0)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"maybe",
        b"\xff\xfe",
        b"[1]",
        b"1",
        b"null",
        b'{"safe"',
        b"[" * 5000,
        b"x" * 20_000,
        {},
        {"safe": None},
        {"safe": 1},
        {"safe": "perhaps"},
        {"safe": True, "ttl": 0},
        {"safe": True, "ttl": -1},
        {"safe": True, "ttl": 1e9},
        {"safe": True, "ttl": "soon"},
        {"safe": True, "ttl": True},
        b'{"safe": true, "ttl": NaN}',
        {"safe": True, "ts": "yesterday"},
        {"safe": True, "ts": "2026-11-22T20:00:00"},
        {"safe": True, "ts": True},
        {"safe": True, "ts": 1e30},
        {"safe": True, "level": "alert"},
        {"safe": False, "level": "clear"},
        {"safe": False, "level": "purple"},
        {"safe": False, "level": 3},
        b'{"safe": false, "safe": true}',
        b'{"safe": true, "values": {"a": 1, "a": 2}}',
        b'{"safe": true, "reason": "\\ud800"}',
        b'{"safe": true, "values": 1e999}',
    ],
)
def test_what_is_not_understood_is_an_error_and_never_safe(payload: object) -> None:
    with pytest.raises(UnreadableInputError):
        _read(payload)


def test_a_live_message_counts_from_its_arrival_whatever_its_clock_says() -> None:
    for seconds_ago in (0, 30, -50, -5000, 180 + CLOCK_SKEW_S - 1):
        assert _read({"safe": True, "ts": _stamp(seconds_ago)}).good_for_s == 180.0


def test_a_live_message_that_the_broker_held_back_is_stale() -> None:
    assert _read({"safe": True, "ts": _stamp(180 + CLOCK_SKEW_S + 1)}).good_for_s == 0.0


@pytest.mark.parametrize(
    ("seconds_ago", "left"), [(0, 180), (100, 80), (180, 0), (9999, 0), (-30, 180), (-61, 0)]
)
def test_a_retained_message_has_only_the_rest_of_its_time(seconds_ago: float, left: float) -> None:
    assert _read({"safe": True, "ts": _stamp(seconds_ago)}, retained=True).good_for_s == left


def test_a_retained_message_without_a_time_is_stale() -> None:
    assert _read(b"safe", retained=True).good_for_s == 0.0
    assert _read({"safe": True}, retained=True).good_for_s == 0.0


@pytest.mark.parametrize("retained", [False, True])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"ts": _stamp(9_999)},
        {"ts": _stamp(-9_999)},
        {"ts": "yesterday"},
        {"ttl": 1e9},
        {"ttl": 0},
        {"ttl": -5},
        {"ttl": 0.001},
        {"ttl": "soon"},
        {"ts": _stamp(9_999), "ttl": None},
    ],
)
def test_bad_news_is_never_too_old_and_holds_for_the_configured_time(
    more: dict[str, object], retained: bool
) -> None:
    reading = _read({"safe": False, "level": "alert", **more}, retained=retained)
    assert (reading.level, reading.good_for_s) == (SafetyLevel.ALERT, 180.0)


def test_a_reason_is_one_plain_line() -> None:
    assert _read({"safe": True, "reason": "a\n\x1b[31mred\u202e"}).reason == "a \\x1b[31mred\\u202e"


def test_a_time_may_be_seconds_since_1970() -> None:
    for stamp in (NOW.timestamp() - 100, str(NOW.timestamp() - 100)):
        assert _read({"safe": True, "ts": stamp}, retained=True).good_for_s == pytest.approx(80)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
bodies = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("safe", "level", "ttl", "ts", "reason", "values"), json_values)
)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=60), bodies.map(lambda body: json.dumps(body).encode())), st.booleans())
def test_only_a_message_that_says_safe_is_safe(payload: bytes, retained: bool) -> None:
    try:
        reading = read_heartbeat(payload, received_at=NOW, retained=retained, ttl_s=180.0)
    except UnreadableInputError:
        return
    assert 0 <= reading.good_for_s <= 3600
    if reading.level is SafetyLevel.CLEAR:
        text = payload.decode().strip().casefold()
        said = text if text in {"safe", "on", "true"} else json.loads(payload)["safe"]
        assert str(said).strip().casefold() in {"safe", "on", "true"}


# -- mapping ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("safe_when", "payload", "safe"),
    [
        (SafeWhen(below=30), b"29.9", True),
        (SafeWhen(below=30), b"30", False),
        (SafeWhen(above=5, below=30), b"5", False),
        (SafeWhen(above=5, below=30), b" 6 ", True),
        (SafeWhen(path="sky.cloud", below=30), b'{"sky": {"cloud": "12"}}', True),
        (SafeWhen(path="$.list.1.v", above=0), b'{"list": [0, {"v": 3}]}', True),
        (SafeWhen(path="X.wind.X", below=30), b'{"X": {"wind": {"X": 12}}}', True),
        (SafeWhen(equals="dry"), b"DRY", True),
        (SafeWhen(equals="dry"), b'"wet"', False),
        (SafeWhen(path="rain", equals=False), b'{"rain": false}', True),
        (SafeWhen(path="rain", equals="off"), b'{"rain": false}', True),
        (SafeWhen(equals=False), b"OFF", True),
        (SafeWhen(equals=False), b"ON", False),
        (SafeWhen(equals="0"), b"0.0", True),
        (SafeWhen(equals=0), b"1", False),
    ],
)
def test_a_mapping_says_what_is_safe(safe_when: SafeWhen, payload: bytes, safe: bool) -> None:
    assert safe_when.read(payload)[0] is safe


@pytest.mark.parametrize(
    ("safe_when", "payload"),
    [
        (SafeWhen(below=30), b"unavailable"),
        (SafeWhen(equals="unknown"), b"unknown"),
        (SafeWhen(below=30), b""),
        (SafeWhen(below=30), b"cloudy"),
        (SafeWhen(below=30), b"true"),
        (SafeWhen(below=30), b"NaN"),
        (SafeWhen(below=30), b"Infinity"),
        (SafeWhen(below=30), b"[1]"),
        (SafeWhen(below=30), b"null"),
        (SafeWhen(below=30), b"\xff"),
        (SafeWhen(path="a.b", below=30), b'{"a": 3}'),
        (SafeWhen(path="a.9", below=30), b'{"a": [1]}'),
        (SafeWhen(path="a", below=30), b"12"),
        (SafeWhen(path="wet", equals=False), b'{"wet": true, "wet": false}'),
        (SafeWhen(path="wet", equals=False), b'{"wet": false, "x": ' + b"[" * 99 + b"]" * 99 + b"}"),
    ],
)
def test_a_value_that_says_nothing_is_an_error(safe_when: SafeWhen, payload: bytes) -> None:
    with pytest.raises(UnreadableInputError):
        safe_when.read(payload)


def test_a_mapping_that_says_nothing_or_allows_nothing_is_an_error() -> None:
    with pytest.raises(MappingError, match="above, below or equals"):
        SafeWhen(path="x")
    with pytest.raises(MappingError, match="Nothing is above 30 and below 20"):
        SafeWhen(above=30, below=20)
    with pytest.raises(MappingError, match="numbers"):
        SafeWhen(below=float("nan"))


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=40), json_values.map(lambda value: json.dumps(value).encode())))
def test_a_mapping_never_calls_safe_what_is_outside_its_limits(payload: bytes) -> None:
    try:
        safe, words = SafeWhen(above=0, below=10).read(payload)
    except UnreadableInputError:
        return
    assert safe is (0 < float(words) < 10)
