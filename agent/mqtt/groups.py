"""How far groups are, on a retained topic for each, which goes with its group."""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from agent.events import Event, EventBus
from agent.group_progress import GroupProgress, GroupsChanged
from agent.mqtt.bodies import Count, ShortText
from agent.mqtt.encoding import encode
from agent.mqtt.outbox import Outbox
from agent.mqtt.payloads import short
from agent.mqtt.port import Publication
from agent.mqtt.topics import Topics

MAX_PARTS = 20  # of one group, each with three of its sessions


class GroupFilterBody(TypedDict):
    """What all parts of a group through one filter have."""

    collected_s: float
    goal_s: float
    frames: Count


class GroupPartBody(TypedDict):
    """One field through one filter; its goal is in seconds or in frames, the other one is null."""

    target: ShortText
    camera: str
    filter: str | None
    frames: Count
    goal_frames: Count | None
    collected_s: float
    goal_s: float | None
    nights: Count
    sessions: list[str]


class GroupBody(TypedDict):
    """How far a group is: stacked seconds, in all and by filter. `message` says it in words."""

    group: ShortText
    collected_s: float
    goal_s: float
    percent: float
    nights: Count
    filters: dict[str, GroupFilterBody]
    parts: list[GroupPartBody]
    message: ShortText


class GroupTopics:
    """Owner of the topics of all groups."""

    def __init__(self, outbox: Outbox, topics: Topics) -> None:
        self._outbox = outbox
        self._topics = topics
        self._said: dict[str, frozenset[str]] = {}

    def attach(self, bus: EventBus) -> Callable[[], None]:
        """Listen; call the result to stop listening."""
        return bus.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        """Say what is new, and empty the topics of groups that are gone."""
        if not isinstance(event, GroupsChanged):
            return
        for group in event.groups:
            topic, payload = self._topics.group(event.telescope, group.word), encode(group_body(group))
            if payload != self._outbox.value(topic):
                self._outbox.publish(Publication(topic, payload, retain=True, json=True))
        now = frozenset(group.word for group in event.groups)
        for word in self._said.get(event.telescope, frozenset()) - now:
            self._outbox.clear(self._topics.group(event.telescope, word))
        self._said[event.telescope] = now


def group_body(progress: GroupProgress) -> GroupBody:
    """Return the body of a group's topic, within what Home Assistant records."""
    filters: dict[str, GroupFilterBody] = {
        name: {
            "collected_s": round(sum(one.collected_s for one in parts), 1),
            "goal_s": round(sum(one.wanted_s for one in parts), 1),
            "frames": sum(one.frames for one in parts),
        }
        for name, parts in progress.by_filter().items()
    }
    return {
        "group": short(progress.group),
        "collected_s": round(progress.collected_s, 1),
        "goal_s": round(progress.wanted_s, 1),
        "percent": round(progress.percent, 1),
        "nights": progress.nights,
        "filters": filters,
        "parts": [
            {
                "target": short(one.target, 100),
                "camera": one.camera,
                "filter": one.filter or None,
                "frames": one.frames,
                "goal_frames": one.goal_frames,
                "collected_s": round(one.collected_s, 1),
                "goal_s": one.goal_s,
                "nights": one.nights,
                "sessions": [short(name, 100) for name in one.sessions[:3]],
            }
            for one in progress.parts[:MAX_PARTS]
        ],
        "message": short(progress.words()),
    }
