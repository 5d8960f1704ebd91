"""Write what is made from the settings, the rules and the session's conditions into config.yaml and docs/.

Run it after a change of one of them or of the version; with `--check` it only tells if it is needed.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from agent import __version__  # noqa: E402
from agent.conditions.rules import RULES, SKY_RULES  # noqa: E402
from agent.session.sections import Conditions  # noqa: E402
from agent.settings import manifest  # noqa: E402

PLACES = {"settings": "configuration.md", "rules": "conditions.md", "keys": "session-format.md"}


def updated() -> dict[Path, str]:
    """Return the right text of each file this tool keeps."""
    config = ROOT / "config.yaml"
    text = config.read_text(encoding="utf-8")
    text = re.sub(r"^version: .*$", f'version: "{__version__}"', text, count=1, flags=re.MULTILINE)
    head, _, _ = text.partition(manifest.OPTIONS_BEGIN)
    tables = {"settings": manifest.settings_table(), "rules": rules_table(), "keys": keys_table()}
    pages = {ROOT / "docs" / PLACES[name]: name for name in tables}
    return {
        config: head + manifest.options_and_schema_text(),
        **{page: with_table(page, name, tables[name]) for page, name in pages.items()},
    }


def with_table(page: Path, name: str, table: str) -> str:
    """Return a page with what stands between its marks replaced."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(
        f"<!-- {name}: made by tools/update_manifest.py -->\n"
    )
    _, end, after = rest.partition(f"<!-- end of {name} -->\n")
    if not (begin and end):
        raise SystemExit(f"{page}: the marks around the table of {name} are missing.")
    return before + begin + table + end + after


def rules_table() -> str:
    """Return the Markdown table of the rules, in the order in which they are asked."""
    lines = ["| rule | asks | reason | set by |", "| --- | --- | --- | --- |"]
    for about in (rule.about for rule in (*RULES, *SKY_RULES)):
        reasons = ", ".join(f"`{reason}`" for reason in about.reasons)
        lines.append(f"| {about.name} | {about.asks} | {reasons} | {about.set_by} |")
    return "\n".join(lines) + "\n"


def keys_table() -> str:
    """Return the Markdown table of the keys of a session's `conditions`."""
    fields = {name: field for name, field in Conditions.model_fields.items() if name != "do_action"}
    lines = ["| key | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {field.description} |" for name, field in fields.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Update the files, or tell which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a file is out of date"
    )
    only_check = parser.parse_args().check
    stale = {path: text for path, text in updated().items() if path.read_text(encoding="utf-8") != text}
    for path, text in stale.items():
        if only_check:
            print(f"{path.relative_to(ROOT)} is out of date: run python tools/update_manifest.py")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{path.relative_to(ROOT)} updated")
    return 1 if stale and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
