"""What newer firmware does not answer."""

from __future__ import annotations

from agent.telescope.dwarf.proto import system_pb2
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, variant

_LIMIT_S = 3.0
_WIDE_LIMIT_S = 5.0


@check(
    "Are the lock (13004) and three questions of older firmware (10036, 10038, 12027) left unanswered?",
    Feature.CONNECTING,
    Feature.SHARING,
    belief="none of the four is answered",
)
async def silent_commands(bench: Bench) -> Finding:
    asked = (Cmd.MASTER_LOCK, Cmd.TELE_GET_ALL, Cmd.TELE_GET_FEATURES, Cmd.WIDE_GET_ALL)
    answered = await _answered(bench, asked, _LIMIT_S)
    habits = {"lock": "granted" if answered.get(str(int(Cmd.MASTER_LOCK))) == 0 else "silent"}
    if answered:
        return variant(f"Answered after all: {', '.join(answered)}.", habits, answered=answered)
    return agrees("None of them was answered.", habits)


@check(
    "Are stopping (11017) and leaving (11020) the wide camera left unanswered when nothing runs?",
    Feature.WIDE,
    belief="neither is answered",
)
async def idle_wide_camera(bench: Bench) -> Finding:
    answered = await _answered(bench, (Cmd.STOP_WIDE_CAPTURE, Cmd.GO_LIVE_WIDE), _WIDE_LIMIT_S)
    if answered:
        return variant(f"Answered after all: {', '.join(answered)}.", {}, answered=answered)
    return agrees("Neither was answered.")


async def _answered(bench: Bench, cmds: tuple[Cmd, ...], within: float) -> dict[str, int]:
    """The codes of those that were answered, by number."""
    codes: dict[str, int] = {}
    for cmd in cmds:
        request = system_pb2.SetMasterLock(lock=True) if cmd is Cmd.MASTER_LOCK else None
        heard = await bench.line.ask(cmd, request, within)
        if heard is not None:
            codes[str(int(cmd))] = heard.code
    return codes
