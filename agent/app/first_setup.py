"""Before there is a telescope to work with: the page alone, which leads to one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence

from agent.app.page_door import door_of
from agent.app.setting_up import SettingUp
from agent.clock import Clock
from agent.settings import Settings
from agent.signals import stop_on_signals
from agent.web.server import FirstServer

_LOGGER = logging.getLogger(__name__)


async def set_up_first(
    settings: Settings,
    setting_up: SettingUp,
    clock: Clock,
    stop: asyncio.Event,
    told: Callable[[str], None] = lambda _: None,
) -> bool:
    """Serve the set-up until it is saved (true) or `stop` is set; `told` hears the address. OSError."""
    server = FirstServer(setting_up, door_of(settings), clock)
    with stop_on_signals(stop):
        address = await server.start()
        try:
            _LOGGER.warning("No telescope is set up yet. Open %s", address)
            told(address)
            ends = [asyncio.ensure_future(one.wait()) for one in (setting_up.written, stop)]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
        finally:
            await server.stop()
    return setting_up.written.is_set() and not stop.is_set()


@contextlib.asynccontextmanager
async def page_of_problems(problems: Sequence[str], clock: Clock) -> AsyncIterator[None]:
    """Serve, as an add-on that cannot work yet, what is wrong and which telescopes there are."""
    settings = Settings()
    server = FirstServer(SettingUp(settings, None, os.environ, problems=problems), door_of(settings), clock)
    try:
        await server.start()
    except OSError as error:
        _LOGGER.warning("The page cannot tell what is wrong: %s", error.strerror)
    try:
        yield
    finally:
        await server.stop()
