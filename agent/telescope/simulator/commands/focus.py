"""Focus (module 8)."""

from __future__ import annotations

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import focus_pb2 as proto
from agent.telescope.simulator import focusing
from agent.telescope.simulator.commands.astro import needs_light
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.registry import ASTRO_BUSY, BAD_PARAMETER, OK, Call, on
from agent.telescope.simulator.state import INFOCUS

_SLOW_FAILED = -15100
_TO_INFINITY = 1
_NORMAL_SEARCH_S = 6.0
_FARTHEST = 20000


@on(15000, takes=proto.AutoFocus)
def auto_focus(device: Device, call: Call) -> int | None:
    if device.runs(focusing.ACTIVITY):
        return _SLOW_FAILED
    kind = "area" if call.request.mode else "normal"
    focusing.start(device, kind, call.code, search_s=_NORMAL_SEARCH_S, goal=INFOCUS)
    return None


@on(15001, takes=proto.FocusStep)
def step(device: Device, call: Call) -> int:
    focusing.step(device, call.request.direction)
    return OK


@on(15002, takes=proto.FocusStep)
def creep(device: Device, call: Call) -> int:
    focusing.start_creep(device, call.request.direction)
    return OK


@on(15003)
@on(15005)
def stop(device: Device, _call: Call) -> int:
    focusing.stop(device)
    return OK


@on(15004, takes=proto.AstroAutoFocus)
def astro_auto_focus(device: Device, call: Call) -> int | None:
    """Search on stars, or go to infinity; the answer comes when the motor stands still."""
    infinity = call.request.mode == _TO_INFINITY
    if not infinity:
        needs_light(device, call)
    if device.state.capturing():
        return ASTRO_BUSY
    if device.runs(focusing.ACTIVITY):
        return _SLOW_FAILED
    fast = infinity and device.options.habits.infinity_focus == "fast"
    focusing.start(
        device,
        "fast" if fast else "astro",
        call.code,
        search_s=focusing.INFINITY_S if infinity else focusing.SEARCH_S,
        goal=device.state.focus.infinity if infinity else None,
        infinity=infinity,
    )
    return None


@on(15011)
def infinity(device: Device, _call: Call) -> Message:
    return proto.InfinityPositionAnswer(pos=device.state.focus.infinity)


@on(15012, takes=proto.SetInfinityPosition)
def set_infinity(device: Device, call: Call) -> int:
    if not 0 <= call.request.pos <= _FARTHEST:
        return BAD_PARAMETER
    device.state.focus.infinity = call.request.pos
    return OK
