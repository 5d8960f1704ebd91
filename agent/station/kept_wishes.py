"""A wish while it is held, and what of the wishes survives the agent's end: open shutters, the unreached."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.capabilities import Camera
from agent.events import Reason
from agent.goals import Goal, Level, Wish, merged

_MADE_ANEW = frozenset({"weather", "enclosure"})  # holders whose wishes are made anew after a restart


@dataclass(eq=False)
class Held:
    """A wish with those who wait for it."""

    wish: Wish
    since: float  # of the clock's monotonic time
    reached: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def outliving(held: Mapping[Hashable, Held]) -> Goal | None:
    """What the wishes that outlive the agent's end come to together."""
    return merged(one.wish for holder, one in held.items() if holder not in _MADE_ANEW)


def kept(capturing: Iterable[Camera], unreached: Goal | None) -> dict[str, Any] | None:
    """Return what has to be written down; None when there is nothing."""
    cameras = sorted(camera.value for camera in capturing)
    facts: dict[str, Any] = {"capturing": cameras} if cameras else {}
    if unreached is not None and (cameras or unreached.park):
        facts["wish"] = {
            "park": unreached.park,
            "reason": unreached.reason.value,
            "message": unreached.message,
            **({"own_schedule": True} if unreached.own_schedule else {}),
        }
    return facts or None


def restored(saved: object) -> tuple[set[Camera], tuple[Wish, ...]]:
    """Which shutters an earlier life left open, and what it had not reached; what cannot be read is none."""
    if not isinstance(saved, dict):
        return set(), ()
    names, wish = saved.get("capturing"), saved.get("wish")
    cameras = {camera for camera in Camera if camera.value in names} if isinstance(names, list) else set()
    if not isinstance(wish, dict):
        return cameras, ()
    reason, message = wish.get("reason"), wish.get("message")
    why = Reason(reason) if isinstance(reason, str) and reason in set(Reason) else Reason.AGENT_RESTARTED
    words = message if isinstance(message, str) else ""
    own = wish.get("own_schedule") is True
    wishes = [Wish(Level.SAFETY, why, words, own_schedule=own)] if cameras else []
    if wish.get("park") is True:
        wishes.append(Wish(Level.UPKEEP, why, words, park=True))
    return cameras, tuple(wishes)
