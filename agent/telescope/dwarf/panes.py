"""The panes of a mosaic that runs: which it is at, and how many frames each has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.events import Frames
from agent.telescope.dwarf.wire.notifications import CaptureCount, Counted


@dataclass(slots=True)
class Panes:
    """Owner of the counts per pane. `per_pane` is what each is asked for; 0 is not known (yet).

    Whether the telescope counts the frames of the present pane, or of all, is not known: its total tells.
    While that fits neither, `per_pane` may be an old value unless it is `sure`, and nothing is counted.
    Panes are taken to come one after the other, so that those which nobody watched are full.
    """

    per_pane: int = 0
    sure: bool = False
    pane: int = 0  # counted from 1; 0 is no mosaic
    taken: list[int] = field(default_factory=list)
    stacked: list[int] = field(default_factory=list)
    _last: CaptureCount | None = None

    @property
    def total(self) -> int:
        """Frames of all panes; 0 unknown."""
        return self.per_pane * len(self.taken)

    @property
    def doubtful(self) -> bool:
        """Whether `per_pane` is to be asked for again, as it does not fit what the telescope told."""
        news = self._last
        if news is None or not self.per_pane:
            return news is not None
        return not self.sure and news.total not in (0, self.per_pane, self.per_pane * news.panes)

    @property
    def frames(self) -> tuple[Frames, ...]:
        """Each pane's frames, in the order of their numbers; empty while they are not counted."""
        if self.doubtful:
            return ()
        pairs = zip(self.taken, self.stacked, strict=True)
        return tuple(Frames(self.per_pane, taken, stacked) for taken, stacked in pairs)

    def asked(self, per_pane: int, *, sure: bool) -> None:
        """A pane is asked for so many frames; what was told before is read with it."""
        self.per_pane, self.sure = per_pane, sure
        if self._last is not None:
            self.count(self._last)

    def count(self, news: CaptureCount) -> None:
        """Take in the progress of a mosaic."""
        self._last, self.pane = news, news.pane
        if len(self.taken) != news.panes:
            self.taken, self.stacked = [0] * news.panes, [0] * news.panes
        if self.doubtful or not 0 < news.pane <= news.panes:
            return
        here, whole = news.pane - 1, news.panes > 1 and news.total == self.per_pane * news.panes
        if not whole and news.total:
            self.per_pane = news.total
        for earlier in range(here):
            self.taken[earlier] = max(self.taken[earlier], self.per_pane)
        if whole or news.counted is not Counted.STACKED:  # of all panes each counts the taken ones
            self._raise(self.taken, here, news.taken - (here * self.per_pane if whole else 0))
        if news.counted is not Counted.TAKEN:
            if whole:
                self._share_stacked(news.stacked, [here, *range(here)])
            unseen = news.stacked - (sum(self.stacked) - self.stacked[here] if whole else 0)
            self._raise(self.stacked, here, unseen)
            self.taken[here] = max(self.taken[here], self.stacked[here])

    def settle(self, taken: int, stacked: int) -> None:
        """The telescope recorded so many frames in all: those unheard are of the first panes with room."""
        for here in range(len(self.taken)):
            self.taken[here] += _between(0, taken - sum(self.taken), self.per_pane - self.taken[here])
        self._share_stacked(stacked, range(len(self.taken)))

    def _share_stacked(self, stacked: int, panes: Iterable[int]) -> None:
        """So many are stacked in all: those unheard are of the first of these panes with room for them."""
        for here in panes:
            room = self.taken[here] - self.stacked[here]
            self.stacked[here] += _between(0, stacked - sum(self.stacked), room)

    def _raise(self, counts: list[int], here: int, found: int) -> None:
        counts[here] = max(counts[here], min(found, self.per_pane))


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))
