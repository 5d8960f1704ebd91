"""Frames that are kept no longer: found soon, never claimed of a good night, and over when it is over."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from agent.execute.frame_trend import FrameTrend, Judgement

NIGHTS = 400


def judged(kept: Iterable[bool]) -> list[tuple[int, Judgement]]:
    """What is said, and after which frame, of a capture whose frames are kept or not."""
    trend, stacked, said = FrameTrend(), 0, []
    for taken, one in enumerate([*kept, True], start=1):
        judgement = trend.count(taken, stacked)  # the newest frame is not stacked yet
        stacked += one
        if judgement is not None:
            said.append((taken - 1, judgement))
        trend.count(taken, stacked)  # the same again, with it
    return said


def night(dice: random.Random, *stretches: tuple[int, float]) -> list[bool]:
    """Frames of stretches: so many, of which this share is lost by chance."""
    return [dice.random() >= lost for count, lost in stretches for _ in range(count)]


def test_good_nights_raise_no_alarm() -> None:
    dice = random.Random(1)
    alarms = sum(
        bool(judged(night(dice, (300, lost)))) for lost in (0.0, 0.05, 0.1, 0.15) for _ in range(NIGHTS // 4)
    )
    assert alarms <= NIGHTS * 0.005  # of nights with 300 frames each


def test_clouds_are_found_within_a_dozen_frames_and_their_end_as_well() -> None:
    dice = random.Random(2)
    found = late = ended = 0
    for _ in range(NIGHTS):
        said = judged(night(dice, (60, 0.05), (30, 0.95), (60, 0.05)))
        first = next((at for at, one in said if one.degraded), None)
        found += first is not None and 60 < first <= 72
        late += first is None
        ended += any(not one.degraded and 90 < at <= 105 for at, one in said)
    assert found >= NIGHTS * 0.99
    assert late == 0
    assert ended >= NIGHTS * 0.97


def test_a_cloud_is_told_once_and_so_is_its_end() -> None:
    said = [one for _, one in judged([True] * 60 + [False] * 20 + [True] * 60)]
    assert [one.degraded for one in said] == [True, False]
    assert said[0].kept < said[0].usual == said[1].usual == 1.0
    assert said[1].kept >= 0.75


def test_after_a_pause_it_is_told_that_what_was_lost_is_kept_again() -> None:
    trend, stacked, said = FrameTrend(), 0, []
    for taken, kept in enumerate([True] * 60 + [False] * 20 + [True] * 40):
        if taken == 80:
            trend.look_again()
        if (judgement := trend.count(taken + 1, stacked)) is not None:
            said.append(judgement)
        stacked += kept
    assert said[0].degraded
    assert said[1:] == [Judgement(False, 5 / 6, 1.0, False)], "one was lost as the pause began"


def test_what_comes_at_once_is_told_from_what_creeps() -> None:
    dice = random.Random(3)
    cloud = [judged(night(dice, (60, 0.03), (20, 1.0)))[0][1].sudden for _ in range(NIGHTS)]
    creeping = [(10, share / 100) for share in range(3, 90, 6)]
    dew = [said[0][1].sudden for _ in range(NIGHTS) if (said := judged(night(dice, (40, 0.03), *creeping)))]
    assert sum(cloud) >= NIGHTS * 0.95
    assert len(dew) >= NIGHTS * 0.95
    assert sum(dew) <= NIGHTS * 0.15


def test_a_capture_is_judged_as_soon_as_twelve_frames_are_usual_and_twelve_are_new() -> None:
    ((at, judgement),) = judged([True] * 16 + [False] * 8)
    assert (at, judgement) == (24, Judgement(True, 4 / 12, 1.0, True))


def test_fewer_than_twelve_usual_frames_judge_nothing_however_many_are_lost_after_them() -> None:
    assert judged([True] * 14 + [False] * 9) == []  # 23: eleven are usual, nine of the newest twelve are lost
    ((at, judgement),) = judged([True] * 14 + [False] * 10)
    assert (at, judgement.degraded) == (24, True)


def test_six_lost_frames_are_the_fewest_that_say_anything_after_a_pause_as_well() -> None:
    for before in (0, 20):  # lost ones that a pause follows
        trend = FrameTrend()
        for taken in range(1, 62 + before):
            trend.count(taken, min(taken - 1, 60))
        trend.look_again()
        said = [trend.count(61 + before + lost, 60) for lost in range(1, 7)]
        assert [one is not None for one in said] == [False] * 5 + [True]
    assert judged([True] * 60 + [False] * 5) == []
    ((at, judgement),) = judged([True] * 60 + [False] * 6)
    assert (at, judgement.degraded) == (66, True)


def test_one_lost_frame_or_a_bad_beginning_says_nothing() -> None:
    assert judged([True] * 30 + [False] + [True] * 30) == []
    assert judged([False] * 60) == []  # what is usual here is nothing: that is no change


@given(st.lists(st.tuples(st.integers(-5, 500), st.integers(-5, 500)), max_size=80))
def test_whatever_counts_come_shares_stay_shares(counts: list[tuple[int, int]]) -> None:
    trend = FrameTrend()
    for taken, stacked in counts:
        judgement = trend.count(taken, stacked)
        if judgement is not None:
            assert 0 <= judgement.kept <= 1
            assert 0 <= judgement.usual <= 1
