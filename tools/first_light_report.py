"""Turn a file of `dwarf-agent first-light` into lines for docs/verified-on-hardware.md and simulator habits.

    tools/first_light_report.py owner.jsonl

Prints table rows to paste (one a feature that was asked for), then what was seen that is not expected, then
the command that starts a simulated telescope with the owner's habits.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from agent.errors import AgentError  # noqa: E402
from agent.telescope.first_light.check import Feature  # noqa: E402
from agent.telescope.first_light.checks import CHECKS  # noqa: E402
from agent.telescope.first_light.finding import Agreement, Finding  # noqa: E402
from agent.telescope.first_light.notebook import Notebook  # noqa: E402
from agent.telescope.first_light.page import habits  # noqa: E402
from agent.telescope.simulator import Habits  # noqa: E402

_RESULTS = {
    Agreement.AGREES: "as believed",
    Agreement.VARIANT: "other known way",
    Agreement.DIFFERS: "**differs**",
    Agreement.UNCLEAR: "not found out",
}


def rows(findings: Mapping[str, Finding], about: Mapping[str, str]) -> list[str]:
    """The rows of the table: feature, model, firmware, date, agent version, result."""
    found: list[str] = []
    for feature in Feature:
        asked = [
            (one.name, findings[one.name].agreement)
            for one in CHECKS
            if feature in one.features and one.name in findings
        ]
        results = [f"{name} {_RESULTS[agreement]}" for name, agreement in asked if agreement in _RESULTS]
        if results:
            cells = (feature.value, *(about.get(key, "") for key in ("model", "firmware", "date", "agent")))
            found.append(f"| {' | '.join(cells)} | first light: {'; '.join(results)} |")
    return found


def news(findings: Mapping[str, Finding]) -> list[str]:
    """What differs, with the numbers behind it."""
    return [
        f"{one.name}: {one.question} {findings[one.name].saw} {dict(findings[one.name].facts)}"
        for one in CHECKS
        if one.name in findings and findings[one.name].agreement is Agreement.DIFFERS
    ]


def command(findings: Mapping[str, Finding], about: Mapping[str, str]) -> str:
    """The simulator that behaves like this telescope, as far as it has names for that."""
    found = habits(findings)
    Habits.from_texts(found)  # HabitError for an answer this version does not know
    flags = [f"--habit {name}={answer}" for name, answer in sorted(found.items())]
    model = about.get("model", "D3")
    if model.startswith("unknown"):  # nobody knows what it is like; it is told by its number alone
        model = "D3 Plus" if model == "unknown (3)" else "foreign"
    return " ".join(["dwarf-agent simulate --generation v3", f"--model {shlex.quote(model)}", *flags])


def main() -> int:
    """Read the file and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    try:
        notebook = Notebook.read(parser.parse_args().file)
        lines = [*rows(notebook.findings, notebook.about), "", *news(notebook.findings), ""]
        print("\n".join([*lines, command(notebook.findings, notebook.about)]))
    except AgentError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
