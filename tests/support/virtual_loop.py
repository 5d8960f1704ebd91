"""An event loop whose time jumps to the next timer whenever nothing is left to do: a night runs in a second.

Sockets on loopback inside the same process work: what was written is readable almost at once, and the loop
waits for it before it decides to jump. What is meant for threads is done in the loop's own thread; where it
asks a server in the same loop, `real_threads` leaves it there, and it is waited for in real time.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_SETTLE_S = 0.0001  # real seconds a loopback byte may take to become readable
_LOOK_EACH = 16  # rounds of a loop that is busy without anything on its way
_MAX_IDLE_S = 30.0  # real seconds without any event or timer before a run counts as stuck


class _Telltale(socket.socket):
    """A socket that remembers for all of them that something is on its way."""

    __slots__ = ()
    in_flight = False

    def send(self, *args: Any) -> int:
        _Telltale.in_flight = True
        return super().send(*args)

    def sendmsg(self, *args: Any) -> int:
        _Telltale.in_flight = True
        return super().sendmsg(*args)

    def shutdown(self, how: int) -> None:
        _Telltale.in_flight = True
        super().shutdown(how)

    def close(self) -> None:
        _Telltale.in_flight = True
        super().close()


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0
        self.busy_threads = 0
        self._passed_over = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout <= 0:
            self._passed_over += 1
            if not (_Telltale.in_flight or self.busy_threads or self._passed_over % _LOOK_EACH == 0):
                return []
            return super().select(0)
        ready = super().select(0)
        if not ready and _Telltale.in_flight:
            _Telltale.in_flight = False
            time.sleep(_SETTLE_S)
            ready = super().select(0)
        if ready:
            return ready
        while self.busy_threads:
            ready = super().select(_MAX_IDLE_S)
            if ready:
                return ready
        if timeout is None:
            ready = super().select(_MAX_IDLE_S)
            if not ready:
                raise RuntimeError("the simulated loop has nothing left to wait for")
            return ready
        self.jumped += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector event loop with simulated time, starting at 0."""

    def __init__(self, *, real_threads: bool = False) -> None:
        self._jumping = _JumpingSelector()
        self._real_threads = real_threads
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.jumped

    def _make_socket_transport(self, sock: socket.socket, *args: Any, **more: Any) -> Any:
        sock.__class__ = _Telltale
        _Telltale.in_flight = True
        return super()._make_socket_transport(sock, *args, **more)  # type: ignore[misc]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        _Telltale.in_flight = True
        await super().sock_connect(sock, address)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Do the work in the loop's own thread, a turn later: the same order in each run, and no waiting."""
        if self._real_threads:
            self._jumping.busy_threads += 1
            future = super().run_in_executor(executor, func, *args)
            future.add_done_callback(lambda _: self._leave_thread())
            return future
        done = self.create_future()
        self.call_soon(self._work, done, func, args)
        return done

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any, **more: Any) -> Any:
        """Wake no selector from the loop's own thread."""
        if threading.get_ident() == self._thread_id:
            return self.call_soon(callback, *args, **more)
        return super().call_soon_threadsafe(callback, *args, **more)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for threads in real time: the seconds of Python 3.12 and newer would be over at once."""
        await super().shutdown_default_executor()

    @staticmethod
    def _work(done: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            result = func(*args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            if not done.cancelled():
                done.set_exception(error)
        else:
            if not done.cancelled():
                done.set_result(result)

    def _leave_thread(self) -> None:
        self._jumping.busy_threads -= 1


def run_virtual(main: Coroutine[Any, Any, T], *, real_threads: bool = False) -> T:
    """Run a coroutine to its end in simulated time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(real_threads=real_threads)) as runner:
        return runner.run(main)
