from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bus_address() -> Iterator[str]:
    """A private message bus that counts as the system's, so that the real bleak talks to our BlueZ."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("needs the program dbus-daemon (Debian's package 'dbus')")
    from tests.telescope.bluetooth.fake_bluez import private_bus

    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    with tempfile.TemporaryDirectory(prefix="dwarf-bus-") as folder, private_bus(Path(folder)) as address:
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        yield address
    if before is None:
        del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
    else:
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
