"""Goes through the checks, safest first, with the owner's leave, and keeps what they find."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from agent.clock import Clock
from agent.errors import AgentError
from agent.targets import Site
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.dwarf.link.connection import LinkLostError
from agent.telescope.dwarf.models import model_from_device_id
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.first_light import modes
from agent.telescope.first_light.check import Bench, Check, Need
from agent.telescope.first_light.checks import CHECKS
from agent.telescope.first_light.checks.identity import configuration
from agent.telescope.first_light.errors import FirstLightError
from agent.telescope.first_light.finding import Agreement, Finding, skipped, unclear
from agent.telescope.first_light.line import Line, Place
from agent.telescope.first_light.notebook import Notebook
from agent.telescope.first_light.owner import Owner

_LOGGER = logging.getLogger(__name__)

_NEAREST = "D3"  # for a model nobody has described yet
_COVER = (
    "The next checks expose a few frames. Cover the lens, with its cap or a thick cloth (indoors is best). "
    "The mount should stand still; leave it room all the same, and press Ctrl-C if it moves. Covered?"
)
_SKY = (
    "The remaining checks need a clear, dark sky. Is the telescope outside and level, the cover off, nothing "
    "in its way, and you beside it?"
)


def chosen(only: Sequence[str]) -> list[Check]:
    """The checks of these names, safest first, or all; FirstLightError for a name there is not."""
    known = {one.name for one in CHECKS}
    for name in only:
        if name not in known:
            raise FirstLightError(f"There is no check '{name}'.", hint=f"Known: {', '.join(sorted(known))}.")
    return [one for one in CHECKS if not only or one.name in only]


async def walk(
    place: Place,
    notebook: Notebook,
    owner: Owner,
    clock: Clock,
    *,
    site: Site | None = None,
    only: Sequence[str] = (),
) -> None:
    """Ask everything that is not settled yet, or what `only` names, and note what is found.

    LinkLostError when the telescope cannot be reached, FirstLightError when it must not be asked now.
    """
    checks = [one for one in chosen(only) if only or not _settled(notebook, one)]
    line = Line(place, clock, notebook.recorder)
    http = DwarfHttp(place.host, place.http_port, notebook.recorder)
    bench = Bench(line, http, place, owner, clock, site)
    try:
        try:
            await line.open()
            await _meet(bench, notebook)
        except LinkLostError as error:
            raise _unreachable(error) from error
        await _Walk(bench, notebook, checks).run()
    finally:
        await line.close()


def _unreachable(error: LinkLostError) -> AgentError:
    if not error.held:
        return error
    return FirstLightError(
        "Another program holds the telescope.", hint="Close the phone app entirely, and stop the agent."
    )


async def _meet(bench: Bench, notebook: Notebook) -> None:
    """Learn which telescope it is, and that it is at rest."""
    config = await configuration(bench.http)
    state = await modes.state_of(bench)
    older = state is None if config is None else config.generation is Generation.V2
    if older:
        raise FirstLightError(
            "This telescope has the older firmware, of which all these things are known.",
            hint="Nothing needs to be found out; update the firmware in the phone app first if you want to.",
        )
    if state is not None and (modes.stacking(state) or _goes(state.motion.exclusive.WhichOneof("activity"))):
        raise FirstLightError("The telescope is at work.", hint="Wait until it has ended, or stop it first.")
    number = config.device_id if config is not None else bench.line.device_id
    model = model_from_device_id(number)
    bench.model, bench.described = model or _NEAREST, model is not None
    this = {
        "model": model or f"unknown ({number})",
        "firmware": config.firmware if config is not None else "",
    }
    for name, value in this.items():
        known = notebook.about.get(name, "")
        if known and value and known != value:
            raise FirstLightError(
                f"The file is about another telescope or firmware ({name} {known}, not {value}).",
                hint="Begin another one with --file.",
            )
    notebook.describe(**{name: value for name, value in this.items() if value})


def _goes(activity: str | None) -> bool:
    return activity in ("calibration", "goto", "one_click", "eq_solving")


def _settled(notebook: Notebook, check: Check) -> bool:
    found = notebook.findings.get(check.name)
    return found is not None and found.agreement.settled


class _Walk:
    """One round. What the owner said of cover and sky holds until its end."""

    def __init__(self, bench: Bench, notebook: Notebook, checks: Sequence[Check]) -> None:
        self._bench = bench
        self._notebook = notebook
        self._checks = checks
        self._said: dict[str, bool] = {}

    async def run(self) -> None:
        tell = self._bench.owner.tell
        for number, check in enumerate(self._checks, 1):
            tell(f"[{number}/{len(self._checks)}] {check.question}")
            why_not = await self._why_not(check)
            finding = skipped(why_not) if why_not else await self._ask(check)
            self._notebook.put(check.name, finding)
            tell(f"    {_WORDS[finding.agreement]}: {finding.saw}")

    async def _why_not(self, check: Check) -> str:
        """Why a check cannot be made; "" when it can."""
        owner, needs = self._bench.owner, check.needs
        if Need.CLEAR_SKY in needs:
            if self._bench.site is None:
                return "It is not known where the telescope stands: set latitude and longitude."
            if not self._bench.dark():
                return "It is not dark yet; nothing is moved while the Sun may be near."
            if not await self._once(_SKY):
                return "Not under a clear sky this time."
        if Need.COVERED in needs and not await self._once(_COVER):
            return "The lens is not covered."
        if Need.MOVES in needs and not await owner.agrees(f"THE MOUNT WILL MOVE. {check.moves} May it?"):
            return "The mount was not to move."
        return ""

    async def _once(self, question: str) -> bool:
        if question not in self._said:
            self._said[question] = await self._bench.owner.agrees(question)
        return self._said[question]

    async def _ask(self, check: Check) -> Finding:
        try:
            await self._bench.line.ensure()
            return await check.run(self._bench)
        except LinkLostError as error:
            await self._bench.line.ensure()
            return unclear(f"The link broke: {error.message}")
        except FirstLightError:
            raise
        except AgentError as error:
            return unclear(error.message)
        except Exception as error:
            _LOGGER.exception("The check %s failed", check.name)
            return unclear(f"The check itself failed ({type(error).__name__}).")


_WORDS: dict[Agreement, str] = {
    Agreement.AGREES: "as believed",
    Agreement.VARIANT: "the other known way",
    Agreement.DIFFERS: "NEWS",
    Agreement.UNCLEAR: "not found out",
    Agreement.SKIPPED: "skipped",
}
