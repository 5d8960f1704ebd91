"""Whole sessions as they are told: every event, every status, every question to the telescope, the result.

Each story is kept in `stories/`, to be read like a diary. After a change that is meant,
`python -m tests.execute.test_stories` writes them anew; read what changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.events import Reason, SessionProgress, SessionResult, SessionStarted, StepStarted
from agent.execute.orders import Ending, EndKind, Hold, Orders
from agent.telescope.errors import HeldByOtherError, RefusedError, TransientError
from tests.execute.conftest import DUSK, Bench, session

STORIES = Path(__file__).with_name("stories")
ON = {"do_action": True}
PARK = {"do_action": True, "park": True}
RAIN = Hold(Reason.WEATHER, "rain")
Meanwhile = Callable[[], Awaitable[None]]
Plot = Callable[[Bench], tuple[dict[str, Any], list[Meanwhile]]]


def everything(_bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    wide = {"do_action": True, "exposure": 10, "gain": 60, "count": 3}
    focus = {"do_action": True, "wait_before": 7, "wait_after": 8}
    return session(
        auto_focus=focus,
        infinite_focus=ON,
        eq_solving=ON,
        calibration=ON,
        setup_wide_camera=wide,
        shutdown=PARK | {"power_down": True},
    ), []


def tried_again(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["goto"].append(TransientError("Clouds.", code="goto_failed", hint="Wait."))
    bench.telescope.fail["start_capture"].append(TransientError("Busy.", code="busy"))
    return session(), []


def failed_twice(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["goto"].extend(
        TransientError("Clouds.", code="goto_failed", hint="Wait.") for _ in range(2)
    )
    return session(shutdown=PARK), []


def once(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["goto"].append(TransientError("Clouds", code="goto_failed"))
    return session(id_command={"max_retries": 1}), []


def refused(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["goto"].append(RefusedError("Below the horizon.", hint="Wait for it to rise."))
    return session(shutdown=PARK), []


def not_calibrated(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["goto"].append(RefusedError("No.", device_code=-11511))
    return session(), []


def settings_not_taken(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.ignore_settings = True
    return session(), []


def link_lost(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.telescope.cut()
        await bench.clock.sleep(40)
        bench.telescope.restore()

    return session(), [meanwhile]


def ended_unwatched(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.telescope.cut()
        await bench.clock.sleep(30)
        bench.telescope._stop(bench.telescope.captures[-1])
        await bench.clock.sleep(30)
        bench.telescope.restore()

    return session(), [meanwhile]


def lost_for_good(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.telescope.cut()

    return session(shutdown=PARK), [meanwhile]


def held_by_another(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["goto"].append(HeldByOtherError("Another client controls it.", hint="Close it."))
    return session(), []


def another_captures(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.telescope.cut()
        await bench.clock.sleep(5)
        bench.telescope._stop(bench.telescope.captures[-1])
        bench.telescope.expose(Camera.TELE, 5, 30.0, "M 31")
        await bench.clock.sleep(5)
        bench.telescope.restore()

    return session(), [meanwhile]


def another_unnamed(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    """After a restart, a capture runs that turns out to be another's only when it is named."""
    bench.journal.facts = {
        "started_at": DUSK.isoformat(),
        "capture": {"camera": "tele", "started_at": DUSK.isoformat(), "planned": 12},
    }

    async def meanwhile() -> None:
        capture = bench.telescope.expose(Camera.TELE, 8, 15.0, None)
        await bench.after_frames(3)
        capture.target = "M 31"

    return session(), [meanwhile]


def paused(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.orders.pause("user", RAIN)
        await bench.clock.sleep(300)
        bench.orders.resume("user")

    return session(), [meanwhile]


def paused_too_long(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.orders.pause("user", RAIN)

    return session(shutdown=PARK), [meanwhile]


def aborted(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "A person stopped it"))

    return session(shutdown=PARK), [meanwhile]


def skipped_before_it_began(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.orders.end(Ending(EndKind.SKIP, Reason.USER, "Next!"))
    return session(), []


def agent_stopped(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def meanwhile() -> None:
        await bench.after_frames(4)
        bench.orders.end(Ending(EndKind.AGENT_STOP, Reason.AGENT_STOPPED, "The agent stops."))

    return session(), [meanwhile]


def too_many_frames(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.runs_on = 100
    return session(), []


def no_frames(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.frames_limit = 0
    return session(), []


def fewer_frames(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.frames_limit = 7
    bench.telescope.lose_every = 3
    return session(), []


def slow_capture(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    async def never(capture: Any) -> None:
        while capture.running:
            await bench.clock.sleep(10)

    bench.telescope._expose = never  # type: ignore[method-assign]
    return session(), []


def defect(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["goto"].append(KeyError("x"))  # type: ignore[arg-type]
    return session(shutdown=PARK), []


def slow_step(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.command_s = 4000
    return session(), []


def cannot_park(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.telescope.fail["park"].extend(TransientError("The motor is stuck.") for _ in range(9))
    return session(shutdown=PARK), []


def no_frames_asked_for(_bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    return session(setup_camera=None), []


def anywhere(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    """A session without a target, whose capture is lost and found."""
    document, meanwhile = link_lost(bench)
    document["command"].pop("goto_manual")
    return document, meanwhile


def guarded(bench: Bench) -> tuple[dict[str, Any], list[Meanwhile]]:
    bench.guard.forbid = "Too close to the Sun."
    return session(), []


PLOTS: list[Plot] = [
    everything,
    tried_again,
    failed_twice,
    once,
    refused,
    not_calibrated,
    settings_not_taken,
    link_lost,
    ended_unwatched,
    lost_for_good,
    held_by_another,
    another_captures,
    another_unnamed,
    paused,
    paused_too_long,
    aborted,
    skipped_before_it_began,
    agent_stopped,
    too_many_frames,
    no_frames,
    fewer_frames,
    slow_capture,
    defect,
    slow_step,
    cannot_park,
    no_frames_asked_for,
    guarded,
    anywhere,
]


# -- telling ------------------------------------------------------------------------------------------------


def seconds(at: datetime | None) -> str:
    return "-" if at is None else f"{(at - DUSK).total_seconds():.1f}"


def told(plot: Plot) -> str:
    """Live through a plot, and tell it."""
    bench = Bench()
    document, meanwhile = plot(bench)
    result = bench.run(document, *meanwhile)
    lines = [*_events(bench), *_asked(bench), *_result(result)]
    if result is None:
        lines.append("the agent begins again")
        again = Bench()
        again.journal = bench.journal
        lines += [*_events_of(again, document)]
    return "\n".join(lines) + "\n"


def _events_of(bench: Bench, document: dict[str, Any]) -> Iterator[str]:
    bench.orders = Orders()
    result = bench.run(document)
    yield from _events(bench)
    yield from _asked(bench)
    yield from _result(result)


def _events(bench: Bench) -> Iterator[str]:
    for event in bench.events:
        at = seconds(event.at)
        if isinstance(event, SessionStarted):
            yield f"{at} started {event.session.session_id} resumed={event.resumed}"
        elif isinstance(event, StepStarted):
            yield (
                f"{at} {event.session.session_id} step {event.index}/{event.count} {event.step!r}"
                f" attempt {event.attempt} {event.why!r}"
            )
        elif isinstance(event, SessionProgress):
            frames = f"{event.frames.taken}+{event.frames.stacked}/{event.frames.requested}"
            yield (
                f"{at} {event.session.session_id} progress {event.percent}%"
                f" frames {frames} {event.integration_s:g} s,"
                f" left {event.remaining_s} until {seconds(event.estimated_end)}"
                f" in {event.index}/{event.count} {event.step!r}"
            )
    for status, reason, message in bench.said.lines:
        yield f"status {status.value} {reason.value if reason else '-'} {message!r}"
    for shown in bench.shown:
        reason = shown.reason.value if shown.reason else "-"
        problem = f", problem {shown.problem.message!r}" if shown.problem else ""
        yield f"hands {seconds(shown.at)} {shown.status.value} {reason} {shown.message!r}{problem}"


def _asked(bench: Bench) -> Iterator[str]:
    yield f"asked {' '.join(bench.telescope.calls)}"
    for target, left in bench.guard.asked:
        yield f"guard {target.name} for {left:.0f} s"


def _result(result: SessionResult | None) -> Iterator[str]:
    if result is None:
        yield "no result"
        return
    reason = result.reason.value if result.reason else "-"
    yield f"result {result.outcome.value} {reason} {result.message!r}"
    yield f"  from {seconds(result.started_at)} to {seconds(result.ended_at)}, attempts {result.attempts}"
    frames = f"{result.frames.taken}+{result.frames.stacked}/{result.frames.requested}"
    yield f"  frames {frames}, {result.integration_s:g} s, files {' '.join(result.files) or '-'}"
    if result.error is not None:
        yield f"  error {result.error.code} {result.error.message!r} {result.error.hint!r}"
    for wait in result.waits:
        yield f"  waited {wait.seconds} s: {wait.reason.value}"
    for step in result.steps:
        when = f"{seconds(step.started_at)} to {seconds(step.ended_at)}"
        yield f"  {step.name!r} {step.result} {when}, attempts {step.attempts} {step.message!r}"
    yield f"  settings {result.settings}"
    yield f"  device {result.device!r} {result.firmware!r} of {result.telescope!r}"


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_a_session_is_told_as_it_was(plot: Plot) -> None:
    assert told(plot) == (STORIES / f"{plot.__name__}.txt").read_text(encoding="utf-8")


def test_no_story_is_left_over() -> None:
    assert {path.stem for path in STORIES.iterdir()} == {plot.__name__ for plot in PLOTS}


if __name__ == "__main__":
    STORIES.mkdir(exist_ok=True)
    for each in PLOTS:
        (STORIES / f"{each.__name__}.txt").write_text(told(each), encoding="utf-8")
