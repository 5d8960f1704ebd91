"""dwarf_python_api, with what is known to be wrong with it worked around. Used by the worker process only."""

# ruff: noqa: BLE001, T201 - nothing the library does may end this process

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

PONG_LIMIT_S = 45.0  # the library pings every 10 s, and would wait for a lost pong for ever
STATES_S = 1.5  # what the telescope does is pushed around its answer to the first question
LOOP_LIMIT_S = 5.0  # the library's own loop does such things at once
HEARD_MOST = 60  # results kept of one call

# camera -> what the library's client calls its state
CAPTURES = {
    "tele": ("AstroCapture", "takePhotoStarted", "takePhotoCount", "takePhotoStacked"),
    "wide": ("AstroWideCapture", "takeWidePhotoStarted", "takeWidePhotoCount", "takeWidePhotoStacked"),
}
COUNTS = {"tele": 15209, "wide": 15237}  # the notifications of its frame counts
RE_ATTACH = ("RestartAstroCapture", "RestartAstroWideCapture")
START = {"tele": "perform_takeAstroPhoto", "wide": "perform_takeAstroWidePhoto"}
TELEMETRY = {
    "battery": "BatteryLevelDwarf",
    "temperature": "TemperatureLevelDwarf",
    "storage_free_gb": "availableSizeDwarf",
    "storage_total_gb": "totalSizeDwarf",
    "focus_position": "FocusValueDwarf",
}
TABLE_IDS = ("3", "2")  # the library has tables for these two models only
POLAR_ERROR = re.compile(r"(azi|alt)_err:\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)", re.IGNORECASE)


class PolarErrors(logging.Handler):
    """Catches the two angles of a polar alignment: the library only writes them into its log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: dict[str, Any] = {}

    def emit(self, record: logging.LogRecord) -> None:
        try:
            for name, value in POLAR_ERROR.findall(record.getMessage()):
                self.found[name.lower()] = float(value)
        except Exception:
            return


class Library:
    """dwarf_python_api, with what is known to be wrong with it worked around."""

    def __init__(self, settle_s: float, listen_s: float) -> None:
        # dwarf_utils first: the library's modules import each other in a circle that opens only here.
        from dwarf_python_api.lib import dwarf_utils, websockets_utils
        from dwarf_python_api.lib import data_utils, data_wide_utils  # isort: skip

        # Importing it sets the root logger to level 0.
        logging.getLogger().setLevel(logging.WARNING)
        self.utils = dwarf_utils
        self.sockets = websockets_utils
        self.lookups = {
            "exposure": (data_utils.get_exposure_name_by_index, data_utils.get_exposure_index_by_name),
            "gain": (data_utils.get_gain_name_by_index, data_utils.get_gain_index_by_name),
            "wide_exposure": (
                data_wide_utils.get_wide_exposure_name_by_index,
                data_wide_utils.get_wide_exposure_index_by_name,
            ),
            "wide_gain": (
                data_wide_utils.get_wide_gain_name_by_index,
                data_wide_utils.get_wide_gain_index_by_name,
            ),
        }
        self.heard: list[list[Any]] = []
        self.links = 0
        self._settle_s = settle_s
        self._listen_s = listen_s
        self._pinged_at: float | None = None
        self._pong_seen = False
        self._polar = PolarErrors()
        logging.getLogger("my_logger").addHandler(self._polar)
        self._watch()

    # -- state ------------------------------------------------------------------------------------------

    @property
    def client(self) -> Any:
        """The library's one client per process, or None."""
        return getattr(self.sockets, "client_instance", None)

    def linked(self) -> bool:
        client = self.client
        return bool(client and client.start_client and client.websocket)

    def status(self) -> dict[str, Any]:
        """Everything the agent may want to know, as plain values."""
        client = self.client
        linked = self.linked()
        status: dict[str, Any] = {"linked": linked, "link": self.links, "host": None}
        if not linked:
            return status
        status["host"] = bool(client.InitHostReceived)
        for camera, (running, _started, taken, stacked) in CAPTURES.items():
            status[camera] = {
                "running": bool(getattr(client, running)),
                "taken": int(getattr(client, taken) or 0),
                "stacked": int(getattr(client, stacked) or 0),
            }
        for name, attribute in TELEMETRY.items():
            status[name] = getattr(client, attribute, None)
        return status

    def tend(self) -> None:
        """Keep the client attentive: called once a poll."""
        client = self.client
        if not self.linked():
            self._pinged_at = None
            self._pong_seen = False
            return
        self._arm(client)
        if not client.wait_pong:
            self._pong_seen = self._pong_seen or self._pinged_at is not None
            self._pinged_at = None
        elif self._pinged_at is None:
            self._pinged_at = time.monotonic()
        elif self._pong_seen and time.monotonic() - self._pinged_at > PONG_LIMIT_S:
            # The library never gives up on a pong; firmware that never sent one is left alone.
            self._pinged_at = None
            print("worker: the telescope stopped answering pings")
            asyncio.run_coroutine_threadsafe(client.disconnect(), self.sockets.event_loop)

    # -- verbs ------------------------------------------------------------------------------------------

    def connect(self) -> bool:
        """Connect if need be; True when this client may command the telescope."""
        if not self.linked():
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(self.sockets.init_socket())
            finally:
                loop.close()
            if not self.linked():
                return False
            self.links += 1
        # A telescope that answers before it names its host makes the library's first call fail for nothing.
        self._wait(lambda: self.client.InitHostReceived, STATES_S)
        time.sleep(self._settle_s)
        return bool(self.linked() and self.client.InitHostReceived)

    def look(self) -> bool:
        """Ask what the telescope does now; its captures show in the next status."""
        # perform_getstatus sends the question, but the library takes no answer to it for one: end it early.
        timer = threading.Timer(self._listen_s, self.interrupt)
        timer.daemon = True
        timer.start()
        self.utils.perform_getstatus()
        timer.cancel()
        return self.linked()

    def call(self, name: str, args: list[Any]) -> Any:
        """Call one of the library's functions."""
        return getattr(self.utils, name)(*args)

    def start(self, camera: str) -> Any:
        """Start a capture."""
        running, started, taken, stacked = CAPTURES[camera]
        for attribute, value in ((started, False), (taken, 0), (stacked, 0)):
            setattr(self.client, attribute, value)  # left over from the capture before
        value = self.call(START[camera], [])
        client = self.client
        if value is not True and client is not None and not getattr(client, started):
            setattr(client, running, False)  # it counts a capture as running when it merely asked for one
        return value

    def set_index(self, kind: str, index: int) -> Any:
        """Set an exposure or gain by the telescope's index; LookupError for one without a name."""
        # An unknown name becomes 1/30 s or gain 0 without a word, so a name must lead back to the index.
        # Any model's table will do: a mini is a Dwarf II to the library, whose table ends at 15 s.
        for table in TABLE_IDS:
            name = self.name_of(kind, index, table)
            if name is not None:
                return self.call("perform_update_camera_setting", [kind, name, table])
        raise LookupError(f"dwarf_python_api has no name for {kind} index {index}")

    def name_of(self, kind: str, index: int, table: str) -> str | None:
        to_name, to_index = self.lookups[kind]
        name = to_name(index, table)
        return name if name is not None and to_index(name, table) == index else None

    def settable(self) -> dict[str, Any]:
        """Which indices can be set, by kind."""
        return {
            kind: [i for i in range(256) if any(self.name_of(kind, i, table) for table in TABLE_IDS)]
            for kind in self.lookups
        }

    def set_time(self, timestamp: float, offset_s: float) -> Any:
        """Set the clock to an instant and offset from UTC; the library would take this machine's."""
        begun = time.monotonic()
        utc = datetime(1970, 1, 1) + timedelta(seconds=timestamp)  # noqa: DTZ001 - as the library wants it

        class Given(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # noqa: ARG003
                return utc + timedelta(seconds=offset_s)

            @classmethod
            def utcnow(cls) -> datetime:  # type: ignore[override]
                return utc

        class GivenTime:
            @staticmethod
            def time() -> float:
                return timestamp + time.monotonic() - begun

        saved = self.utils.datetime, self.utils.time
        self.utils.datetime, self.utils.time = Given, GivenTime
        try:
            return self.call("perform_time", [])
        finally:
            self.utils.datetime, self.utils.time = saved

    def polar(self) -> dict[str, Any]:
        """Measure the polar alignment error; the two angles in degrees."""
        self._polar.found = {}
        value = self.call("start_polar_align", [])
        if isinstance(value, dict):
            return {"value": value.get("code", 0), "azi": value.get("azi_err"), "alt": value.get("alt_err")}
        return {"value": value, **self._polar.found}

    def quit(self) -> None:
        """Say goodbye to the telescope."""
        if self.linked():
            self.utils.perform_disconnect()

    # -- round about ------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget results nobody asked for: the next call would take them for its own."""
        time.sleep(self._settle_s)  # a second completion of the last call may still come
        client, loop = self.client, self.sockets.event_loop
        if client is None or loop is None or not loop.is_running():
            return

        async def drain() -> None:
            async with client.result_queue_locked:
                while not client.result_queue.empty():
                    client.result_queue.get_nowait()

        asyncio.run_coroutine_threadsafe(drain(), loop).result(LOOP_LIMIT_S)
        self.heard.clear()

    def interrupt(self) -> None:
        """Make the call that waits return: it is handed a result that means failure."""
        client, loop = self.client, self.sockets.event_loop
        if client is None or loop is None or not loop.is_running():
            return
        result = {
            "result": self.sockets.Dwarf_Result.WARNING,
            "message": "interrupted",
            "code": self.sockets.ERROR_INTERRUPTED,
        }
        asyncio.run_coroutine_threadsafe(client.result_queue.put(result), loop)

    def _watch(self) -> None:
        """Hear every result the library hears: to its callers it says only that something failed."""
        library = self
        original = self.sockets.WebSocketClient
        names = {counts: CAPTURES[camera] for camera, counts in COUNTS.items()}

        class Watched(original):  # type: ignore[misc, valid-type]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                self.ran_before: dict[str, bool] = {}
                self.counted: dict[str, tuple[int, int]] = {}
                super().__init__(*args, **kwargs)
                library._arm(self)  # before the first question, whose answer tells of running captures

            async def result_receive_messages(
                self, cmd_send: Any, cmd_recv: Any, result: Any, message: Any, code: Any
            ) -> None:
                library.hear(result.name, code, message)
                await super().result_receive_messages(cmd_send, cmd_recv, result, message, code)

            async def result_notification_messages(
                self, cmd_send: Any, cmd_recv: Any, result: Any, message: Any, code: Any
            ) -> None:
                library.hear("NOTE", code, message)
                if cmd_recv in names:
                    self.weigh(*names[cmd_recv])
                await super().result_notification_messages(cmd_send, cmd_recv, result, message, code)

            def weigh(self, running: str, started: str, taken: str, stacked: str) -> None:
                # The counts of a capture that is over are pushed, too, and the library takes any count for a
                # capture that runs. Only a state proves that, or a count that grew.
                counts = getattr(self, taken), getattr(self, stacked)
                grew = taken in self.counted and counts > self.counted[taken]
                self.counted[taken] = counts
                if not self.ran_before.get(started) and not grew:
                    setattr(self, running, False)

        for running, started, _taken, _stacked in CAPTURES.values():
            setattr(Watched, started, _noting(running, started))
        self.sockets.WebSocketClient = Watched

    def hear(self, kind: str, code: Any, message: Any) -> None:
        if len(self.heard) < HEARD_MOST:
            self.heard.append([kind, code if isinstance(code, int) else 0, str(message)])

    @staticmethod
    def _arm(client: Any) -> None:
        # What perform_waitRetryEnd... sets before it blocks: without it, a capture that runs already is not
        # seen. Its wide twin cannot even be called (it uses a name that does not exist).
        for attribute in RE_ATTACH:
            setattr(client, attribute, True)

    @staticmethod
    def _wait(condition: Callable[[], Any], limit_s: float) -> None:
        end = time.monotonic() + limit_s
        while not condition() and time.monotonic() < end:
            time.sleep(0.05)


def _noting(running: str, started: str) -> property:
    """An attribute that notes, when a count is about to be taken in, whether the capture was known to run.

    The library sets this one first, then takes the capture to run, and only then can it be heard.
    """
    hidden = f"_{started}"

    def get(client: Any) -> Any:
        return getattr(client, hidden, False)

    def put(client: Any, value: Any) -> None:
        client.ran_before[started] = bool(getattr(client, running, False))
        setattr(client, hidden, value)

    return property(get, put)
