from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def bus_address() -> Iterator[str]:
    """A private message bus that counts as the system's, so that the real bleak talks to our BlueZ."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("needs the program dbus-daemon (Debian's package 'dbus')")
    from tests.telescope.bluetooth.fake_bluez import private_bus

    with (
        tempfile.TemporaryDirectory(prefix="dwarf-bus-") as folder,
        private_bus(Path(folder)) as address,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
