"""One frame on standard input is measured, and told as JSON on standard output: null when it is none."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict

from agent.quality.measure import measure

if __name__ == "__main__":
    with suppress(AttributeError, OSError):
        os.nice(10)  # what commands the telescope goes first
    found = measure(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(asdict(found) if found is not None else None))
