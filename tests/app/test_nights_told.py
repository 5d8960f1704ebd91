"""Whole nights of a station as it tells them over MQTT, and the files they leave.

Each night is kept in `nights/`, to be read like a diary. After a change that is meant,
`python -m tests.app.test_nights_told` writes them anew; read what changed.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent import __version__
from agent.telescope.errors import RefusedError, TransientError
from tests.app.conftest import DUSK, Observatory, session
from tests.support.virtual_loop import run_virtual

NIGHTS = Path(__file__).with_name("nights")
TOLD = (
    "status",
    "session",
    "result",
    "queue",
    "command/response",
    "settings",
    "availability",
)
PARK = {"do_action": True, "park": True}
WEATHER = {
    "weather": {"policy": "wait", "inputs": ["roof"], "ttl_s": 600, "clear_for_min": 5},
    "conditions": {"unsafe_action": "stop_and_park"},
}
Plot = Callable[[Observatory], Awaitable[None]]
Night = tuple[Plot, dict[str, Any]]


def begins(hour: int, minute: int = 0, **more: Any) -> dict[str, Any]:
    """When a session begins, in the evening of the first day, local time."""
    return {"max_retries": 2, "date": "2026-03-12", "time": f"{hour:02}:{minute:02}:00", **more}


async def imaging(place: Observatory, frames: int = 3) -> None:
    captures = place.telescope.captures
    await place.until(lambda: bool(captures) and captures[-1].running and captures[-1].taken >= frames)


async def files(place: Observatory) -> None:
    """Good, bad, early, late and missed sessions, dropped as files."""
    place.drop("good.json", session(id_command={"max_retries": 2, "priority": 2}))
    place.drop("broken.json", '{"command": ')
    place.drop("wrong.json", session(setup_camera={"do_action": True, "exposure": "x", "count": 3}))
    place.drop("later.json", session(id_command=begins(21)))
    place.drop("missed.json", session(id_command=begins(12, when_missed="skip")))
    place.drop("closed.json", session(id_command=begins(15, end_date="2026-03-12", end_time="16:00:00")))
    async with place.open():
        await place.clock.sleep(6 * 3600)


async def failures(place: Observatory) -> None:
    """A goto that is refused, one that is tried again, and a group that ends with its first failure."""
    place.telescope.fail["goto"].append(RefusedError("Below the horizon.", hint="Wait for it to rise."))
    place.telescope.fail["goto"].extend(TransientError("Clouds.") for _ in range(3))
    place.drop("unknown.json", session(setup_camera=_frames(3) | {"exposure": "7"}))
    group = {"max_retries": 1, "group": "mosaic"}
    place.drop("a.json", session(id_command=group | {"priority": 3}))
    place.drop("b.json", session(id_command=group | {"priority": 2, "on_error": "retry"}))
    place.drop("c.json", session(id_command=group | {"priority": 1, "on_error": "end_night"}))
    async with place.open():
        await place.clock.sleep(6 * 3600)


async def conditions(place: Observatory) -> None:
    """Sessions that wait for the sky, and one that waits in vain."""
    low = {"do_action": True, "min_altitude": 30, "wait_max": 3600}
    dark = {"do_action": True, "sun_below": -18}
    place.drop("low.json", session(conditions=low, goto_manual=_far()))
    place.drop("dark.json", session(conditions=dark))
    async with place.open():
        await place.clock.sleep(5 * 3600)


def _frames(count: int) -> dict[str, Any]:
    return {"do_action": True, "exposure": "15", "gain": 80, "count": count}


def _far() -> dict[str, Any]:
    return {"do_action": True, "target": "Omega Cen", "ra_coord": 13.45, "dec_coord": -47.5}


async def weather(place: Observatory) -> None:
    """Rain in a session, a clear sky, and a storm that ends the night."""

    def say(**report: Any) -> None:
        place.say("safety/input/roof", report)

    place.drop("a.json", session(setup_camera=_frames(60)))
    place.drop("b.json", session(shutdown=PARK))
    async with place.open():
        await place.clock.sleep(600)
        say(safe=True, reason="clear", ttl=3600)
        await imaging(place)
        say(safe=False, reason="rain", level="warning", ttl=3600)
        await place.clock.sleep(900)
        say(safe=True, reason="clear", ttl=3600)
        await imaging(place)
        say(safe=False, reason="storm", level="alert", ttl=3600)
        await place.clock.sleep(3 * 3600)


async def silence(place: Observatory) -> None:
    """A sky of which nothing is heard any more."""
    place.drop("a.json", session(setup_camera=_frames(400)))
    async with place.open():
        place.say("safety/input/roof", {"safe": True, "reason": "clear", "ttl": 600})
        await place.clock.sleep(3600)


async def restarts(place: Observatory) -> None:
    """The agent is stopped in a session and begun again: once for a minute, once for a day."""
    place.drop("a.json", session(setup_camera=_frames(60)))
    async with place.open():
        await imaging(place)
    await place.clock.sleep(60)
    place.telescope.online = True
    async with place.open():
        await imaging(place)
    place.telescope.online = True
    await place.clock.sleep(24 * 3600)
    async with place.open():
        await place.clock.sleep(3 * 3600)


async def absence(place: Observatory) -> None:
    """A telescope that is away at the start, and away again in a session."""
    place.telescope.online = False
    place.drop("a.json", session())
    async with place.open():
        await place.clock.sleep(600)
        place.telescope.restore()
        await imaging(place)
        await place.clock.sleep(0.5)  # not at the instant of a look
        place.telescope.cut()
        await place.clock.sleep(120)
        place.telescope.restore()
        await place.clock.sleep(1800)
        place.telescope.cut()
        await place.clock.sleep(60)


async def given_up(place: Observatory) -> None:
    """A session that was broken off by the agent's end, and cannot go on after it."""
    place.drop("a.json", session(id_command=begins(18, end_date="2026-03-12", end_time="21:00:00")))
    async with place.open():
        await imaging(place)
    await place.clock.sleep(5 * 3600)
    async with place.open():
        await place.clock.sleep(600)
        place.telescope.restore()
        await place.clock.sleep(600)


async def ended_later(place: Observatory) -> None:
    """A session that a person ended while its telescope was away, and the agent went before that was done."""
    place.drop("a.json", session())
    async with place.open():
        await imaging(place)
        place.telescope.cut()
        place.say("scope/command", {"command": "abort", "request_id": "x", "reason": "dew"})
        await place.clock.sleep(60)
    await place.clock.sleep(60)
    place.telescope.online = True
    async with place.open():
        await place.clock.sleep(600)


async def contradiction(place: Observatory) -> None:
    """A session whose conditions contradict those of the configuration."""
    place.drop("a.json", session(conditions={"do_action": True, "min_altitude": 40}))
    async with place.open():
        await place.clock.sleep(600)


async def fewer(place: Observatory) -> None:
    """A telescope that ends its captures early, and one session that a person skips."""
    place.telescope.frames_limit = 5
    place.drop("a.json", session(id_command={"max_retries": 1, "priority": 1}))
    place.drop("b.json", session())
    async with place.open():
        await place.until(lambda: len(place.telescope.captures) > 1)
        place.say("scope/command", {"command": "skip", "request_id": "x"})
        await place.clock.sleep(600)


async def long_rain(place: Observatory) -> None:
    """Rain that lasts longer than a session waits."""
    place.drop("a.json", session(setup_camera=_frames(60)))
    async with place.open():
        place.say("safety/input/roof", {"safe": True, "reason": "clear", "ttl": 3600})
        await imaging(place)
        for _ in range(20):
            place.say("safety/input/roof", {"safe": False, "reason": "rain", "ttl": 3600})
            await place.clock.sleep(600)


async def repeated(place: Observatory) -> None:
    """A session of every night: two nights, a skipped one, and its end."""
    place.drop("nightly.json", session(id_command=begins(20), repeat={"do_action": True, "every": "night"}))
    async with place.open():
        await place.clock.sleep(30 * 3600)
        place.say("scope/command", {"command": "end_night", "request_id": "x"})
        await place.clock.sleep(24 * 3600)
        place.say("scope/command", {"command": "remove", "request_id": "y", "session_id": "nightly"})
        await place.clock.sleep(600)


async def switches(place: Observatory) -> None:
    """What people switch, and what is remembered of it."""
    place.drop("a.json", session())
    async with place.open():
        await place.clock.sleep(1)  # it has begun
        for setting, value in (
            ("scheduler", "false"),
            ("armed", "true"),
            ("weather_policy", "abort"),
            ("max_wait_min", "30"),
            ("not_before", "2026-03-12T19:00:00+00:00"),
            ("filter", "Astro"),
            ("colour", "red"),
        ):
            place.say(f"scope/set/{setting}", value)
            await place.clock.sleep(30)
        await place.clock.sleep(700)
        place.say("scope/set/scheduler", "true")
        await place.clock.sleep(30)
    place.telescope.online = True
    async with place.open():
        await place.clock.sleep(2 * 3600)


async def shared(place: Observatory) -> None:
    """A telescope that is left alone between sessions, so that the phone app can connect."""
    place.telescope.single_client = True
    place.drop("a.json", session())
    place.drop("b.json", session(id_command=begins(21)))
    async with place.open():
        await place.clock.sleep(4 * 3600)


PLOTS: list[Night] = [
    (files, {}),
    (failures, {}),
    (conditions, {}),
    (weather, WEATHER),
    (silence, WEATHER),
    (long_rain, WEATHER),
    (given_up, {}),
    (ended_later, {}),
    (fewer, {}),
    (contradiction, {"conditions": {"max_altitude": 30}}),
    (restarts, {}),
    (absence, {}),
    (repeated, {}),
    (switches, {}),
    (shared, {}),
]


# -- telling ------------------------------------------------------------------------------------------------


def told(plot: Plot, settings: dict[str, Any], root: Path) -> str:
    """Live through a night, and tell it: what changed on each topic, then the files."""
    place = Observatory(root, poll_seconds=60, **settings)
    topics: dict[str, list[str]] = {}
    last: dict[str, Any] = {}
    publish = place.broker.accept

    def accept(publication: Any, *rest: Any, **more: Any) -> Any:
        topic = publication.topic.removeprefix("dwarf/scope/")
        if topic.startswith(TOLD) and publication.topic.startswith("dwarf/scope/"):
            text = publication.payload.decode()
            body = json.loads(text) if text[:1] in ("{", "[") else text
            topics.setdefault(topic, []).extend(_changes(place.clock.now(), last.get(topic), body))
            last[topic] = body
        return publish(publication, *rest, **more)

    place.broker.accept = accept  # type: ignore[method-assign]
    run_virtual(plot(place))
    lines = []
    for topic in sorted(topics):
        lines += [topic, *topics[topic], ""]
    for folder in ("ToDo", "Current", "Done", "Error"):
        lines += [f"{folder}/{name}" for name in place.files(folder)]
    return "\n".join(lines) + "\n"


def _changes(now: datetime, before: Any, body: Any) -> list[str]:
    at = f"{(now - DUSK).total_seconds():.0f}"
    if not isinstance(body, dict):
        return [f"{at} {_plain(body)}"]
    known = before if isinstance(before, dict) else {}
    new = {key: value for key, value in body.items() if known.get(key) != value and key != "at"}
    return [f"{at} {key}: {_plain(value)}" for key, value in sorted(new.items())]


def _plain(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True).replace(f'"{__version__}"', '"VERSION"')
    return re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b", "<uuid>", text)


@pytest.mark.parametrize(("plot", "settings"), PLOTS, ids=[plot.__name__ for plot, _ in PLOTS])
def test_a_night_is_told_as_it_was(plot: Plot, settings: dict[str, Any], tmp_path: Path) -> None:
    expected = (NIGHTS / f"{plot.__name__}.txt").read_text(encoding="utf-8")
    assert told(plot, settings, tmp_path) == expected


def test_no_night_is_left_over() -> None:
    assert {path.stem for path in NIGHTS.iterdir()} == {plot.__name__ for plot, _ in PLOTS}


if __name__ == "__main__":
    NIGHTS.mkdir(exist_ok=True)
    for each, wanted in PLOTS:
        with tempfile.TemporaryDirectory() as folder:
            (NIGHTS / f"{each.__name__}.txt").write_text(told(each, wanted, Path(folder)), encoding="utf-8")
