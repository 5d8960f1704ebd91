"""Who took which submission first, as far as this agent heard: what is sent again runs once."""

from __future__ import annotations

from collections import OrderedDict

MOST = 20_000  # that are remembered, the latest


class Claims:
    """Owner of what one agent heard of the others' submissions, and of which of its own have their place."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._first: OrderedDict[str, str] = OrderedDict()
        self._placed: OrderedDict[str, None] = OrderedDict()

    def asked(self, submission: str, agent: str) -> None:
        """An agent asks about a submission: it took it, unless another one did before."""
        self._first.setdefault(submission, agent)
        if len(self._first) > MOST:
            self._first.popitem(last=False)

    def of_another(self, submission: str) -> str:
        """Return the other agent that took it first; "" when none did."""
        first = self._first.get(submission, "")
        return "" if first == self._agent else first

    def placed(self, submission: str) -> None:
        """One that this agent took has its place."""
        self._placed[submission] = None
        if len(self._placed) > MOST:
            self._placed.popitem(last=False)

    def has_place(self, submission: str) -> bool:
        """Whether this agent found a place for it."""
        return submission in self._placed

    def free(self, submission: str) -> None:
        """Nobody takes it as it is: it may be sent again, mended."""
        self._first.pop(submission, None)
