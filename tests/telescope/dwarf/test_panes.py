"""The panes of a mosaic are counted right, whichever part of its progress is heard."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.telescope.dwarf.panes import Panes
from agent.telescope.dwarf.wire.notifications import CaptureCount, Counted


@dataclass(frozen=True)
class Moment:
    """What the telescope tells of a mosaic, and what is true of it then."""

    news: CaptureCount
    taken: tuple[int, ...]
    stacked: tuple[int, ...]


def moments(panes: int, per_pane: int, lost: frozenset[int], *, whole: bool) -> list[Moment]:
    """Every progress of a mosaic that loses these frames (counted from 1)."""
    taken, stacked, told = [0] * panes, [0] * panes, []
    for number in range(1, panes * per_pane + 1):
        here = (number - 1) // per_pane
        kinds = [Counted.TAKEN] if number in lost else [Counted.TAKEN, Counted.STACKED]
        for kind in kinds:
            counts = taken if kind is Counted.TAKEN else stacked
            counts[here] += 1
            shown = (sum(taken), sum(stacked)) if whole else (taken[here], stacked[here])
            total = per_pane * panes if whole else per_pane
            news = CaptureCount(
                Camera.TELE,
                kind,
                total,
                *shown,
                target="M 42",
                exposure_index=150,
                pane=here + 1,
                panes=panes,
            )
            told.append(Moment(news, tuple(taken), tuple(stacked)))
    return told


@st.composite
def mosaics(draw: st.DrawFn) -> tuple[int, list[Moment], list[bool]]:
    """Frames per pane, a mosaic's progress, and which of it is heard."""
    panes, per_pane = draw(st.integers(2, 4)), draw(st.integers(2, 6))
    lost = draw(st.frozensets(st.integers(1, panes * per_pane), max_size=4))
    told = moments(panes, per_pane, lost, whole=draw(st.booleans()))
    return per_pane, told, draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))


@given(mosaics())
def test_no_more_frames_are_counted_than_were_taken_whatever_is_not_heard(
    mosaic: tuple[int, list[Moment], list[bool]],
) -> None:
    per_pane, told, heard = mosaic
    panes = Panes()
    panes.asked(per_pane, sure=False)
    for moment, is_heard in zip(told, heard, strict=True):
        if is_heard:
            panes.count(moment.news)
            assert all(ours <= true for ours, true in zip(panes.taken, moment.taken, strict=True))
            assert sum(panes.stacked) <= sum(moment.stacked)
            assert all(few <= many for few, many in zip(panes.stacked, panes.taken, strict=True))


@given(mosaics())
def test_all_that_is_heard_is_counted_in_its_own_pane(
    mosaic: tuple[int, list[Moment], list[bool]],
) -> None:
    per_pane, told, _ = mosaic
    panes = Panes()
    panes.asked(per_pane, sure=True)
    for moment in told:
        panes.count(moment.news)
        assert (tuple(panes.taken), tuple(panes.stacked)) == (moment.taken, moment.stacked)


def test_a_gap_after_a_loss_gives_an_earlier_pane_no_frame_that_it_lost() -> None:
    told = moments(2, 5, frozenset({3}), whole=True)
    panes = Panes()
    panes.asked(5, sure=True)
    for moment in told:  # the link is away, and back when the ninth frame is stacked
        frame, kind = sum(moment.taken), moment.news.counted
        if frame not in (7, 8) and (frame, kind) != (9, Counted.TAKEN):
            panes.count(moment.news)
    assert (panes.taken, panes.stacked) == ([5, 5], [4, 5])


@pytest.mark.parametrize("join", range(1, 12))
def test_counts_of_all_panes_are_complete_wherever_the_first_is_heard(join: int) -> None:
    told = moments(2, 6, frozenset(), whole=True)
    panes = Panes()
    panes.asked(6, sure=False)
    for moment in told[2 * join :]:
        panes.count(moment.news)
    assert (panes.taken, panes.stacked) == ([6, 6], [6, 6])
