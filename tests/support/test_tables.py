"""The slice that runs by default leaves out no value, and the whole table leaves out no case."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.support.tables import sliced

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
