"""The slice that runs by default leaves out no value, and the whole table leaves out no case."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tables import paired, sliced

AXES = st.lists(st.integers(1, 7).map(lambda length: tuple(range(length))), min_size=1, max_size=4)


@given(AXES)
def test_a_slice_has_every_value_and_as_many_cases_as_the_longest_axis(axes: list[tuple[int, ...]]) -> None:
    table = sliced(*axes)
    by_default = [case for case in table if type(case) is tuple]
    assert len(by_default) == max(len(axis) for axis in axes)
    assert [set(values) for values in zip(*by_default, strict=True)] == [set(axis) for axis in axes]


@given(AXES)
def test_the_whole_table_is_there_and_what_is_no_slice_is_marked(axes: list[tuple[int, ...]]) -> None:
    table = sliced(*axes)
    left_out = [case for case in table if type(case) is not tuple]
    assert all([mark.name for mark in case.marks] == ["soak"] for case in left_out)
    assert [tuple(getattr(case, "values", case)) for case in table] == list(product(*axes))


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
