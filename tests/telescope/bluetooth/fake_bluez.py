"""BlueZ as far as bleak needs it, on a private D-Bus: one adapter, and peripherals with one characteristic.

It lives in a thread with an event loop of its own, so that whatever is tested may own the main thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from agent.telescope.dwarf.bluetooth.transport import CHARACTERISTIC
from tests.telescope.bluetooth.peripheral import Peripheral

ADAPTER = "/org/bluez/hci0"
_ADAPTER = "org.bluez.Adapter1"
_DEVICE = "org.bluez.Device1"
_SERVICE = "org.bluez.GattService1"
_CHARACTERISTIC = "org.bluez.GattCharacteristic1"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"

_BUS = """<busconfig><type>session</type><listen>unix:tmpdir={folder}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/><allow user="*"/></policy></busconfig>"""

_FLAGS = ("Paired", "Bonded", "Trusted", "Blocked", "LegacyPairing", "Connected", "ServicesResolved")

Interfaces = dict[str, dict[str, Variant]]


class Refused(Exception):
    """The reply is this D-Bus error."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.text = text


@contextlib.contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """Run a message bus nobody else sees, and yield its address."""
    config = folder / "bus.conf"
    config.write_text(_BUS.format(folder=folder), encoding="utf-8")
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            yield daemon.stdout.readline().strip()
        finally:
            daemon.terminate()


class FakeBlueZ:
    """Use as a context manager; `peripherals`, `powered` and the rest may be set before or while it runs."""

    def __init__(self, address: str) -> None:
        self.peripherals: list[Peripheral] = []
        self.objects: dict[str, Interfaces] = {}
        self.denied: str = ""  # D-Bus error for every call on the adapter
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake BlueZ")
        self._bus: MessageBus | None = None

    def __enter__(self) -> FakeBlueZ:
        self._thread.start()
        self._in_loop(self._start)
        return self

    def __exit__(self, *_: object) -> None:
        self._in_loop(self._stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def plug_in(
        self, *, powered: bool = True, roles: tuple[str, ...] | None = ("central", "peripheral")
    ) -> None:
        """Add the adapter; without `roles` it is one of an odd service that tells none."""

        async def add() -> None:
            self._add(
                ADAPTER,
                _ADAPTER,
                Address=Variant("s", "00:11:22:33:44:55"),
                Name=Variant("s", "here"),
                Powered=Variant("b", powered),
                Discovering=Variant("b", False),
                **({} if roles is None else {"Roles": Variant("as", list(roles))}),
            )

        self._in_loop(add)

    def _in_loop(self, work: Callable[[], Any]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    async def _start(self) -> None:
        self._bus = await MessageBus(bus_address=self._address).connect()
        self._bus.add_message_handler(self._handle)
        await self._bus.request_name("org.bluez")

    async def _stop(self) -> None:
        assert self._bus is not None
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()

    def _handle(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        try:
            signature, body = self._call(message)
        except Refused as error:
            return Message.new_error(message, error.name, error.text)
        return Message.new_method_return(message, signature, body)

    def _call(self, message: Message) -> tuple[str, list[Any]]:
        path = str(message.path)
        match message.member:
            case "GetManagedObjects":
                return "a{oa{sa{sv}}}", [self.objects]
            case "SetDiscoveryFilter" | "StartDiscovery" | "StopDiscovery" | "RemoveDevice":
                if self.denied:
                    raise Refused(self.denied, "denied")
                if message.member == "StartDiscovery":
                    self._loop.call_soon(self._announce)
            case "Connect":
                self._connect(path)
            case "Disconnect":
                self._loop.call_soon(self._disconnected, path)
            case "StartNotify":
                self._change(path, _CHARACTERISTIC, Notifying=Variant("b", True))
            case "StopNotify":
                self._change(path, _CHARACTERISTIC, Notifying=Variant("b", False))
            case "WriteValue":
                self._written(path, bytes(message.body[0]))
            case _:
                raise Refused("org.freedesktop.DBus.Error.UnknownMethod", str(message.member))
        return "", []

    def _announce(self) -> None:
        for peripheral in self.peripherals:
            path = f"{ADAPTER}/dev_{peripheral.address.replace(':', '_')}"
            if path not in self.objects:
                self._add(
                    path,
                    _DEVICE,
                    Address=Variant("s", peripheral.address),
                    AddressType=Variant("s", "public"),
                    Name=Variant("s", peripheral.name),
                    Alias=Variant("s", peripheral.name),
                    RSSI=Variant("n", peripheral.signal - 1),
                    UUIDs=Variant("as", list(peripheral.services)),
                    Adapter=Variant("o", ADAPTER),
                    **{flag: Variant("b", False) for flag in _FLAGS},
                )
            self._change(path, _DEVICE, RSSI=Variant("n", peripheral.signal))

    def _connect(self, path: str) -> None:
        peripheral = self._peripheral(path)
        if peripheral.refuses_connections > 0:
            peripheral.refuses_connections -= 1
            raise Refused("org.bluez.Error.Failed", "le-connection-abort-by-peer")
        peripheral.connected()
        self._change(path, _DEVICE, Connected=Variant("b", True))
        service, characteristic = f"{path}/service0010", f"{path}/service0010/char0011"
        self._add(
            service,
            _SERVICE,
            UUID=Variant("s", peripheral.services[0]),
            Primary=Variant("b", True),
            Device=Variant("o", path),
            Includes=Variant("ao", []),
        )
        self._add(
            characteristic,
            _CHARACTERISTIC,
            UUID=Variant("s", CHARACTERISTIC),
            Service=Variant("o", service),
            Flags=Variant("as", ["write", "notify"]),
            Notifying=Variant("b", False),
            MTU=Variant("q", 185),
            Value=Variant("ay", b""),
        )
        self._change(path, _DEVICE, ServicesResolved=Variant("b", True))

    def _disconnected(self, path: str) -> None:
        for inner in [one for one in self.objects if one.startswith(f"{path}/")]:
            interfaces = list(self.objects.pop(inner))
            self._signal("/", _OBJECTS, "InterfacesRemoved", "oas", [inner, interfaces])
        self._change(path, _DEVICE, ServicesResolved=Variant("b", False), Connected=Variant("b", False))

    def _written(self, path: str, data: bytes) -> None:
        device = path.partition("/service")[0]
        notifying = self.objects[path][_CHARACTERISTIC]["Notifying"].value
        for notification in self._peripheral(device).write(data):
            if notification is None:
                self._loop.call_soon(self._disconnected, device)
            elif notifying:
                value = Variant("ay", notification)
                self._loop.call_soon(lambda value=value: self._change(path, _CHARACTERISTIC, Value=value))

    def _peripheral(self, path: str) -> Peripheral:
        address = path.rpartition("dev_")[2].replace("_", ":")
        for one in self.peripherals:
            if one.address == address:
                return one
        raise Refused("org.freedesktop.DBus.Error.UnknownObject", path)

    def _add(self, path: str, interface: str, **properties: Variant) -> None:
        self.objects[path] = {interface: properties}
        self._signal("/", _OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, self.objects[path]])

    def _change(self, path: str, interface: str, **properties: Variant) -> None:
        if path in self.objects:
            self.objects[path][interface] |= properties
            self._signal(path, _PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, properties, []])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_signal(path, interface, member, signature, body))
