"""A disk that fails at the n-th call: once with an error, or for good, as when the power goes."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any

import pytest

from agent.store import disk


class PowerCut(BaseException):
    """The machine is off: no handler runs any further call."""


class FaultyDisk:
    """Counts every call that changes the disk and fails at call number `fail_at`.

    With `power_cut` every later call fails too, and a write that is cut has written half of its bytes.
    """

    def __init__(self, fail_at: int, *, power_cut: bool, exclusive: bool = True) -> None:
        self.fail_at = fail_at
        self.power_cut = power_cut
        self.exclusive = exclusive
        self.calls = 0
        self.failed = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("replace", "rename", "unlink", "mkdir", "write"):
                patch.setattr(os, name, self._wrapped(name, getattr(os, name)))
            patch.setattr(os, "fsync", self._wrapped("fsync", lambda _handle: None))
            patch.setattr(os, "open", self._opening(os.open))
            native = disk._rename_noreplace
            if self.exclusive and native is not None:
                patch.setattr(disk, "_rename_noreplace", self._wrapped("rename_noreplace", native))
            else:
                patch.setattr(disk, "_rename_noreplace", lambda _source, _target: errno.EINVAL)
            yield

    def _strike(self) -> None:
        self.calls += 1
        if self.power_cut and self.failed:
            raise PowerCut
        if self.calls == self.fail_at:
            self.failed = True
            if self.power_cut:
                raise PowerCut
            raise OSError(errno.EIO, "Input/output error")

    def _wrapped(self, name: str, real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                self._strike()
            except PowerCut:
                if name == "write" and self.calls == self.fail_at:
                    real(args[0], args[1][: len(args[1]) // 2])
                raise
            except OSError as error:
                if name == "rename_noreplace":
                    return error.errno
                raise
            return real(*args, **kwargs)

        return call

    def _opening(self, real: Any) -> Any:
        def call(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._strike()
            return real(path, flags, *args, **kwargs)

        return call
