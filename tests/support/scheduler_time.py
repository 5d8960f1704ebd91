"""Let APScheduler read an injected clock: it asks `datetime.now` itself and offers no other way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from unittest.mock import patch

from agent.clock import Clock


@contextmanager
def scheduler_reads(clock: Clock) -> Iterator[None]:
    """Within this context every scheduler's idea of now is the clock's."""

    class Injected(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return clock.now().astimezone(tz)

    with patch("apscheduler.schedulers.base.datetime", Injected):
        yield
