"""What a session asks of the sky where nobody said where the telescope stands."""

from __future__ import annotations

from agent.conditions.rules import SKY_RULES
from agent.errors import Problem, warning
from agent.session.condition_keys import ConditionKeys
from agent.session.document import SessionDocument
from agent.targets import Site

_KEYS = tuple(
    key for key in ConditionKeys.model_fields if any(f"`{key}`" in rule.about.set_by for rule in SKY_RULES)
)
_HINT = "Set latitude and longitude in the configuration."


def unasked_problems(document: SessionDocument, site: Site | None) -> list[Problem]:
    """Warn of conditions that cannot be judged, and of targets whose place cannot be told."""
    if site is not None:
        return []
    problems, own = [], document.conditions
    keys = (
        [key for key in _KEYS if getattr(own, key) is not None] if own is not None and own.do_action else []
    )
    if keys:
        message = f"Nobody said where the telescope stands, so nothing can be known of {', '.join(keys)}."
        hint = f"{_HINT} Until then it runs without."
        problems.append(warning("no_place", message, hint, document.pointer("conditions", keys[0])))
    if document.goto_solar is not None:
        message = "Nobody said where the telescope stands, and without that it finds no Sun, Moon or planet."
        problems.append(warning("no_place", message, _HINT, document.pointer("goto_solar", "target")))
    return problems
