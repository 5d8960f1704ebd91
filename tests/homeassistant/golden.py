"""Write the golden discovery messages anew: python -m tests.homeassistant.golden."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mqtt.discovery.samples import bridge, telescope


def main() -> None:
    """Write one file a message."""
    for name, message in (("telescope", telescope()), ("bridge", bridge())):
        path = Path(__file__).parent / "golden" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        body = {"topic": message.topic, "payload": message.payload}
        path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
