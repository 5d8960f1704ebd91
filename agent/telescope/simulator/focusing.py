"""The focus motor: searching on stars, going to infinity, and steps by hand."""

from __future__ import annotations

from collections.abc import Callable

from agent.telescope.simulator import notices, physics
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import FocusFails
from agent.telescope.simulator.history import Focused
from agent.telescope.simulator.state import INFOCUS, Operation

ACTIVITY = "focus"
_FAR, _NEAR = 0, 20000
_STEP = 5
_CREEP_S = 0.2
_TOLD = 4  # positions told while a search runs


def start(
    device: Device,
    kind: str,
    finished: Callable[[int], None],
    *,
    search_s: float,
    goal: int | None,
    infinity: bool = False,
) -> None:
    """Focus in the background; `finished` gets the code at the end.

    `kind` is "astro", "fast", "normal" or "area"; `infinity` is a focus on the stored infinity position.
    """
    focus = device.state.focus

    async def work() -> None:
        focus.infinity_at = None
        code = await search(device, kind, search_s, goal)
        if code == 0 and infinity:
            focus.infinity_at = device.clock.monotonic()
        finished(code)

    device.start(ACTIVITY, work())


async def search(device: Device, kind: str, search_s: float, goal: int | None = None) -> int:
    """Move to focus; tells state 1, positions on the way, state 3, and returns the code."""
    focus = device.state.focus
    focus.activity = kind
    device.notify(notices.focus_state(kind, Operation.RUNNING))
    failure = device.faults.use(FocusFails)
    start = focus.position
    aim = INFOCUS + device.rng.randint(-4, 4) if goal is None else goal
    if failure is not None:
        aim = start
    for step in range(1, _TOLD + 1):
        await device.clock.sleep(search_s / _TOLD)
        focus.position = start + (aim - start) * step // _TOLD
        device.notify(notices.focus_position(focus.position))
    code = 0 if failure is None else failure.code
    device.record(Focused(device.clock.now(), focus.position, code))
    focus.activity = ""
    device.notify(notices.focus_state(kind, Operation.STOPPED if code == 0 else Operation.IDLE))
    return code


def stop(device: Device) -> bool:
    """Stop a search; false when none runs."""
    focus = device.state.focus
    kind, focus.activity = focus.activity, ""
    if not device.stop(ACTIVITY):
        return False
    if kind:
        device.notify(notices.focus_state(kind, Operation.STOPPED))
    return True


def step(device: Device, direction: int, steps: int = 1) -> None:
    """Move by hand: direction 0 far, 1 near."""
    focus = device.state.focus
    focus.infinity_at = None
    moved = focus.position + (_STEP if direction else -_STEP) * steps
    focus.position = max(_FAR, min(_NEAR, moved))
    device.notify(notices.focus_position(focus.position))


def start_creep(device: Device, direction: int) -> None:
    """Move by hand until stopped."""

    async def creep() -> None:
        while True:
            step(device, direction)
            await device.clock.sleep(_CREEP_S)

    device.start(ACTIVITY, creep())


SEARCH_S = physics.FOCUS_SEARCH_S
INFINITY_S = physics.FOCUS_MOVE_S
