"""Charger and battery."""

from __future__ import annotations

from agent.telescope.first_light import modes
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, skipped, unclear, variant

_SETTLE_S = 5.0
_CHARGING = 15202


@check(
    "With which number does the telescope say that it runs on its battery?",
    Feature.BATTERY,
    belief="1 on battery, 2 while charging",
)
async def charging(bench: Bench) -> Finding:
    told: dict[str, int] = {}
    percent = 0
    for name, request in (
        ("plugged", "Plug the charger in (charger on). Done?"),
        ("battery", "Unplug the charger. Done?"),
    ):
        since = bench.line.since()
        if not await bench.owner.agrees(request):
            return skipped("The charger was not plugged and unplugged.")
        await since.listen(_SETTLE_S)
        state = await modes.state_of(bench)
        if state is None:
            return unclear("It did not tell its state.")
        told[name], percent = state.device.charging.state, state.device.battery.percentage
        told[f"{name}_notices"] = len(since.notices(_CHARGING))
    facts: dict[str, object] = {**told, "percent": percent}
    match told["plugged"], told["battery"]:
        case 2, 1:
            return agrees("1 on battery, 2 while charging.", {"charging": "one_is_battery"}, **facts)
        case ((1 | 2), 0):
            saw = f"0 on battery, {told['plugged']} while charging."
            return variant(saw, {"charging": "one_is_slow"}, **facts)
    return differs(f"{told['battery']} on battery, {told['plugged']} while charging.", **facts)
