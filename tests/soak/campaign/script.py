"""A night written down before it is played: the telescopes, the sessions, and everything that happens.

A script is plain data: the same one always plays the same night, and a shorter one is still a night.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agent.telescope.simulator.habits import HABITS
from tests.soak.campaign import dialects

STARTS = (
    datetime(2026, 1, 15, 17, tzinfo=UTC),
    datetime(2026, 3, 28, 19, tzinfo=UTC),  # Paris goes to summer time at 1 UTC
    datetime(2026, 6, 20, 20, tzinfo=UTC),
    datetime(2026, 10, 24, 19, tzinfo=UTC),  # and back at 1 UTC
)
MODELS = (("D2", "v2"), ("D2", "v3"), ("D3", "v3"), ("D3", "v3"), ("mini", "v3"))
FLEETS = ((1, 60), (2, 30), (3, 10))  # telescopes, weight
HOURS = (1.0, 3.0, 7.0)  # in which everything happens
SESSIONS = (6, 20)
KILLS, BROKER_RESTARTS, LINK_LOSSES = 10, 5, 5
OTHERS = (10, 40)  # further events
EXPOSURES = (5, 10, 15)
FRAMES = (2, 9)  # a Dwarf II takes two at least

WIRE_FAULTS = (
    "busy:times=2",
    "deaf:command=11006,times=1",
    "deaf:command=11005,times=1",
    "no-answer:command=11005,times=1",
    "no-answer:times=3",
    "slow-answers:seconds=4,times=5",
    "duplicate-answers:times=20",
    "duplicate-notifications:times=20",
    "garbled-frames:times=3",
    "truncated-frames:times=3",
    "unknown-notifications:times=5",
    "goto-fails:times=1",
    "solving-fails:times=2",
    "calibration-fails:times=1",
    "focus-fails:times=1",
    "capture-fails:times=1",
    "ends-early:at=2,times=1",
    "half-open",
    "reboot:down_s=45",
    "take-control:for_s=120",
    "low-battery:percent=15",
)
VERBS = ("pause", "resume", "resume", "skip", "abort", "stop_after_this", "end_night")
WAITING_VERBS = ("run", "remove", "reschedule")
ARMED_VERBS = ("park", "goto", "autofocus", "calibrate", "reboot", "nudge")
RUBBISH = ("", "{", "[]", '{"command": 3}', '{"command": {"id_command": {}}}', "\x00" * 64)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens: seconds after the night's start, what, and with what."""

    at_s: float
    deed: str
    with_: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Script:
    """One night. `telescopes` are simulator options by telescope id."""

    seed: int
    start: datetime
    telescopes: Mapping[str, Mapping[str, Any]]
    events: tuple[Event, ...]

    def with_events(self, events: tuple[Event, ...]) -> Script:
        """The same night with other events."""
        return replace(self, events=events)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them."""
        return {
            "seed": self.seed,
            "start": self.start.isoformat(),
            "telescopes": {name: dict(options) for name, options in self.telescopes.items()},
            "events": [[one.at_s, one.deed, dict(one.with_)] for one in self.events],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Script:
        """Read what `to_json` gave."""
        events = (Event(at_s, deed, with_) for at_s, deed, with_ in value["events"])
        start = datetime.fromisoformat(value["start"])
        return cls(value["seed"], start, value["telescopes"], tuple(events))


def write(seed: int) -> Script:
    """The night of that seed."""
    return _Writer(random.Random(seed)).night(seed)


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._telescopes: dict[str, dict[str, Any]] = {}
        self._length_s = rng.choice(HOURS) * 3600

    def night(self, seed: int) -> Script:
        rng = self._rng
        sizes, weights = zip(*FLEETS, strict=True)
        names = ("scope", "second", "third")[: rng.choices(sizes, weights)[0]]
        self._telescopes = {name: self._telescope(number) for number, name in enumerate(names, start=1)}
        events = [self._session(number) for number in range(1, rng.randint(*SESSIONS) + 1)]
        events += [self._kill() for _ in range(KILLS)]
        events += [
            self._at("broker", away_s=rng.choice((1, 20, 200)), forgets=rng.random() < 0.5)
            for _ in range(BROKER_RESTARTS)
        ]
        events += [self._loss() for _ in range(LINK_LOSSES)]
        others = self._others()
        events += [rng.choice(others)() for _ in range(rng.randint(*OTHERS))]
        ordered = sorted(events, key=lambda one: (one.at_s, one.deed))
        return Script(seed, rng.choice(STARTS), self._telescopes, tuple(ordered))

    def _telescope(self, number: int) -> dict[str, Any]:
        model, generation = self._rng.choice(MODELS)
        habits = {}
        if generation == "v3":
            habits = {
                habit.name: self._rng.choice(habit.answers) for habit in HABITS if self._rng.random() < 0.3
            }
        return {"model": model, "generation": generation, "habits": habits, "seed": number}

    def _at(self, deed: str, **with_: Any) -> Event:
        return Event(round(self._rng.uniform(0, self._length_s), 1), deed, with_)

    def _some(self) -> str:
        return self._rng.choice(list(self._telescopes))

    # -- sessions -----------------------------------------------------------------------------------------

    def _session(self, number: int) -> Event:
        rng, scope = self._rng, self._some()
        wanted: dict[str, Any] = {
            "subject": f"s{number}",
            "frames": rng.randint(*FRAMES),
            "exposure": rng.choice(EXPOSURES),
            "priority": rng.randint(0, 2),
        }
        if rng.random() < 0.3:
            wanted["after_s"] = rng.randint(-600, 5400)
        if rng.random() < 0.2:
            wanted["on_error"] = "retry"
        if rng.random() < 0.2:
            wanted["calibration"] = True
        kind = rng.random()
        if kind < 0.12:
            wanted["goal"] = wanted["frames"] + rng.randint(1, 6)
        elif kind < 0.2 and self._telescopes[scope]["model"] != "D2":
            wanted["panes"] = 2
        elif kind < 0.35 and self._telescopes[scope]["model"] != "D2":
            wanted["wide"] = rng.randint(2, 4)
        if (
            len(self._telescopes) > 1
            and "wide" not in wanted
            and "panes" not in wanted
            and rng.random() < 0.3
        ):
            wanted["shared"] = True
        way = rng.choices(("file", "mqtt", "page"), (60, 25, 15))[0]
        wanted["dialect"] = dialects.some(rng, as_file=way == "file")
        if way == "file":
            wanted["name"] = rng.choice((f"s{number}.json", f"Å {number}.json", f"{number} mit Leer.JSON"))
        elif rng.random() < 0.5:
            wanted["session_id"] = f"id-s{number}"
        return self._at(f"session_by_{way}", telescope=scope, **wanted)

    # -- what happens -------------------------------------------------------------------------------------

    def _kill(self) -> Event:
        """A kill at that time, or somewhere in the life that begins after the next one."""
        how = self._rng.choice(
            ({}, {"at_step": self._rng.randint(1, 6000)}, {"at_call": self._rng.randint(1, 200)})
        )
        return self._at("kill", back_s=self._rng.choice((1, 10, 60, 600)), **how)

    def _loss(self) -> Event:
        away = self._rng.choice((0, 5, 40, 300))
        return self._at("fault", telescope=self._some(), fault=f"drop-link:refuse_s={away}", for_s=0)

    def _others(self) -> list[Callable[[], Event]]:
        rng, at = self._rng, self._at
        return [
            lambda: at("rain", level=rng.choice(("warning", "alert"))),
            lambda: at("clear"),
            lambda: at("clear"),
            lambda: at("silence", for_s=rng.choice((60, 400, 2000))),
            lambda: at(
                "verb", telescope=self._some(), verb=rng.choice(VERBS), way=rng.choice(("mqtt", "page"))
            ),
            lambda: at(
                "verb", telescope=self._some(), verb=rng.choice(VERBS), way=rng.choice(("mqtt", "page"))
            ),
            lambda: at(
                "waiting_verb",
                telescope=self._some(),
                verb=rng.choice(WAITING_VERBS),
                which=rng.randint(0, 99),
                after_s=rng.randint(-300, 3600),
            ),
            lambda: at("armed_verb", telescope=self._some(), verb=rng.choice(ARMED_VERBS)),
            lambda: at(
                "impatience",
                telescope=self._some(),
                verbs=[rng.choice(VERBS) for _ in range(rng.randint(5, 25))],
            ),
            lambda: at("rubbish", telescope=self._some(), text=rng.choice(RUBBISH), number=rng.randint(0, 9)),
            lambda: at(
                "junk",
                topic=rng.choice(("session/submit", "command", "set/armed", "set/weather_policy")),
                text=rng.choice(RUBBISH),
            ),
            lambda: at("remove_file", telescope=self._some(), which=rng.randint(0, 99)),
            lambda: at(
                "fault", telescope=self._some(), fault=rng.choice(WIRE_FAULTS), for_s=rng.choice((0, 60, 300))
            ),
            lambda: at(
                "fault", telescope=self._some(), fault=rng.choice(WIRE_FAULTS), for_s=rng.choice((0, 60, 300))
            ),
            lambda: at("fault", telescope=self._some(), fault="occupied", for_s=rng.choice((20, 200))),
            lambda: at("full_disk", for_s=rng.choice((2, 60, 600))),
            lambda: at("clock", by_s=rng.choice((-3600, -40, -3, 3, 40, 3600))),
            lambda: at("stop", back_s=rng.choice((1, 30, 300))),
        ]
