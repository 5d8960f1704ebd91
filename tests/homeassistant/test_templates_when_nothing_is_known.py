"""The dashboard's and the package's templates before anything was told, and while attributes are missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined

from agent.events import Status
from tests.homeassistant.shipped import DASHBOARDS, PACKAGES, load, walk

NOW = datetime(2026, 11, 26, 22, 0, tzinfo=UTC)
STATES = ["unknown", "unavailable", *(status.value for status in Status)]


class House:
    """What templates ask of Home Assistant: every entity has the same state, and no attribute."""

    def __init__(self, state: str) -> None:
        self._state = state

    def __call__(self, _entity: str) -> str:
        return self._state

    def __getattr__(self, domain: str) -> Any:
        return _Domain(domain, self._state)


class _Domain:
    def __init__(self, domain: str, state: str) -> None:
        self._domain, self._state = domain, state

    def __getattr__(self, name: str) -> Any:
        entity = f"{self._domain}.{name}"
        return SimpleNamespace(state=self._state, last_changed=NOW, last_updated=NOW, entity_id=entity)


def moment(text: str | None, *default: None) -> datetime | None:
    """Home Assistant's own: None without a default is an error."""
    if text is None and not default:
        raise TypeError("as_datetime got None, and no default")
    return NOW if text else None


def render(template: str, state: str) -> str:
    """Render a template as Home Assistant would, where a missing attribute is an error."""
    environment = Environment(undefined=StrictUndefined)
    known = state not in ("unknown", "unavailable")
    environment.globals |= {
        "states": House(state),
        "state_attr": lambda _entity, _name: None,
        "is_state": lambda _entity, wanted: state == wanted,
        "is_state_attr": lambda _entity, _name, wanted: wanted is None,
        "has_value": lambda _entity: known,
        "now": lambda: NOW,
        "timedelta": timedelta,
        "as_local": lambda at: at,
        "as_datetime": moment,
        "time_until": lambda _at, _precision: "2 hours",
    }
    environment.filters["float"] = lambda value, default: default if value is None else float(value)
    return environment.from_string(template).render()


def templates(path: Path) -> Iterator[str]:
    yield from (text for text in walk(load(path)) if isinstance(text, str) and "{%" in text)


@pytest.mark.parametrize("path", [*DASHBOARDS, *PACKAGES], ids=lambda path: path.stem)
def test_no_template_trips_over_what_is_not_known_yet(path: Path) -> None:
    for template in templates(path):
        for state in STATES:
            assert "None" not in render(template, state), template
