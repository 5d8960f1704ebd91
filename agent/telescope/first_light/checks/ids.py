"""The numbers of parameters."""

from __future__ import annotations

from agent.telescope.dwarf.parameters import PARAMETER
from agent.telescope.dwarf.shooting_mode import DEEP_SKY
from agent.telescope.first_light import modes, params
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear

_KNOWN = {PARAMETER[setting].listed: setting for setting in ("format", "filter", "binning")}
_TRIES, _PAUSE_S = 6, 3.0  # a telescope tells its list only some seconds after the mode was entered


@check(
    "Does the telescope's own list (HTTP) have the exact numbers of its parameters?",
    Feature.SETTINGS,
    Feature.BINNING,
    belief="the numbers are exact: file format is 144942020819943439",
)
async def listed_ids(bench: Bench) -> Finding:
    await modes.enter(bench)
    for _ in range(_TRIES):
        found = await params.listed(bench.http, DEEP_SKY)
        if found:
            break
        await bench.clock.sleep(_PAUSE_S)
    else:
        return unclear("The list did not come.")
    facts: dict[str, object] = {
        f"{one.name} {one.camera}": one.number for one in found if one.name in _KNOWN or one.name == "exp"
    }
    other: dict[str, int] = {}
    seen = 0
    for one in found:
        if one.name in _KNOWN and one.camera in (0, None, 15):
            seen += 1
            expected = params.number(_KNOWN[one.name])
            if not isinstance(one.number, int) or one.number != expected:
                other[one.name] = expected
    if not seen:
        return unclear("The list has none of the parameters whose numbers are known.", **facts)
    if other:
        return differs(f"Other numbers than known: {', '.join(other)}.", expected=other, **facts)
    return agrees("Every number that is known is exact in the list.", **facts)
