"""Tables of cases of which a slice runs by default: every value of every axis, the longest axis whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest


def sliced(*axes: Sequence[Any]) -> list[Any]:
    """Every combination for `parametrize`; those outside the slice run with `-m soak`."""
    return marked(product(*axes), _slice(axes))


def every(step: int, cases: Sequence[Any]) -> list[Any]:
    """One in `step` of the cases for `parametrize`; the others run with `-m soak`."""
    return [
        pytest.param(case, marks=[] if number % step == 0 else pytest.mark.soak)
        for number, case in enumerate(cases)
    ]


def marked(cases: Iterable[tuple[Any, ...]], by_default: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The cases for `parametrize`; those that do not run by default have the marker `soak`."""
    kept = set(by_default)
    return [case if case in kept else pytest.param(*case, marks=pytest.mark.soak) for case in cases]


def _slice(axes: Sequence[Sequence[Any]]) -> set[tuple[Any, ...]]:
    """A diagonal that leans a little more with each axis, so that neighbours do not always meet."""
    rows = range(max(len(axis) for axis in axes))
    return {
        tuple(axis[(row + lean * (row // len(axis))) % len(axis)] for lean, axis in enumerate(axes))
        for row in rows
    }
