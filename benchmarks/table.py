"""The measurements of one run as a table for people, beside those of an earlier one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_NO_FACTS = frozenset({"benchmark", "python"})
_NO_WORDS = _NO_FACTS | {"decisions"}  # these are a digest


def table(said: Sequence[Mapping[str, Any]], earlier: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return Markdown: a row a number, with its ratio to the earlier run's where that has it too."""
    before = dict(_numbers(earlier))
    head = ["| What | Now | Before | Ratio |", "| --- | --- | --- | --- |"]
    plain = ["| What | Now |", "| --- | --- |"]
    rows = [_row(name, number, before) for name, number in _numbers(said)]
    return "\n".join([*(head if earlier else plain), *rows])


def read(path: Path) -> list[dict[str, Any]]:
    """Read what an earlier run printed or saved: one JSON object a line, other lines left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _row(name: str, number: float, before: Mapping[str, float]) -> str:
    cells = [name, f"{number:g}"]
    if before:
        old = before.get(name)
        cells += [f"{old:g}" if old is not None else "", f"{number / old:.2f}" if old else ""]
    return f"| {' | '.join(cells)} |"


def _numbers(said: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    times = Counter(_label(one) for one in said)
    for one in said:
        facts = {name: value for name, value in one.items() if name not in _NO_FACTS}
        label = _label(one)
        if times[label] > 1:  # what was measured several times begins with how much of it there was
            much = next(fact for fact in _leaves("", facts))
            label = f"{label}{much[0]} {much[1]:g}"
        yield from _leaves(label, facts)


def _label(one: Mapping[str, Any]) -> str:
    """Return what was measured, with the words that tell it from its siblings and the unit."""
    words = [value for name, value in one.items() if name not in _NO_WORDS and isinstance(value, str)]
    return f"{one.get('benchmark')} ({', '.join(words)})" if words else str(one.get("benchmark"))


def _leaves(name: str, value: object) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}, {str(key).replace('_', ' ')}", inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name.replace("_", " "), float(value)
