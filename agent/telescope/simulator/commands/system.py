"""Time, place, lock, lights and power (modules 4, 5 and 17)."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.targets import Site
from agent.telescope.dwarf.proto import system_pb2 as proto
from agent.telescope.simulator import notices
from agent.telescope.simulator.broken_rules import HardwareRule
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.registry import OK, Call, on

TIME_NOT_SET, ZONE_NOT_SET = -13300, -13301
_MILLISECONDS_FROM = 10**11  # larger timestamps cannot be seconds of this era
_LATEST = 2**33


@on(13000, takes=proto.SetTime)
def set_time(device: Device, call: Call) -> int:
    seconds = call.request.timestamp
    if seconds >= _MILLISECONDS_FROM:
        seconds //= 1000
    if not 0 < seconds < _LATEST:
        return TIME_NOT_SET
    device.state.time_offset = datetime.fromtimestamp(seconds, UTC) - device.clock.now()
    return OK


@on(13001, takes=proto.SetTimeZone)
def set_time_zone(device: Device, call: Call) -> int:
    if not call.request.timezone:
        return ZONE_NOT_SET
    device.state.timezone = call.request.timezone
    return OK


@on(13002, takes=proto.SetSystemMode)
def set_mtp_mode(device: Device, call: Call) -> int:
    device.state.body.mtp_mode = call.request.mode
    device.notify(notices.mtp_mode(call.request.mode))
    return OK


@on(13003, takes=proto.SetSystemMode)
def set_cpu_mode(device: Device, call: Call) -> int:
    device.state.body.cpu_mode = call.request.mode
    device.notify(notices.cpu_mode(call.request.mode))
    return OK


@on(13004, takes=proto.SetMasterLock)
def master_lock(device: Device, call: Call) -> int | None:
    """Take or give back the lock; who controls the telescope is told before the answer."""
    if device.options.is_v3 and device.options.habits.lock == "silent":
        device.broke(HardwareRule.SILENT_COMMAND, call.peer.client_id, str(call.cmd))
        return None
    call.peer.claim(lock=call.request.lock)
    return OK


@on(13009, takes=proto.SetSystemMode)
def set_low_temperature_protection(device: Device, call: Call) -> int:
    device.state.body.low_temperature_protection = call.request.mode
    device.notify(notices.low_temperature_protection(call.request.mode))
    return OK


@on(13010, takes=proto.SetLocation, v2=False)
def set_location(device: Device, call: Call) -> int:
    asked = call.request
    if asked.enable:
        zone = device.state.timezone or "UTC"
        device.state.site = Site(asked.latitude, asked.longitude, asked.altitude, zone)
    return OK


@on(13500, 13501)
def ring_light(device: Device, call: Call) -> int:
    device.state.body.ring_light = call.cmd == 13500
    device.notify(notices.ring_light(device.state.body.ring_light))
    return OK


@on(13503, 13504)
def indicator(device: Device, call: Call) -> int:
    device.state.body.indicator = call.cmd == 13503
    device.notify(notices.indicator(device.state.body.indicator))
    return OK


@on(13502)
def power_down(device: Device, _call: Call) -> int:
    device.start("power", device.switch_off("asked to"))
    return OK


@on(13505)
def reboot(device: Device, _call: Call) -> int:
    device.start("power", device.restart("asked to"))
    return OK


@on(17000, 17001, 17002, v2=False)
def housekeeping(_device: Device, _call: Call) -> int:
    return OK
