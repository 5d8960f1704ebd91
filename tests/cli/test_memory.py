"""Pictures that are gone take no memory any more."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORK = """
import sys
from agent.app.memory import return_large_allocations

def own_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))

assert return_large_allocations()
before = own_kb()
for _ in range(3):
    held = [bytearray(b"x") * (4 << 20) for _ in range(6)]
    kept = [bytearray(100_000) for _ in range(20)]  # between the pictures, and longer there
    del held
print(own_kb() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library of Linux")
def test_what_pictures_took_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 8_000
