"""What each view costs until it is seen: processor time of the agent and of a browser, and bytes.

Processor time, as the clock tells more of what else a machine does; `slower_5_ms` is both on processors five
times slower than this one, which is about a Raspberry Pi 4 with an old phone before it.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.reporting import say
from tests.page.conftest import FLAGS, PHONE, ROOT

SLOWER = 5
RUNS = 6
SETTLE_S = 8.0
PAINT_MS = 150
VIEWS = ("tonight", "now", "new", "new?target=M%2031", "nights", "settings", "watch")
_EMPTY = "data:text/html,<title>x</title><p>x"


def measure(runs: int = RUNS) -> None:
    """Open each view in a browser that keeps nothing, on a whole agent (Linux, Debian's Chromium)."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        agent = subprocess.Popen(
            [sys.executable, "-m", "tests.page.stand", folder, "--speed", "1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        try:
            assert agent.stdout is not None
            address = agent.stdout.readline().strip()
            time.sleep(SETTLE_S)
            empty = statistics.median(_painted(browser, _EMPTY) for _ in range(runs))
            say("page_paint", view="(an empty one)", browser_ms=round(empty))
            for view in VIEWS:
                kb = _bytes(browser, f"{address}/{view}") / 1024
                opened = [_opened(browser, f"{address}/{view}", agent.pid) for _ in range(runs)]
                served, drawn = (statistics.median(part) for part in zip(*opened, strict=True))
                say(
                    "page_paint",
                    view=view,
                    agent_ms=round(served),
                    browser_ms=round(drawn),
                    slower_5_ms=round(SLOWER * (served + drawn)),
                    kb=round(kb, 1),
                )
        finally:
            browser.close()
            agent.terminate()
            agent.wait(60)


def _opened(browser: Any, address: str, pid: int) -> tuple[float, float]:
    """Processor milliseconds of the agent and of the browser for one look at a page."""
    before = _cpu_ms(pid)
    drawn = _painted(browser, address)
    return _cpu_ms(pid) - before, drawn


def _painted(browser: Any, address: str) -> float:
    """Milliseconds of a page's main thread until it is painted; its scripts come after that."""
    context = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, java_script_enabled=False)
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy_ms(tools)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(PAINT_MS)
    spent = _busy_ms(tools) - before
    context.close()
    return spent


def _bytes(browser: Any, address: str) -> float:
    """What is sent for a page with everything it needs."""
    context = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
    page = context.new_page()
    tools = context.new_cdp_session(page)
    loaded: list[float] = []
    tools.on("Network.loadingFinished", lambda told: loaded.append(told["encodedDataLength"]))
    tools.send("Network.enable")
    page.goto(address, wait_until="load")
    page.wait_for_timeout(PAINT_MS)
    context.close()
    return sum(loaded)


def _busy_ms(tools: Any) -> float:
    found = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(found["TaskDuration"])


def _cpu_ms(pid: int) -> float:
    """Of all threads, to the microsecond; what the agent does beside the page is in it, hence the medians."""
    threads = (Path("/proc") / str(pid) / "task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e6


if __name__ == "__main__":
    measure()
