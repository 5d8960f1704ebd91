"""The topic tree below one base topic, and the rules for what may stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.errors import AgentError
from agent.mqtt.port import Publication
from agent.mqtt.vocabulary import State

ONLINE = "online"
OFFLINE = "offline"
RESERVED_IDS = frozenset({"any", "bridge", "reply", "safety", "session"})

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BASE_LEVEL = re.compile(r"[^\s+#$/\x00-\x1f\x7f-\x9f]+")
_FILTER_LEVEL = re.compile(r"[^+#\x00-\x1f\x7f-\x9f]*")
_UNSAFE = re.compile(r"[+#/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MAX_BASE = 128  # leaves room for the rest of every topic, and keeps discovery payloads small


class TopicError(AgentError):
    """A base topic or telescope id that cannot be used."""

    code = "bad_topic"


class Kind(StrEnum):
    """What a message that comes in asks for."""

    SUBMIT = "submit"
    COMMAND = "command"
    SET = "set"
    BRIDGE = "bridge"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message came in. `telescope` is "" for none named; `name` a setting, bridge verb or source."""

    kind: Kind
    telescope: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of the agent. Build with `Topics.below("dwarf")`, which checks the base."""

    base: str = "dwarf"

    @classmethod
    def below(cls, base: str) -> Topics:
        """Check a base topic (`dwarf`, `home/telescopes`); raise `TopicError`."""
        if len(base) > _MAX_BASE or not all(_BASE_LEVEL.fullmatch(level) for level in base.split("/")):
            raise TopicError(
                f"The MQTT base topic {base!r} cannot be used.",
                hint="Use words separated by '/', without '+', '#', '$', spaces, or '/' at either end.",
            )
        return cls(base)

    @property
    def availability(self) -> str:
        """Return the agent's own availability: its last will."""
        return f"{self.base}/bridge/availability"

    @property
    def info(self) -> str:
        return f"{self.base}/bridge/info"

    @property
    def bridge_event(self) -> str:
        return f"{self.base}/bridge/event"

    @property
    def reply_prefix(self) -> str:
        """Return what the response topics of MQTT 5 callers begin with."""
        return f"{self.base}/reply/"

    def bridge_request(self, verb: str) -> str:
        """Where the agent is asked about itself."""
        return f"{self.base}/bridge/request/{verb}"

    def bridge_response(self, verb: str) -> str:
        return f"{self.base}/bridge/response/{verb}"

    def state(self, telescope: str, name: str) -> str:
        """Return a telescope's own topic: availability, status, progress, telemetry, queue, settings, ..."""
        return f"{self.base}/{telescope}/{name}"

    def retained(self, telescopes: Iterable[str]) -> tuple[str, ...]:
        """Return every topic that the agent of these telescopes keeps retained, or once did."""
        names = ("availability", "image", "night_picture", "firmware", *(state.value for state in State))
        states = (self.state(telescope, name) for telescope in telescopes for name in names)
        return (self.availability, self.info, *states)

    def result(self, telescope: str, session_id: str) -> str:
        """Return where the result of one session appears once, unretained."""
        return f"{self.base}/{telescope}/result/{safe_level(session_id)}"

    def group(self, telescope: str, word: str) -> str:
        """Return where the progress of a group is retained."""
        return f"{self.base}/{telescope}/group/{safe_level(word)}"

    def submit(self, telescope: str = "") -> str:
        return f"{self._stem(telescope)}/session/submit"

    def submit_response(self, telescope: str = "") -> str:
        return f"{self._stem(telescope)}/session/response"

    def command(self, telescope: str) -> str:
        return f"{self.base}/{telescope}/command"

    def command_response(self, telescope: str) -> str:
        return f"{self.base}/{telescope}/command/response"

    def set(self, telescope: str, key: str) -> str:
        return f"{self.base}/{telescope}/set/{key}"

    def inbound(self) -> tuple[str, ...]:
        """Return the filters to subscribe to; no two of them match the same topic of ours."""
        return (
            f"{self.base}/session/submit",
            f"{self.base}/+/session/submit",
            f"{self.base}/+/command",
            f"{self.base}/+/set/+",
            f"{self.base}/bridge/request/#",
            f"{self.base}/safety/input/+",
        )

    def address(self, topic: str) -> Address | None:
        """Say what an incoming topic asks for; None when it is not one of ours."""
        if not topic.startswith(f"{self.base}/"):
            return None
        match topic.removeprefix(f"{self.base}/").split("/"):
            case ["session", "submit"]:
                return Address(Kind.SUBMIT)
            case ["bridge", "request", *verb] if any(verb):
                return Address(Kind.BRIDGE, name="/".join(verb))
            case ["safety", "input", source]:
                return Address(Kind.SAFETY, name=source)
            case ["reply", *_]:
                return None  # where callers are answered: nothing there is a request
            case [telescope, "session", "submit"]:
                return Address(Kind.SUBMIT, telescope)
            case [telescope, "command"]:
                return Address(Kind.COMMAND, telescope)
            case [telescope, "set", key]:
                return Address(Kind.SET, telescope, key)
        return None

    def will(self) -> Publication:
        """Return the last will: the whole agent is offline."""
        return Publication(self.availability, OFFLINE.encode(), qos=1, retain=True)

    def _stem(self, telescope: str) -> str:
        return f"{self.base}/{telescope}" if telescope else self.base


def is_filter(text: str) -> bool:
    """Tell whether a text can be subscribed to: levels, each one a word or a wildcard in its right place."""
    *before, last = text.split("/")
    words = [*(level for level in before if level != "+"), *([last] if last not in ("+", "#") else [])]
    return len(text) <= _MAX_BASE and all(_FILTER_LEVEL.fullmatch(level) for level in words)


def check_telescope_id(telescope: str) -> str:
    """Return a telescope id that may stand in topics, or raise `TopicError`."""
    if telescope in RESERVED_IDS:
        raise TopicError(
            f"The telescope id {telescope!r} is a reserved word.",
            hint=f"Choose another than {', '.join(sorted(RESERVED_IDS))}.",
        )
    if not _ID.fullmatch(telescope):
        raise TopicError(
            f"The telescope id {telescope!r} cannot stand in MQTT topics.",
            hint="Use up to 64 letters, digits, '_' and '-'.",
        )
    return telescope


def safe_level(text: str) -> str:
    """Return a text as one topic level: characters that MQTT gives a meaning to, or forbids, become '_'."""
    return _UNSAFE.sub("_", text) or "_"
