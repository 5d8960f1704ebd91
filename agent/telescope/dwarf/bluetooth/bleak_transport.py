"""The radio through bleak, imported only when it is used."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from agent.clock import Clock
from agent.telescope.dwarf.bluetooth.errors import LinkLostError, NoBluetoothError
from agent.telescope.dwarf.bluetooth.transport import CHARACTERISTIC, BleLink, Sighting

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

_LOGGER = logging.getLogger(__name__)

CONNECT_LIMIT_S = 20.0  # connecting and reading the list of services over a weak link

_NO_ADAPTER = (
    "Plug in a Bluetooth adapter, and give it to the container or virtual machine the agent runs in."
)
_CHECK_ADAPTER = "Check that there is a Bluetooth adapter and that it is switched on (bluetoothctl show)."
_START_BLUEZ = (
    "Start the Bluetooth service (systemctl start bluetooth) and, in a container, hand in /run/dbus "
    "(the add-on does so by itself)."
)
_PERMISSION = (
    "Run as root or as a member of the group 'bluetooth'; the add-on must keep its own AppArmor profile."
)
_REASONS = {  # bleak's words for why there is no Bluetooth
    "NO_BLUETOOTH": ("This machine has no Bluetooth adapter.", _NO_ADAPTER),
    "NO_BLE_CENTRAL_ROLE": ("This machine's Bluetooth adapter cannot do Bluetooth Low Energy.", _NO_ADAPTER),
    "POWERED_OFF": (
        "This machine's Bluetooth is switched off.",
        "Switch it on (bluetoothctl power on; rfkill unblock bluetooth).",
    ),
    "DENIED_BY_USER": ("This machine does not let the agent use Bluetooth.", _PERMISSION),
    "DENIED_BY_SYSTEM": ("This machine does not let the agent use Bluetooth.", _PERMISSION),
    "DENIED_BY_UNKNOWN": ("This machine does not let the agent use Bluetooth.", _PERMISSION),
}
_DBUS_REASONS = {  # the end of a D-Bus error's name
    "ServiceUnknown": ("The Bluetooth service (BlueZ) is not running.", _START_BLUEZ),
    "NameHasNoOwner": ("The Bluetooth service (BlueZ) is not running.", _START_BLUEZ),
    "AccessDenied": _REASONS["DENIED_BY_SYSTEM"],
    "NotReady": _REASONS["POWERED_OFF"],
}


class BleakTransport:
    """The Bluetooth adapter of this machine."""

    def __init__(self, clock: Clock) -> None:
        self.turn = asyncio.Lock()
        self._clock = clock
        self._devices: dict[str, BLEDevice] = {}

    async def scan(self, seconds: float, enough: Callable[[Sighting], bool]) -> list[Sighting]:
        """Listen for `seconds`; see `BleTransport.scan`."""
        scanner_class = _bleak().BleakScanner
        seen: dict[str, Sighting] = {}
        satisfied = asyncio.Event()

        def heard(device: BLEDevice, advertisement: AdvertisementData) -> None:
            sighting = Sighting(
                device.address,
                advertisement.local_name or device.name or "",
                advertisement.rssi,
                tuple(one.lower() for one in advertisement.service_uuids),
            )
            seen[device.address] = sighting
            if sighting.is_telescope:
                self._devices[device.address] = device
                if enough(sighting):
                    satisfied.set()

        with _errors(scanning=True):
            async with scanner_class(detection_callback=heard):
                with contextlib.suppress(TimeoutError):
                    async with self._clock.timeout(seconds):
                        await satisfied.wait()
        return list(seen.values())

    @contextlib.asynccontextmanager
    async def connect(self, address: str) -> AsyncIterator[BleLink]:
        """Connect and switch notifications on; see `BleTransport.connect`."""
        incoming: asyncio.Queue[bytes | None] = asyncio.Queue()  # None: the connection is gone
        client: BleakClient = _bleak().BleakClient(
            self._devices.get(address, address),
            disconnected_callback=lambda _: incoming.put_nowait(None),
            timeout=CONNECT_LIMIT_S,
        )
        try:
            with _errors():
                async with self._clock.timeout(CONNECT_LIMIT_S):
                    await client.connect()
                    await client.start_notify(
                        CHARACTERISTIC, lambda _, data: incoming.put_nowait(bytes(data))
                    )
            yield _Link(client, incoming)
        finally:
            await _part(client)


class _Link:
    def __init__(self, client: BleakClient, incoming: asyncio.Queue[bytes | None]) -> None:
        self._client = client
        self._incoming = incoming
        self.services: tuple[str, ...] = tuple(one.uuid.lower() for one in client.services)

    async def write(self, data: bytes) -> None:
        with _errors():
            await self._client.write_gatt_char(CHARACTERISTIC, data, response=True)

    async def receive(self) -> bytes:
        data = await self._incoming.get()
        if data is None:
            self._incoming.put_nowait(None)  # it stays gone
            raise _lost()
        return data


def _bleak() -> Any:
    try:
        import bleak
    except ImportError as error:
        raise NoBluetoothError(
            "Bluetooth needs the package 'bleak', which cannot be used here.",
            hint="Install it: pip install bleak.",
        ) from error
    logger = logging.getLogger("bleak")
    if logger.getEffectiveLevel() < logging.INFO:
        logger.setLevel(logging.INFO)  # below, it tells every byte it writes, passwords included
    return bleak


@contextlib.contextmanager
def _errors(*, scanning: bool = False) -> Iterator[None]:
    """Turn everything bleak and D-Bus raise into errors of ours."""
    from bleak.exc import BleakError

    try:
        yield
    except BleakError as error:
        raise _translated(error, scanning=scanning) from error
    except TimeoutError as error:
        raise LinkLostError(
            f"Connecting over Bluetooth took longer than {CONNECT_LIMIT_S:g} s.",
            hint="Move closer to the telescope, close the phone app and try again.",
        ) from error
    except (OSError, EOFError) as error:
        raise NoBluetoothError(
            f"The system's D-Bus cannot be reached ({error}).", hint=_START_BLUEZ
        ) from error
    except Exception as error:  # odd adapters and services make bleak and dbus-fast raise anything
        raise _translated(error, scanning=scanning) from error


def _translated(error: Exception, *, scanning: bool) -> NoBluetoothError | LinkLostError:
    reason = getattr(getattr(error, "reason", None), "name", "")
    if reason:
        return _no_bluetooth(
            _REASONS.get(reason, (f"Bluetooth cannot be used here ({error}).", _START_BLUEZ))
        )
    name = str(getattr(error, "dbus_error", "")).rpartition(".")[2]
    if name in _DBUS_REASONS:
        return _no_bluetooth(_DBUS_REASONS[name])
    if scanning:
        return _no_bluetooth((f"This machine's Bluetooth cannot scan ({error!r}).", _CHECK_ADAPTER))
    return _lost(error)


def _no_bluetooth(words: tuple[str, str]) -> NoBluetoothError:
    return NoBluetoothError(words[0], hint=words[1])


def _lost(error: Exception | None = None) -> LinkLostError:
    detail = f" ({error})" if error is not None and str(error) else ""
    return LinkLostError(
        f"The Bluetooth connection to the telescope broke{detail}.",
        hint="Move closer to the telescope, close the phone app and try again.",
    )


async def _part(client: BleakClient) -> None:
    """Disconnect without hiding what went wrong before."""
    try:
        await client.disconnect()
    except Exception as error:  # noqa: BLE001 - bleak lets errors of D-Bus, sockets and its own through
        _LOGGER.debug("disconnecting over Bluetooth failed: %s", error)
