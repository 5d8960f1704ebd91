"""The chart of a planned night."""

from __future__ import annotations

from datetime import datetime

from agent.planner.night import NightPlan
from agent.sky.chart import ChartTarget, draw_chart
from agent.sky.chart_shapes import Drawing


def chart_of(plan: NightPlan, now: datetime) -> Drawing:
    """Return the chart: the targets' heights, and when each of them runs."""
    return draw_chart(
        plan.site,
        plan.night,
        [
            ChartTarget(
                one.request.target.name,
                one.request.target,
                tuple(block.interval for block in one.blocks),
                one.left.message if one.left is not None and not one.blocks else "",
                asked.min_altitude,
                asked.max_altitude,
                asked.horizon_mask,
            )
            for one in plan.sessions
            if one.request.target is not None
            for asked in [one.request.conditions.requirements]
        ],
        now=now,
    )
