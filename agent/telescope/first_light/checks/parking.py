"""Where the motors stand when the telescope is folded away."""

from __future__ import annotations

from agent.telescope.dwarf.proto import motor_pb2
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, skipped, unclear

_POSITION = 14011
_ROTATION, _PITCH = 1, 2
_FOLDED, _NEAR = 317.0, 3.0  # degrees


@check(
    "Where do the motors stand when the phone app has folded the telescope away?",
    Feature.PARKING,
    belief="pitch 317",
)
async def folded_position(bench: Bench) -> Finding:
    """Nothing is moved from here: the owner uses the app, and the motors are only asked where they stand."""
    request = (
        "This check only reads. It hangs up; then fold the telescope away with the phone app, and close the "
        "app entirely. Done?"
    )
    await bench.line.close()
    try:
        if not await bench.owner.agrees(request):
            return skipped("The telescope was not folded away with the app.")
    finally:
        await bench.line.ensure()
    found: dict[str, object] = {}
    for name, motor in (("pitch", _PITCH), ("rotation", _ROTATION)):
        heard = await bench.line.ask(_POSITION, motor_pb2.MotorSelect(id=motor))
        answer = None if heard is None else heard.read(motor_pb2.MotorPositionAnswer)
        found[f"{name}_code"] = None if answer is None else answer.code
        found[name] = None if answer is None or answer.code else round(answer.position, 1)
    pitch = found["pitch"]
    if not isinstance(pitch, float):
        return unclear("The motors do not say where they stand.", **found)
    if abs(pitch - _FOLDED) <= _NEAR:
        return agrees(f"Pitch {pitch}.", **found)
    return differs(f"Pitch {pitch}, not {_FOLDED:.0f}.", **found)
