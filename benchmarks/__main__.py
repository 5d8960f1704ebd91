"""Every measurement, the short form of the long ones: some four minutes."""

from __future__ import annotations

import asyncio

from agent import quality
from benchmarks import (
    archive_fetch,
    back_to_back,
    drop_storm,
    due_to_wire,
    efficiency,
    idle_cost,
    kill_anywhere,
    night_in_a_second,
    night_plans,
    page_cost,
    scan_start,
    session_overhead,
    unsafe_to_stop,
)
from benchmarks.reporting import quiet


def main() -> None:
    """Run them one after the other."""
    quiet()
    for measurement in (
        due_to_wire.measure,
        session_overhead.measure,
        back_to_back.measure,
        unsafe_to_stop.measure,
        scan_start.measure,
        idle_cost.measure,
        page_cost.measure,
    ):
        asyncio.run(measurement())
    archive_fetch.measure(frames=12)
    drop_storm.measure(range(1))
    kill_anywhere.measure()
    night_in_a_second.measure()
    efficiency.measure()
    night_plans.measure()
    if quality.is_there():
        from benchmarks import frame_quality

        frame_quality.measure_kinds(nights=3)
    idle_cost.measure_leaks(hours=6, messages=2000)


if __name__ == "__main__":
    main()
