"""The telescope's own records of a session beside the count of its frames."""

from __future__ import annotations

from collections.abc import Sequence

from agent.events import Frames, Saved


def together(folders: Sequence[Sequence[Saved]]) -> tuple[Saved, ...]:
    """Return one record a source, of all folders; one that does not tell of every folder says nothing."""
    sources = dict.fromkeys(one.source for told in folders for one in told)
    found: list[Saved] = []
    for source in sources:
        of_it = [one for told in folders for one in told if one.source == source]
        if len(of_it) == len(folders):
            sizes = [one.size for one in of_it if one.size is not None]
            size = sum(sizes) if len(sizes) == len(of_it) else None
            taken, stacked = sum(one.taken for one in of_it), sum(one.stacked for one in of_it)
            found.append(Saved(source, taken, stacked, size))
    return tuple(found)


def differences(saved: Sequence[Saved], counted: Frames) -> list[str]:
    """Return a sentence for each record that differs from the frames as they were counted."""
    return [
        f"the telescope's {one.source} has {one.taken} taken and {one.stacked} stacked"
        for one in saved
        if (one.taken, one.stacked) != (counted.taken, counted.stacked)
    ]
