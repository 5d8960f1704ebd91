"""The process that holds dwarf_python_api. Run by path, in whatever interpreter has the library.

It needs the standard library and dwarf_python_api, nothing of the agent. Requests come as JSON lines on
standard input, answers and states leave as JSON lines on what was standard output; whatever the library
prints goes to standard error. The working directory must hold the library's config.py and config.ini.

    {"id": 7, "verb": "call", "args": {"name": "perform_GoLive", "args": []}}     a request
    {"interrupt": 7}                                                              give up waiting in request 7
    {"id": 7, "value": true, "heard": [...], "status": {...}, "seconds": 1.4}     its answer
    {"status": {...}}                                                             something changed
"""

# ruff: noqa: BLE001, T201 - nothing the library does may end this process

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from typing import Any

from library_adapter import Library  # type: ignore[import-not-found]  # beside this script

ALIVE_S = 10.0  # a state is told at least this often, as a sign of life


class Pipe:
    """The agent's end of the talk. One line is one write, so lines of several threads never mix."""

    def __init__(self) -> None:
        # Whatever the library prints must never be mistaken for an answer, whatever it reads be our request.
        self._out = os.dup(1)
        os.dup2(2, 1)
        self.requests = os.fdopen(os.dup(0), encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        self._lock = threading.Lock()

    def tell(self, message: dict[str, Any]) -> None:
        """Send one line; end the process when nobody listens any more."""
        line = (json.dumps(message, default=str) + "\n").encode()
        try:
            with self._lock:
                while line:
                    line = line[os.write(self._out, line) :]
        except OSError:
            os._exit(0)


class Worker:
    """Takes requests one by one; interrupts and states go past them."""

    def __init__(self, pipe: Pipe, library: Library, poll_s: float) -> None:
        self._pipe = pipe
        self._poll_s = poll_s
        self._library = library
        self._requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self._current = 0

    def run(self) -> None:
        for work in (self._read, self._tell_states):
            threading.Thread(target=work, daemon=True).start()
        while True:
            self._handle(self._requests.get())

    def _read(self) -> None:
        for line in self._pipe.requests:
            try:
                request = json.loads(line)
            except ValueError:
                continue
            if "interrupt" not in request:
                self._requests.put(request)
            elif request["interrupt"] == self._current:
                self._library.interrupt()
        # The agent is gone. The library's own thread would keep this process alive for ever.
        os._exit(0)

    def _tell_states(self) -> None:
        told: dict[str, Any] | None = None
        told_at = 0.0
        while True:
            try:
                self._library.tend()
                status = self._library.status()
            except Exception as error:  # the client changed hands meanwhile
                print(f"worker: no status: {error!r}")
                time.sleep(self._poll_s)
                continue
            if status != told or time.monotonic() - told_at > ALIVE_S:
                told, told_at = status, time.monotonic()
                self._pipe.tell({"status": status})
            time.sleep(self._poll_s)

    def _handle(self, request: dict[str, Any]) -> None:
        library = self._library
        number, verb, args = request["id"], request["verb"], request.get("args", {})
        begun = time.monotonic()
        answer: dict[str, Any] = {"id": number}
        self._current = number
        try:
            if verb == "quit":
                library.quit()
            elif verb == "connect":
                library.heard.clear()
                answer["value"] = library.connect()
            elif not library.linked():
                answer["unlinked"] = True
            else:
                library.clear()
                answer["value"] = getattr(library, verb)(**args)
        except LookupError as error:
            answer["unknown"] = str(error)
        except BaseException as error:
            answer["raised"] = f"{type(error).__name__}: {error}"
        self._current = 0
        answer["heard"] = list(library.heard)
        answer["seconds"] = round(time.monotonic() - begun, 3)
        try:
            answer["status"] = library.status()
        except Exception as error:
            print(f"worker: no status: {error!r}")
        self._pipe.tell(answer)
        if verb == "quit":
            os._exit(0)


def main() -> None:
    """Import the library, say whether that went well, and serve."""
    pipe = Pipe()
    settle_s, poll_s, listen_s = (float(seconds) for seconds in sys.argv[1:4])
    try:
        library = Library(settle_s, listen_s)
        ready = {"ready": {"python": sys.version.split()[0], "settable": library.settable()}}
    except ModuleNotFoundError as error:
        pipe.tell({"missing": str(error), "name": error.name or ""})
        os._exit(3)
    except BaseException as error:
        pipe.tell({"broken": f"{type(error).__name__}: {error}"})
        os._exit(4)
    pipe.tell(ready)
    Worker(pipe, library, poll_s).run()


if __name__ == "__main__":
    main()
