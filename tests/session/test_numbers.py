from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session.numbers import read_boolean, read_integer, read_number, read_seconds, read_text, shown
from agent.session.problems import BadValueError
from tests.support.chance import often

BOUNDED = settings(deadline=None, max_examples=often(80))

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "number"), [("10", 10), (" 10 ", 10), ("3.0", 3), (10.0, 10), ("+4", 4), ("−4", -4)]
)
def test_whole_numbers_may_be_strings(value: object, number: int) -> None:
    assert read_integer(value) == number


@pytest.mark.parametrize("value", ["3.5", 3.5, "ten", "", "1_000", "0x10", True, None, [], "nan", 10**400])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(BadValueError):
        read_integer(value)


@pytest.mark.parametrize(("value", "number"), [("10,5", 10.5), ("-0,5", -0.5), (",5", 0.5), ("0,125", 0.125)])
def test_the_decimal_sign_may_be_a_comma(value: str, number: float) -> None:
    assert read_number(value) == number


@pytest.mark.parametrize("value", ["1,500", " 12,000 ", "-1,000"])
def test_a_comma_that_may_group_thousands_is_refused_with_both_readings(value: str) -> None:
    with pytest.raises(BadValueError) as caught:
        read_number(value)
    assert value.strip().replace(",", "") in caught.value.hint
    assert value.strip().replace(",", ".") in caught.value.hint
    assert read_number(value, grouped=False) == float(value.replace(",", "."))


@pytest.mark.parametrize("value", [True, 1, 1.0, "true", "True", " TRUE ", "1", "yes", "on"])
def test_true_in_all_its_spellings(value: object) -> None:
    assert read_boolean(value) is True


@pytest.mark.parametrize("value", [False, 0, "false", "False", "0", "no", "off"])
def test_false_in_all_its_spellings(value: object) -> None:
    assert read_boolean(value) is False


@pytest.mark.parametrize("value", [2, "2", "maybe", "", None, [], {}])
def test_what_is_neither_true_nor_false_is_refused(value: object) -> None:
    with pytest.raises(BadValueError):
        read_boolean(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(10, 10), ("10", 10), (2.5, 2.5), ("01:30:00", 5400), ("00:00:30", 30), ("24:00:00", 86400)],
)
def test_durations_are_seconds_or_hours_minutes_seconds(value: object, seconds: float) -> None:
    assert read_seconds(value) == seconds


@pytest.mark.parametrize(
    "value", [-1, "-5", "25:00:00", 86401, "01:30", "00:60:00", "soon", True, None, math.nan]
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(BadValueError):
        read_seconds(value)


@BOUNDED
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_and_its_text_read_the_same(number: float) -> None:
    assert read_number(repr(number)) == read_number(number) == number


@BOUNDED
@given(JSON_VALUES)
def test_readers_refuse_in_one_way_only(value: object) -> None:
    for reader in (read_number, read_integer, read_boolean, read_seconds, read_text):
        with suppress(BadValueError):
            reader(value)
    assert len(shown(value)) <= 62
