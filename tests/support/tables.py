"""Tables of cases of which a slice runs by default: every value of every axis, the longest axis whole.

The cases outside the slice are made in the long runs alone: to make thousands takes seconds of every run.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import pytest

from tests.support.chance import is_thorough

_Pair = tuple[int, int, int, int]  # place and value, place and value

_TRIES = 8  # beginnings of the next case, of which the best is taken


def sliced(*axes: Sequence[Any]) -> list[Any]:
    """Every combination for `parametrize`; those outside the slice run with `-m soak`."""
    return marked(product(*axes), _slice(axes))


def every(step: int, cases: Sequence[Any], ids: Sequence[str] | None = None) -> list[Any]:
    """One in `step` of the cases, named by `ids`, for `parametrize`; the others run with `-m soak`."""
    tuples = [case if isinstance(case, tuple) else (case,) for case in cases]
    return _table(
        (case, number % step == 0, ids[number] if ids else None) for number, case in enumerate(tuples)
    )


def marked(cases: Iterable[tuple[Any, ...]], by_default: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The cases for `parametrize`; those that do not run by default have the marker `soak`."""
    kept = set(by_default)
    return _table((case, case in kept, None) for case in cases)


def _table(cases: Iterable[tuple[tuple[Any, ...], bool, str | None]]) -> list[Any]:
    whole = is_thorough()
    return [
        pytest.param(*case, id=name, marks=[] if by_default else pytest.mark.soak)
        for case, by_default, name in cases
        if by_default or whole
    ]


def paired(*axes: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Few cases in which any value of an axis meets any value of any other; the first value of each leads."""
    sizes, dice = [len(axis) for axis in axes], random.Random(1)
    places = list(combinations(range(len(axes)), 2))
    wanted = {(a, x, b, y) for a, b in places for x in range(sizes[a]) for y in range(sizes[b])}
    cases = [[0] * len(axes)]
    while wanted := wanted - _pairs(cases[-1]):
        left = sorted(wanted)
        tried = [_case(dice.choice(left), sizes, wanted, dice) for _ in range(_TRIES)]
        cases.append(max(tried, key=lambda case: len(_pairs(case) & wanted)))
    return [tuple(axis[value] for axis, value in zip(axes, case, strict=True)) for case in cases]


def _case(seed: _Pair, sizes: Sequence[int], wanted: set[_Pair], dice: random.Random) -> list[int]:
    """A case with this pair, each other value one with which most of the wanted pairs come to be."""
    chosen = {seed[0]: seed[1], seed[2]: seed[3]}
    others = [place for place in range(len(sizes)) if place not in chosen]
    for place in dice.sample(others, len(others)):

        def met(value: int, place: int = place) -> tuple[int, float]:
            pairs = _pairs({**chosen, place: value}, place)
            return len(pairs & wanted), dice.random()

        chosen[place] = max(range(sizes[place]), key=met)
    return [chosen[place] for place in range(len(sizes))]


def _pairs(case: Sequence[int] | Mapping[int, int], of: int | None = None) -> set[_Pair]:
    """The pairs of a case, or those of one place."""
    known = dict(enumerate(case)) if not isinstance(case, Mapping) else case
    found = combinations(sorted(known), 2)
    return {(a, known[a], b, known[b]) for a, b in found if of is None or of in (a, b)}


def _slice(axes: Sequence[Sequence[Any]]) -> set[tuple[Any, ...]]:
    """A diagonal that leans a little more with each axis, so that neighbours do not always meet."""
    rows = range(max(len(axis) for axis in axes))
    return {
        tuple(axis[(row + lean * (row // len(axis))) % len(axis)] for lean, axis in enumerate(axes))
        for row in rows
    }
