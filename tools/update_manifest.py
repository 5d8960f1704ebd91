"""Write what is made from the settings model into config.yaml and docs/configuration.md.

Run it after a change of `agent/settings` or of the version; with `--check` it only tells if it is needed.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from agent import __version__  # noqa: E402
from agent.settings import manifest  # noqa: E402

TABLE_BEGIN = "<!-- settings: made by tools/update_manifest.py -->\n"
TABLE_END = "<!-- end of settings -->\n"


def updated() -> dict[Path, str]:
    """Return the right text of each file this tool keeps."""
    config = ROOT / "config.yaml"
    text = config.read_text(encoding="utf-8")
    text = re.sub(r"^version: .*$", f'version: "{__version__}"', text, count=1, flags=re.MULTILINE)
    head, _, _ = text.partition(manifest.OPTIONS_BEGIN)

    guide = ROOT / "docs" / "configuration.md"
    before, begin, rest = guide.read_text(encoding="utf-8").partition(TABLE_BEGIN)
    _, end, after = rest.partition(TABLE_END)
    if not (begin and end):
        raise SystemExit(f"{guide}: the marks around the table of settings are missing.")
    return {
        config: head + manifest.options_and_schema_text(),
        guide: before + begin + manifest.settings_table() + end + after,
    }


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
