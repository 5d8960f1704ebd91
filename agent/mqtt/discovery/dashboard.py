"""The dashboard of a telescope for Home Assistant, with its entity ids filled in."""

from __future__ import annotations

import json
import re
from importlib.resources import files

_PREFIX, _AGENT = "dwarf_3", "dwarf_agent"  # as the file that is shipped has them


def dashboard(prefix: str, agent: str | None = None, name: str = "") -> str:
    """Return the dashboard with these beginnings of entity ids, and the telescope's name as its title."""
    text = (files(__package__) / "dashboard.yaml").read_text(encoding="utf-8")
    own = {_PREFIX: prefix, _AGENT: agent or _AGENT}
    text = re.sub("|".join(own), lambda found: own[found[0]], text)  # at once: one may be part of the other
    if name:
        text = text.replace("title: DWARF\n", f"title: {json.dumps(name, ensure_ascii=False)}\n", 1)
        text = text.replace("*Dwarf 3 new session*", f"*{prefix.replace('_', ' ').capitalize()} new session*")
    return text
