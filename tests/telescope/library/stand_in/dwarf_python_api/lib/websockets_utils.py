# ruff: noqa: T201, ASYNC110, ASYNC240 - as the library does
"""A stand-in for the library's client: the same names and threads, and a telescope made of a script.

The script is a module `behaviour` somewhere on the path: STEPS maps a function's name to what happens when
it is called, CONNECT is what happens on connecting, JOURNAL is a file that gets a line for each call.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
from enum import Enum
from pathlib import Path

import behaviour

print("the library prints when it is imported")
logging.getLogger().setLevel(logging.NOTSET)
logger = logging.getLogger("my_logger")
logger.setLevel(logging.DEBUG)

ERROR_INTERRUPTED = -10
WAIT_S = 150
COUNTS = {15209: ("", "takePhoto"), 15237: ("Wide", "takeWidePhoto")}


class Dwarf_Result(Enum):
    DISCONNECTED = -2
    WARNING = -1
    ERROR = 0
    OK = 1


client_instance = None
event_loop = None
event_loop_thread = None


def journal(**entry):
    with Path(behaviour.JOURNAL).open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, default=str) + "\n")


class WebSocketClient:
    def __init__(self, loop, uri, client_id, ping_interval_task=5):
        self.uri = uri
        self.websocket = False
        self.start_client = False
        self.wait_pong = False
        self.result_queue = asyncio.Queue()
        self.result_queue_locked = asyncio.Lock()
        self.InitHostReceived = False
        for wide in ("", "Wide"):
            setattr(self, f"Astro{wide}Capture", False)
            setattr(self, f"RestartAstro{wide}Capture", False)
            setattr(self, f"take{wide}PhotoStarted", False)
            setattr(self, f"take{wide}PhotoCount", 0)
            setattr(self, f"take{wide}PhotoStacked", 0)
        self.BatteryLevelDwarf = 81
        self.availableSizeDwarf = 50
        self.totalSizeDwarf = 113
        self.TemperatureLevelDwarf = 21
        self.FocusValueDwarf = 600

    async def result_receive_messages(self, cmd_send, cmd_recv, result, message, code):
        item = {
            "cmd_send": cmd_send,
            "cmd_recv": cmd_recv,
            "result": result,
            "message": message,
            "code": code,
        }
        async with self.result_queue_locked:
            await self.result_queue.put(item)

    async def result_notification_messages(self, cmd_send, cmd_recv, result, message, code):
        item = {"result": result, "message": message, "code": code, "notification": True}
        async with self.result_queue_locked:
            await self.result_queue.put(item)

    async def disconnect(self):
        self.start_client = self.websocket = False

    async def play(self, steps):
        for step in steps:
            kind, *values = step
            if kind == "after":
                await self.wait(values[0])
            elif kind == "result":
                await self.result_receive_messages(None, None, Dwarf_Result[values[0]], "", values[1])
            elif kind == "note":
                await self.result_notification_messages(None, 0, Dwarf_Result.OK, values[0], 0)
            elif kind == "host":
                self.InitHostReceived = values[0]
            elif kind == "set":
                setattr(self, values[0], values[1])
            elif kind == "state":
                self.take_state(*values)
            elif kind == "count":
                await self.take_count(*values)
            elif kind == "log":
                logger.info(values[0])
            elif kind == "drop":
                self.start_client = self.websocket = False
                await self.result_receive_messages(None, None, Dwarf_Result.DISCONNECTED, "", -1)

    async def wait(self, what):
        """So many seconds, or until a file is there."""
        while isinstance(what, str) and not Path(what).exists():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0 if isinstance(what, str) else what)

    def take_state(self, wide, state):
        if state == "running" and getattr(self, f"RestartAstro{wide}Capture"):
            setattr(self, f"Astro{wide}Capture", True)
        started = getattr(self, f"take{wide}PhotoStarted")
        if state == "stopped" and (started or getattr(self, f"RestartAstro{wide}Capture")):
            setattr(self, f"Astro{wide}Capture", False)
            setattr(self, f"RestartAstro{wide}Capture", False)
            setattr(self, f"take{wide}PhotoStarted", False)

    async def take_count(self, number, taken, stacked):
        wide, prefix = COUNTS[number]
        setattr(self, f"{prefix}Started", True)
        if getattr(self, f"RestartAstro{wide}Capture"):
            setattr(self, f"Astro{wide}Capture", True)
        setattr(self, f"{prefix}Count", taken)
        setattr(self, f"{prefix}Stacked", stacked)
        await self.result_notification_messages(None, number, Dwarf_Result.OK, f"count {taken}", 0)


async def init_socket():
    global client_instance, event_loop, event_loop_thread
    journal(call="connect", config=Path("config.py").read_text(), environment=sorted(os.environ))
    if event_loop is None:
        event_loop = asyncio.new_event_loop()
        event_loop_thread = threading.Thread(target=event_loop.run_forever)  # keeps the process alive
        event_loop_thread.start()

    async def begin():
        global client_instance
        client_instance = WebSocketClient(event_loop, "", "")
        client_instance.start_client = client_instance.websocket = True
        await client_instance.play(behaviour.CONNECT)

    asyncio.run_coroutine_threadsafe(begin(), event_loop).result()
    return 0


def carry_out(name, args, default):
    """Play a function's steps, then wait for a result like the library does."""
    journal(call=name, args=args, pid=os.getpid())
    steps = behaviour.STEPS.get(name, default)
    if callable(steps):
        steps = steps(*args)
    for kind, *values in steps:
        if kind == "hang":
            time.sleep(3600)
        elif kind == "crash":
            os._exit(9)
        elif kind == "raise":
            raise NameError("name 'retry' is not defined")
        elif kind == "print":
            print(*values)
        elif kind == "return":
            return values[0]
    asyncio.run_coroutine_threadsafe(client_instance.play(steps), event_loop)
    while True:
        got = asyncio.run_coroutine_threadsafe(
            asyncio.wait_for(client_instance.result_queue.get(), WAIT_S), event_loop
        ).result()
        if not got.get("notification"):
            return got["result"] is Dwarf_Result.OK
