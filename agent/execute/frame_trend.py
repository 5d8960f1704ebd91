"""Whether the telescope still keeps the frames it takes: judged against the capture's own beginning."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from math import comb

BASE = 40  # frames at the beginning that say what is usual for this capture
WINDOW = 12  # the newest frames
MUST_LOSE = 6  # of them, before anything is said: one frame, or three, mean nothing
FALL = 0.4  # of the share that is kept, below the usual
CHANCE = 1e-6  # that a capture which loses as many as usual has lost so many of the newest
RECENT = 6  # frames that say whether it is over
BACK = 0.2  # of the share kept, below the usual, at which it counts as over
SUDDEN = 4  # frames within which a cloud comes; dew and focus take their time


@dataclass(frozen=True, slots=True)
class Judgement:
    """The sky (or what looks at it) got worse or is good again. Shares of frames kept, 0 to 1.

    `sudden` tells a cloud, wind or an obstacle from what creeps: dew, focus.
    """

    degraded: bool
    kept: float
    usual: float
    sudden: bool


class FrameTrend:
    """Counts of one capture, as they come; a new capture has a new one."""

    def __init__(self) -> None:
        self._taken = 0
        self._stacked = 0
        self._kept: deque[bool] = deque(maxlen=WINDOW + BASE)
        self._base: list[bool] = []
        self._young: list[bool] = []  # frames that may be the first bad ones: not usual yet
        self._doubt = False  # nobody has said yet whether it is over
        self.degraded = False

    def count(self, taken: int, stacked: int) -> Judgement | None:
        """The capture has so many frames; return what changed with that, None while nothing did.

        Of the newest frame nothing is known yet: it is stacked after it is counted as taken.
        """
        if taken <= self._taken:
            return None
        fresh = taken - 1 - max(0, self._taken - 1)
        kept = min(fresh, max(0, stacked - self._stacked))
        self._taken, self._stacked = taken, max(self._stacked, stacked)
        frames = [True] * kept + [False] * (fresh - kept)
        self._kept += frames
        self._young += frames
        while len(self._young) > WINDOW and len(self._base) < BASE and not self.degraded:
            self._base.append(self._young.pop(0))
        del self._young[:-WINDOW]
        return self._judge()

    def look_again(self) -> None:
        """After a pause: forget the newest frames, and say again if those that come are no better."""
        self._forget()
        self._doubt, self.degraded = self._doubt or self.degraded, False

    def shares(self) -> Judgement:
        """Return what is kept of the newest, and what is usual."""
        return Judgement(self.degraded, _share(list(self._kept)[-WINDOW:]), _share(self._base), False)

    def _forget(self) -> None:
        self._kept.clear()
        self._young.clear()

    def _judge(self) -> Judgement | None:
        if len(self._base) < WINDOW:
            return None
        newest = list(self._kept)[-WINDOW:]
        usual, share = _share(self._base), _share(newest)
        lost = newest.count(False)
        if self.degraded:
            recent = _share(newest[-RECENT:])
            if recent < usual - BACK:
                return None
            self.degraded = False
            self._forget()  # what was lost meanwhile says nothing of what comes
            return Judgement(False, recent, usual, False)
        if self._doubt and len(newest) >= RECENT and share >= usual - BACK:
            self._doubt = False
            return Judgement(False, share, usual, False)
        if lost < MUST_LOSE or share > usual - FALL or self._by_chance(len(newest), lost) > CHANCE:
            return None
        self.degraded, self._doubt = True, False
        return Judgement(True, share, usual, self._came_suddenly())

    def _by_chance(self, frames: int, lost: int) -> float:
        """How likely a capture as at its beginning loses so many of these frames, or more."""
        usual = (self._base.count(False) + 1) / (len(self._base) + 2)
        return sum(
            comb(frames, count) * usual**count * (1 - usual) ** (frames - count)
            for count in range(lost, frames + 1)
        )

    def _came_suddenly(self) -> bool:
        """Whether the losses are together at the end, behind frames that were kept as usual."""
        frames = list(self._kept)
        first = next((at for at in range(len(frames)) if not any(frames[at : at + SUDDEN])), len(frames))
        before = list(islice(frames, max(0, first - WINDOW), first))
        return len(frames) - first <= WINDOW and _share(before) >= _share(self._base) - BACK


def _share(frames: list[bool]) -> float:
    return sum(frames) / len(frames) if frames else 1.0
