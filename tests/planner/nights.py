"""Nights with the open-shutter hours of a near-optimal schedule (local search, under the same rules)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from agent.conditions import ConditionSet
from agent.planner import PlannedNight, Request, make_plan, shape_of
from agent.session.document import read_session
from agent.session.plan import make_plan as steps_of
from agent.session.times import start_instant, window_end
from agent.settings import Settings
from agent.sky.catalogue import resolve
from agent.targets import Site
from agent.telescope.dwarf.models import capabilities_for


@dataclass(frozen=True, slots=True)
class Night:
    """One night as a few words: see nights.json."""

    facts: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        return {"site": self.facts["site"], "conditions": self.facts["conditions"]}

    @property
    def begins(self) -> datetime:
        return datetime.fromisoformat(self.facts["begins"])

    @property
    def site(self) -> Site:
        return Site(**self.facts["site"])

    def documents(self, chance: Random | None = None) -> dict[str, dict[str, Any]]:
        """The session files by name; with `chance`, named in another order."""
        names = [f"s{number:02}" for number in range(len(self.facts["sessions"]))]
        if chance is not None:
            chance.shuffle(names)
        return {name: _document(facts) for name, facts in zip(names, self.facts["sessions"], strict=True)}

    def requests(self, chance: Random | None = None) -> list[Request]:
        """The sessions as the planner takes them."""
        settings = Settings.model_validate(self.settings)
        zone, capabilities = ZoneInfo(self.site.timezone), capabilities_for("D3")
        found = []
        for name, body in sorted(self.documents(chance).items()):
            document = read_session(body, name=name, resolve=resolve).document
            assert document is not None
            start = start_instant(document, zone, self.begins)
            plan = steps_of(document, capabilities, resolve=resolve, begin=start or self.begins, zone=zone)
            opening, captures, closing = shape_of(plan)
            request = Request(
                session_id=name,
                target=plan.goto_targets[-1],
                conditions=ConditionSet.of(settings.requirements, document.conditions),
                opening_s=opening,
                captures=captures,
                closing_s=closing,
                start=start,
                end=window_end(document, zone, self.begins, start=start),
                seen=self.begins,
                priority=document.id_command.priority,
            )
            found.append(request)
        return found

    def plan(self, requests: list[Request]) -> PlannedNight:
        zone = ZoneInfo(self.site.timezone)
        return make_plan(requests, site=self.site, zone=zone, now=self.begins)

    def ratio(self, requests: list[Request], plan: PlannedNight) -> float:
        """Open-shutter time against that of the near-optimal schedule."""
        exposures = {one.session_id: one.captures[0].exposure_s for one in requests}
        open_s = sum(block.frames * exposures[block.session_id] for block in plan.blocks)
        return open_s / 3600 / float(self.facts["near_optimal_h"])


def nights() -> list[Night]:
    """All that are kept."""
    text = (Path(__file__).parent / "nights.json").read_text(encoding="utf-8")
    return [Night(facts) for facts in json.loads(text)]


def _document(facts: dict[str, Any]) -> dict[str, Any]:
    command: dict[str, Any] = {
        "id_command": facts.get("id_command", {}),
        "goto_manual": {"do_action": True, "target": facts["target"], "wait_after": 10},
        "setup_camera": {
            "do_action": True,
            "exposure": facts["exposure"],
            "gain": 60,
            "count": facts["count"],
            "IRCut": 1,
            "binning": 0,
        },
    }
    if "conditions" in facts:
        command["conditions"] = {"do_action": True, **facts["conditions"]}
    return {"command": command}
