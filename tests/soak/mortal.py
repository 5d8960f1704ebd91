"""A life that ends between any two steps: from then on nothing of it reaches disk, telescope or broker."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context, ContextVar
from typing import Any

import pytest

from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.port import Publication
from agent.store import disk
from agent.store.folders import Tree
from agent.telescope.interface import Telescope
from tests.support.virtual_loop import VirtualLoop

_MINE: ContextVar[Life | None] = ContextVar("life", default=None)
_DISK_CALLS = ("replace", "rename", "unlink", "mkdir", "write")
_MOST_ROUNDS = 1000  # turns of the loop in which a dead life's tasks must be gone


class Killed(asyncio.CancelledError):
    """Nothing runs any more; raised in whatever a dead life still tries."""


class Life:
    """One life of the agent, from its start to its kill. Die at that disk call, or that step of the loop."""

    def __init__(self, *, at_call: int | None = None, at_step: int | None = None) -> None:
        self.dead = False
        self.calls = 0
        self.steps = 0
        self.died = asyncio.Event()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.trees: list[Tree] = []
        self._at_call = at_call
        self._at_step = at_step
        loop = asyncio.get_running_loop()
        assert isinstance(loop, MortalLoop)
        self._loop = loop
        self._last_words: list[Callable[[], None]] = []

    def at_death(self, then: Callable[[], None]) -> None:
        """Do this in the instant of the kill."""
        self._last_words.append(then)

    def kill(self) -> None:
        """End it now."""
        if self.dead:
            return
        self.dead = True
        for word in self._last_words:
            word()
        self._loop.call_soon(self.died.set)

    def disk_call(self) -> bool:
        """Count a call that changes the disk; Killed when dead, true when this one is cut off half-way."""
        if self.dead:
            raise Killed
        self.calls += 1
        if self.calls == self._at_call:
            self.kill()
            return True
        return False

    def step(self) -> None:
        """Count one step of the loop on behalf of this life."""
        if not self.dead:
            self.steps += 1
            if self.steps == self._at_step:
                self.kill()

    async def bury(self) -> None:
        """Clear away its tasks, whose last deeds reach nothing."""
        for _ in range(_MOST_ROUNDS):
            left = [task for task in self.tasks if not task.done()]
            if not left:
                for tree in self.trees:
                    tree.release()  # the system does that for a process that is gone
                return
            for task in left:
                task.cancel()
            await asyncio.sleep(0)
        raise AssertionError(f"tasks outlive the kill: {left}")


class MortalLoop(VirtualLoop):
    """A loop of simulated time that counts every step of a life, and knows its tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(_make_task)

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        life = context.get(_MINE) if context is not None else _MINE.get()
        if life is not None:
            life.step()
        return super().call_soon(callback, *args, context=context)


def run_mortal(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end in simulated time, with lives in it that can be killed."""
    with guarded_disk(), asyncio.Runner(loop_factory=MortalLoop) as runner:
        return runner.run(main)


def begin(life: Life, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Start work as part of that life: every task and thread it makes belongs to it."""
    context = _outside()
    context.run(_MINE.set, life)
    return asyncio.get_running_loop().create_task(work, context=context)


@contextlib.contextmanager
def guarded_disk() -> Iterator[None]:
    """Every call that changes the disk asks its life first. Nothing waits for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _DISK_CALLS:
            patch.setattr(os, name, _guarded(name, getattr(os, name)))
        patch.setattr(os, "fsync", lambda _handle: None)
        patch.setattr(os, "open", _guarded_open(os.open))
        if disk._rename_noreplace is not None:
            patch.setattr(disk, "_rename_noreplace", _guarded("rename", disk._rename_noreplace))
        patch.setattr(Tree, "prepare", _remembering(Tree.prepare))
        yield


class MortalTelescope:
    """What a life sees of a telescope that outlives it. A command that was sent is carried out anyway."""

    def __init__(self, telescope: Telescope, life: Life) -> None:
        self._telescope = telescope
        self._life = life

    def listen(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        end = self._telescope.listen(listener)
        self._life.at_death(end)
        return lambda: None if self._life.dead else end()

    async def close(self) -> None:
        """The link goes with the life; the telescope stays."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._telescope, name)
        return self._commanding(value) if inspect.iscoroutinefunction(value) else value

    def _commanding(self, command: Callable[..., Any]) -> Callable[..., Any]:
        async def commanded(*args: Any, **more: Any) -> Any:
            if self._life.dead:
                raise Killed
            loop = asyncio.get_running_loop()
            alive = [
                self._heard(arg) if inspect.ismethod(arg) or inspect.isfunction(arg) else arg for arg in args
            ]
            work = loop.create_task(command(*alive, **more), context=_outside())
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                if not self._life.dead:
                    work.cancel()
                raise

        return commanded

    def _heard(self, listener: Callable[..., None]) -> Callable[..., None]:
        return lambda *args: None if self._life.dead else listener(*args)


class MortalPort(MemoryPort):
    """A broker connection that ends with its life, without a goodbye."""

    def __init__(self, broker: MemoryBroker, life: Life) -> None:
        super().__init__(broker)
        self._life = life
        life.at_death(self._vanish)

    def start(self) -> None:
        if not self._life.dead:
            super().start()

    def publish(self, publication: Publication) -> bool:
        return False if self._life.dead else super().publish(publication)

    def _vanish(self) -> None:
        self._connected = False
        self._reachable = False
        self.broker.detach(self)


def _outside() -> Context:
    context = Context()
    context.run(_MINE.set, None)
    return context


def _make_task(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, Any],
    context: Context | None = None,
    **more: Any,  # from Python 3.14 on
) -> asyncio.Task[Any]:
    life = context.get(_MINE) if context is not None else _MINE.get()
    task = asyncio.Task(work, loop=loop, context=context, **more)
    if life is not None:
        life.tasks.add(task)
        task.add_done_callback(life.tasks.discard)
    return task


def _guarded(name: str, real: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        life = _MINE.get()
        if life is not None and life.disk_call():
            if name == "write":
                real(args[0], args[1][: len(args[1]) // 2])
            raise Killed
        return real(*args, **kwargs)

    return call


def _remembering(prepare: Callable[[Tree], None]) -> Callable[[Tree], None]:
    def prepared(tree: Tree) -> None:
        life = _MINE.get()
        if life is not None:
            life.trees.append(tree)
        prepare(tree)

    return prepared


def _guarded_open(real: Any) -> Any:
    def call(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        life = _MINE.get()
        if life is not None and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and life.disk_call():
            raise Killed
        return real(path, flags, *args, **kwargs)

    return call
