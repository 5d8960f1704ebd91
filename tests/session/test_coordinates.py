from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session.coordinates import format_dec, format_ra, parse_dec, parse_ra
from agent.session.problems import BadValueError
from tests.support.chance import often

BOUNDED = settings(deadline=None, max_examples=often(80))

HOURS = st.floats(0, 24, exclude_max=True, allow_nan=False).map(abs)
DEGREES = st.floats(-90, 90, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        (0, 0.0),
        (0.0, 0.0),
        (23.999, 23.999),
        ("5.588", 5.588),
        (" 5.588 ", 5.588),
        ("00:42:44", 42 / 60 + 44 / 3600),
        ("00:42:44.35", 42 / 60 + 44.35 / 3600),
        ("00hr 42' 44\"", 42 / 60 + 44 / 3600),
        ("16h 22' 49\"", 16 + 22 / 60 + 49 / 3600),
        ("16h22m49s", 16 + 22 / 60 + 49 / 3600),
        ("16h 22m 49.5s", 16 + 22 / 60 + 49.5 / 3600),
        ("16 22 49", 16 + 22 / 60 + 49 / 3600),
        ("16h 22’ 49″", 16 + 22 / 60 + 49 / 3600),
        ("16.4599hr", 16.4599),
        ("16.4599 h", 16.4599),
        ("16:22.5", 16.375),
        ("5,588", 5.588),
        ("05:35:17,3", 5 + 35 / 60 + 17.3 / 3600),
        ("5,588 hr", 5.588),
        ('"05:35:17"', 5 + 35 / 60 + 17 / 3600),
        ('05h 35\' 17""', 5 + 35 / 60 + 17 / 3600),
        ("275.2°", 275.2 / 15),
        ("275,2 º", 275.2 / 15),
        ("275.2deg", 275.2 / 15),
        ("83° 49' 15\"", (83 + 49 / 60 + 15 / 3600) / 15),
        ("0°", 0.0),
    ],
)
def test_right_ascension_is_read_in_every_shape(text: object, hours: float) -> None:
    assert parse_ra(text) == pytest.approx(hours, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        (0, 0.0),
        (-90, -90.0),
        ("-12:30:00", -12.5),
        ("-00:30:00", -0.5),
        ("+00:30:00", 0.5),
        ("-00º 30' 00\"", -0.5),
        ("-23º 32' 13\"", -(23 + 32 / 60 + 13 / 3600)),
        ("−23° 32’ 13″", -(23 + 32 / 60 + 13 / 3600)),
        ("-25.7169º", -25.7169),
        ("- 25.7169 °".replace("- ", "-"), -25.7169),
        ("+41d16m09s", 41 + 16 / 60 + 9 / 3600),
        ("41 16 09", 41 + 16 / 60 + 9 / 3600),
        ("90:00:00", 90.0),
        ("41,269", 41.269),
        ("-5,391°", -5.391),
        ("69°03'55\" N", 69 + 3 / 60 + 55 / 3600),
        ("69°03'55\"N", 69 + 3 / 60 + 55 / 3600),
        ("16:10:20 S", -(16 + 10 / 60 + 20 / 3600)),
        ("16:10:20S", -(16 + 10 / 60 + 20 / 3600)),
        ("S 16 10 20", -(16 + 10 / 60 + 20 / 3600)),
        ("N69.0653", 69.0653),
        ("16.17° south", -16.17),
        ("16.17° North", 16.17),
        ("16.17 n", 16.17),
        ("41D16M09S", 41 + 16 / 60 + 9 / 3600),
        ("41d16m09s S", -(41 + 16 / 60 + 9 / 3600)),
        ("41d16m09s", 41 + 16 / 60 + 9 / 3600),
        ('69°03\'55""', 69 + 3 / 60 + 55 / 3600),
        ('"-16:10:20"', -(16 + 10 / 60 + 20 / 3600)),
    ],
)
def test_declination_is_read_in_every_shape(text: object, degrees: float) -> None:
    assert parse_dec(text) == pytest.approx(degrees, abs=1e-9)


def test_what_a_coordinate_is_called_may_stand_before_it_and_its_unit_after_it() -> None:
    for text in ("RA 05h35m17s", "ra: 05:35:17", "R.A. = 5 35 17", "α 05:35:17", "05:35:17 h"):
        assert parse_ra(text) == pytest.approx(5.58806, abs=1e-4)
    for text in ("Dec -05d23m28s", "DE: -05:23:28", "δ −5° 23′ 28″", "dec 5°23'28\" S", "-05:23:28 °"):
        assert parse_dec(text) == pytest.approx(-5.39111, abs=1e-4)
    for read, text in ((parse_ra, "Dec -05:23:28"), (parse_dec, "RA 05:35:17"), (parse_dec, "dec")):
        with pytest.raises(BadValueError):
            read(text)


@pytest.mark.parametrize("value", [24, 24.0, "24", "24:00:00", 250.4, "313.24", "83:49:12"])
def test_right_ascension_of_24_or_more_is_refused_and_said_to_look_like_degrees(value: object) -> None:
    with pytest.raises(BadValueError) as caught:
        parse_ra(value)
    assert caught.value.code == "out_of_range"
    assert "looks like degrees" in caught.value.hint


def test_the_hint_converts_degrees_to_hours() -> None:
    with pytest.raises(BadValueError) as caught:
        parse_ra(313.2429583)
    assert "20.8829" in caught.value.hint


def test_the_hint_of_a_day_too_much_has_both_readings() -> None:
    with pytest.raises(BadValueError) as caught:
        parse_ra("24.712313")
    assert "1.64749" in caught.value.hint
    assert "0.712313" in caught.value.hint


@pytest.mark.parametrize(
    "value",
    ["", " ", "abc", "12:60:00", "12:30:60", "1:2:3:4", "12:30.5:10", "--1", "1e999", "nan", "inf", "١٢",
     True, None, [], {}, math.nan, math.inf, "361°", "-10°", "1,5,8", "5h N", "-1:00:00", "-0.5", -0.1],
)  # fmt: skip
def test_what_is_no_right_ascension_is_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(BadValueError) as caught:
        parse_ra(value)
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "value",
    ["", "abc", "90:00:01", 90.1, "-91", "12h 30m", "12:60:00", math.nan, -math.inf, None, False,
     "-12 S", "+12 N", "N", "S", "12 E", "12 N S", "91 S", "1,5,8"],
)  # fmt: skip
def test_what_is_no_declination_is_refused(value: object) -> None:
    with pytest.raises(BadValueError):
        parse_dec(value)


@BOUNDED
@given(HOURS)
def test_right_ascension_survives_formatting(hours: float) -> None:
    away = abs(parse_ra(format_ra(hours)) - hours)
    assert min(away, 24 - away) <= 0.0051 / 3600


@BOUNDED
@given(DEGREES)
def test_declination_survives_formatting(degrees: float) -> None:
    assert abs(parse_dec(format_dec(degrees)) - degrees) <= 0.051 / 3600


@BOUNDED
@given(HOURS, st.booleans())
def test_a_number_and_its_text_are_the_same_right_ascension(hours: float, unit: bool) -> None:
    assert parse_ra(f"{hours!r}{' hr' if unit else ''}") == parse_ra(hours) == hours


@BOUNDED
@given(st.integers(0, 89), st.integers(0, 59), st.integers(0, 59), st.sampled_from([":", " "]))
def test_the_sign_of_a_declination_covers_all_its_parts(d: int, m: int, s: int, between: str) -> None:
    text = between.join(f"{part:02d}" for part in (d, m, s))
    assert parse_dec(f"-{text}") == -parse_dec(f"+{text}") == -parse_dec(text)
    assert parse_dec(text) == pytest.approx(d + m / 60 + s / 3600)


@BOUNDED
@given(
    st.one_of(
        st.text(max_size=20),
        st.text("0123456789:.,-+hmsdNSns'\" º°−’″", max_size=20),
        st.floats(),
        st.integers(),
    )
)
def test_readers_return_a_value_in_range_or_refuse(value: object) -> None:
    for parse, low, high in ((parse_ra, 0, 24), (parse_dec, -90, 90)):
        try:
            number = parse(value)
        except BadValueError:
            continue
        assert math.isfinite(number)
        assert low <= number <= high
