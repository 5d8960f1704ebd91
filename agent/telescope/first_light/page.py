"""What was found, as a page in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.capabilities import MODEL_NAMES
from agent.telescope.first_light.check import Check, Feature
from agent.telescope.first_light.checks import CHECKS
from agent.telescope.first_light.finding import Agreement, Finding

_GROUPS = (
    (Agreement.DIFFERS, "News: not what this program expects"),
    (Agreement.VARIANT, "The other known way, which this program lives with"),
    (Agreement.AGREES, "As believed"),
    (Agreement.UNCLEAR, "Tried, and not found out"),
)


def page(findings: Mapping[str, Finding], about: Mapping[str, str], file: str) -> str:
    """Return the page as Markdown; `file` is the name of the file to send."""
    model = about.get("model", "")
    lines = [
        f"# First light: {MODEL_NAMES.get(model, model or 'unknown telescope')}, "
        f"firmware {about.get('firmware') or 'unknown'}",
        "",
        f"{about.get('date', '')}, dwarf-agent {about.get('agent', '')}.",
        "",
        f"**Please send the file `{file}`** with an issue of this project. It holds the messages between the "
        "telescope and this program and what is written here. Serial numbers, names, passwords, networks and "
        "places are left out.",
        "",
    ]
    safe, careful, unknown = features(findings)
    lines += _list("Safe to use, as far as asked", safe, "Nothing yet.")
    lines += _list("Take care: it did something else than expected", careful, "")
    lines += _list("Not known yet", unknown, "")
    for agreement, title in _GROUPS:
        lines += _found(title, [one for one in CHECKS if _agreement(findings, one) is agreement], findings)
    left = [one for one in CHECKS if _agreement(findings, one) in (None, Agreement.SKIPPED)]
    lines += _list("Not asked", [_left(one, findings) for one in left], "")
    return "\n".join(lines).rstrip() + "\n"


def features(findings: Mapping[str, Finding]) -> tuple[list[str], list[str], list[str]]:
    """What is safe to use, what needs care, and what is not known, each in words."""
    safe: list[str] = []
    careful: list[str] = []
    unknown: list[str] = []
    for feature in Feature:
        agreements = {_agreement(findings, one) for one in CHECKS if feature in one.features}
        if Agreement.DIFFERS in agreements:
            careful.append(feature.value)
        elif agreements <= {Agreement.AGREES, Agreement.VARIANT}:
            safe.append(feature.value)
        else:
            unknown.append(feature.value)
    return safe, careful, unknown


def habits(findings: Mapping[str, Finding]) -> dict[str, str]:
    """The simulator's names for how this telescope behaves."""
    return {name: answer for found in findings.values() for name, answer in found.habits.items()}


def _agreement(findings: Mapping[str, Finding], check: Check) -> Agreement | None:
    found = findings.get(check.name)
    return None if found is None else found.agreement


def _left(check: Check, findings: Mapping[str, Finding]) -> str:
    found = findings.get(check.name)
    return f"{check.name}: {check.question}" + (f" {found.saw}" if found is not None else "")


def _found(title: str, checks: list[Check], findings: Mapping[str, Finding]) -> list[str]:
    if not checks:
        return []
    lines = [f"## {title}", ""]
    for one in checks:
        lines.append(f"- **{one.name}**: {one.question}")
        lines.append(f"  Believed: {one.belief}. Seen: {findings[one.name].saw}")
    return [*lines, ""]


def _list(title: str, items: Iterable[str], empty: str) -> list[str]:
    found = [f"- {one}" for one in items]
    if not found and not empty:
        return []
    return [f"## {title}", "", *(found or [empty]), ""]
