"""The slice that runs by default leaves out no value, and the whole table leaves out no case."""

from __future__ import annotations

from itertools import combinations, product
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tables import every, paired, sliced

AXES = st.lists(st.integers(1, 7).map(lambda length: tuple(range(length))), min_size=1, max_size=4)


@given(AXES)
def test_a_slice_has_every_value_and_as_many_cases_as_the_longest_axis(axes: list[tuple[int, ...]]) -> None:
    with patch("tests.support.tables.is_thorough", lambda: False):
        by_default = [case.values for case in sliced(*axes)]
    assert len(by_default) == max(len(axis) for axis in axes)
    assert [set(values) for values in zip(*by_default, strict=True)] == [set(axis) for axis in axes]


@given(AXES)
def test_in_a_long_run_the_whole_table_is_there_and_what_is_no_slice_is_marked(
    axes: list[tuple[int, ...]],
) -> None:
    with patch("tests.support.tables.is_thorough", lambda: False):
        by_default = sliced(*axes)
    with patch("tests.support.tables.is_thorough", lambda: True):
        table = sliced(*axes)
    assert [case.values for case in table] == list(product(*axes))
    assert [case for case in table if not case.marks] == by_default
    assert all([mark.name for mark in case.marks] in ([], ["soak"]) for case in table)


def test_one_in_three_runs_by_default_and_the_others_in_a_long_run() -> None:
    with patch("tests.support.tables.is_thorough", lambda: False):
        assert [case.values for case in every(3, ["a", "b", "c", "d"])] == [("a",), ("d",)]
    with patch("tests.support.tables.is_thorough", lambda: True):
        table = every(3, [(1, 2), (3, 4)])
    assert [(case.values, bool(case.marks)) for case in table] == [((1, 2), False), ((3, 4), True)]


@settings(deadline=None, max_examples=30)
@given(AXES)
def test_any_two_values_of_different_axes_meet_and_no_case_comes_twice(
    axes: list[tuple[int, ...]],
) -> None:
    cases = paired(*axes)
    for a, b in combinations(range(len(axes)), 2):
        assert {(case[a], case[b]) for case in cases} == set(product(axes[a], axes[b]))
    assert len(cases) == len(set(cases))
    assert cases[0] == tuple(axis[0] for axis in axes)
