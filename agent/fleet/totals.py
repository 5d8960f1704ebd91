"""What the agents of a fleet collected for groups: each tells its own, retained, and counts the others'."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from agent.capabilities import Camera
from agent.mqtt.fleet_bodies import MOST_TOTALS, Total, Totals
from agent.planner.goal_progress import Field, Light

MOST_AGENTS = 2000  # that are remembered


class FleetTotals:
    """Owner of what the other agents told, and of which agents there are."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._lights: dict[str, tuple[Light, ...]] = {}

    @property
    def agents(self) -> frozenset[str]:
        """The other agents of the fleet."""
        return frozenset(self._lights)

    def lights(self) -> tuple[Light, ...]:
        """Return what the others collected."""
        return tuple(light for lights in self._lights.values() for light in lights)

    def hear(self, agent: str, told: Totals) -> None:
        """Take what an agent tells of itself."""
        if agent != self._agent and (agent in self._lights or len(self._lights) < MOST_AGENTS):
            self._lights[agent] = tuple(_lights(agent, told.groups))

    def gone(self, agent: str) -> None:
        """An agent took back what it told."""
        self._lights.pop(agent, None)


def told(agent: str, lights: Iterable[Light]) -> Totals:
    """Return what an agent tells of its results: the parts of the groups with the latest nights."""
    parts: dict[tuple[str, str, str], list[Light]] = {}
    for light in lights:
        where = light.field
        place = f"{where.ra_hours} {where.dec_degrees}" if where.ra_hours is not None else where.name
        parts.setdefault((light.group, f"{light.camera.value} {light.filter}", place), []).append(light)
    latest = sorted(parts.values(), key=lambda part: max(one.night for one in part), reverse=True)
    return Totals(agent=agent, groups=tuple(_total(part) for part in latest[:MOST_TOTALS]))


def _total(part: list[Light]) -> Total:
    one = max(part, key=lambda light: light.night)
    return Total(
        group=one.group[:300],
        target=one.field.name[:300],
        ra_hours=one.field.ra_hours,
        dec_degrees=one.field.dec_degrees,
        camera=one.camera.value,
        filter=one.filter[:60],
        taken=sum(light.taken for light in part),
        stacked=sum(light.stacked for light in part),
        seconds=round(sum(light.seconds for light in part), 3),
        night=date.fromisoformat(one.night) if one.night else None,
    )


def _lights(agent: str, totals: Iterable[Total]) -> Iterable[Light]:
    for number, one in enumerate(totals):
        if one.camera not in set(Camera):
            continue
        name, night = f"{agent}/{number}", one.night.isoformat() if one.night else ""
        where, camera = Field(one.target, one.ra_hours, one.dec_degrees), Camera(one.camera)
        yield Light(
            name, name, one.group, night, where, camera, one.filter, one.taken, one.stacked, one.seconds
        )
