"""Who is it?"""

from __future__ import annotations

from agent.telescope.dwarf.catalogue import DeviceConfig, read_config
from agent.telescope.dwarf.http import DwarfHttp, HttpError
from agent.telescope.dwarf.models import model_from_device_id
from agent.telescope.errors import ProtocolError
from agent.telescope.first_light import modes
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear


async def configuration(http: DwarfHttp) -> DeviceConfig | None:
    """What the telescope's HTTP service says it is; None when it says nothing of use."""
    try:
        return read_config(await http.ask("GET", "/getDefaultParamsConfig"))
    except (HttpError, ProtocolError):
        return None


@check(
    "Which telescope is this, and does everything it sends say the same?",
    Feature.CONNECTING,
    belief="its HTTP service names a model this program knows, and its messages carry the same number",
)
async def who_are_you(bench: Bench) -> Finding:
    config = await configuration(bench.http)
    asked = bench.line.since()
    state = await modes.state_of(bench)
    await asked.listen(3.0)
    own = {one.packet.device_id for one in bench.line.heard_from(0) if one.packet.device_id}
    facts: dict[str, object] = {
        "name": config.name if config is not None else None,
        "firmware": config.firmware if config is not None else None,
        "http_id": config.device_id if config is not None else None,
        "ids_in_messages": sorted(own),
        "minor_versions": sorted({one.packet.minor_version for one in bench.line.heard_from(0)}),
        "state_told": state is not None,
    }
    if config is None:
        return unclear("Its HTTP service says nothing; the number in its messages has to do.", **facts)
    model = model_from_device_id(config.device_id)
    if model is None:
        return differs("A model nobody has described yet: every answer of it is news.", **facts)
    if state is None:
        return differs("It does not tell its state, which newer firmware does within a second.", **facts)
    if own - {config.device_id}:
        return differs("Its messages carry another number than its HTTP service.", **facts)
    return agrees(
        f"A {model} with firmware {config.firmware or 'unknown'}; all of it says the same.", **facts
    )
