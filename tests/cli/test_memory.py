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

SMALL_WORK = """
import sys
from agent.app.memory import return_what_is_free

def own_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))

held = [bytearray(2000) for _ in range(20_000)]
kept = bytearray(2000)  # behind them, so that the C library cannot give the rest back by itself
del held
before = own_kb()
assert return_what_is_free()
print(before - own_kb())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library of Linux")
def test_what_pictures_took_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 8_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library of Linux")
def test_what_a_large_piece_of_work_took_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", SMALL_WORK], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 30_000
