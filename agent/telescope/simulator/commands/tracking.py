"""Object tracking and sentry (module 7): accepted, and nothing is ever found."""

from __future__ import annotations

from agent.telescope.dwarf.proto import track_pb2 as proto
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.registry import OK, Call, on


@on(14800, takes=proto.TrackObject)
@on(14802, takes=proto.SentryMode)
@on(14801, 14803, 14804, 14805, 14806, 14807)
def track(_device: Device, _call: Call) -> int:
    return OK
