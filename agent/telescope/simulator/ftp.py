"""The card over FTP: anonymous, passive, read-only, as the telescope offers it."""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from agent.telescope.simulator.card import MOUNT
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import CardCut

_LONGEST_LINE = 1024
_DATA_PATIENCE_S = 30.0  # real seconds in which a client opens its data connection

FtpCommand = Callable[[str], Awaitable[str]]


class FtpServer:
    """The telescope's FTP port."""

    def __init__(self, device: Device, port: int) -> None:
        self._device = device
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._client, self._device.options.host, self._port, limit=_LONGEST_LINE
        )
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._sessions:
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    @property
    def port(self) -> int:
        """The port in use."""
        return self._port

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)
        try:
            if self._device.power == "on":
                with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
                    await _Session(self._device, reader, writer).run()
        finally:
            writer.close()


class _Session:
    """One client's control connection."""

    def __init__(self, device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._device = device
        self._reader = reader
        self._writer = writer
        self._folder = "/"
        self._offset = 0
        self._data: asyncio.Server | None = None
        self._arrived: asyncio.Future[asyncio.StreamWriter] | None = None
        self._commands: dict[str, FtpCommand] = {
            "USER": self._user,
            "PASS": self._pass,
            "SYST": self._syst,
            "FEAT": self._feat,
            "TYPE": self._ok,
            "MODE": self._ok,
            "STRU": self._ok,
            "OPTS": self._ok,
            "NOOP": self._ok,
            "PWD": self._pwd,
            "CWD": self._cwd,
            "CDUP": self._cdup,
            "PASV": self._pasv,
            "EPSV": self._epsv,
            "LIST": self._list,
            "NLST": self._nlst,
            "SIZE": self._size,
            "REST": self._rest,
            "RETR": self._retr,
        }

    async def run(self) -> None:
        """Serve until the client quits or goes."""
        try:
            await self._say(f"220 {self._device.profile.config_name}")
            while line := await self._reader.readline():
                word, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
                if word.upper() == "QUIT":
                    await self._say("221 Goodbye")
                    return
                command = self._commands.get(word.upper())
                await self._say(await command(argument) if command else "502 Not implemented")
        finally:
            self._close_data()

    async def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._writer.drain()

    # -- session ----------------------------------------------------------------------------------------

    async def _user(self, _argument: str) -> str:
        return "331 Anonymous is welcome"

    async def _pass(self, _argument: str) -> str:
        return "230 Logged in"

    async def _syst(self, _argument: str) -> str:
        return "215 UNIX Type: L8"

    async def _feat(self, _argument: str) -> str:
        return "211-Features\r\n EPSV\r\n PASV\r\n SIZE\r\n UTF8\r\n211 End"

    async def _ok(self, _argument: str) -> str:
        return "200 OK"

    # -- folders ----------------------------------------------------------------------------------------

    async def _pwd(self, _argument: str) -> str:
        return f'257 "{self._folder}"'

    async def _cwd(self, argument: str) -> str:
        wanted = self._path(argument)
        if wanted != "/" and not any(path.startswith(f"{wanted}/") for path in self._paths()):
            return "550 No such folder"
        self._folder = wanted
        return "250 OK"

    async def _cdup(self, _argument: str) -> str:
        return await self._cwd("..")

    def _path(self, argument: str) -> str:
        return posixpath.normpath(posixpath.join(self._folder, argument or "."))

    def _paths(self) -> dict[str, str]:
        """Every file by the path shown here, with its path on the card; a Dwarf 3 hides the card's root."""
        card = self._device.card
        shown = card.root.removeprefix(MOUNT)
        hidden = "" if self._device.profile.tables == "D3" else shown
        return {hidden + path.removeprefix(card.root): path for path in card.paths()}

    def _entries(self, folder: str) -> dict[str, bool]:
        """The names in a folder, and whether each is a folder."""
        start = "/" if folder == "/" else f"{folder}/"
        names: dict[str, bool] = {}
        for path in self._paths():
            if path.startswith(start):
                name, slash, _ = path.removeprefix(start).partition("/")
                names[name] = bool(slash)
        return names

    # -- data -------------------------------------------------------------------------------------------

    async def _open_data(self) -> int:
        self._close_data()
        arrived: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

        async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if arrived.done():
                writer.close()
            else:
                arrived.set_result(writer)

        self._arrived = arrived
        self._data = await asyncio.start_server(accept, self._device.options.host, 0)
        return int(self._data.sockets[0].getsockname()[1])

    def _close_data(self) -> None:
        if self._data is not None:
            self._data.close()
            self._data = None

    async def _pasv(self, _argument: str) -> str:
        port = await self._open_data()
        host = self._writer.get_extra_info("sockname")[0].replace(".", ",")
        return f"227 Entering Passive Mode ({host},{port // 256},{port % 256})"

    async def _epsv(self, _argument: str) -> str:
        return f"229 Entering Extended Passive Mode (|||{await self._open_data()}|)"

    async def _send(self, data: bytes) -> str:
        if self._arrived is None:
            return "425 Use PASV first"
        await self._say("150 Here it comes")
        async with asyncio.timeout(_DATA_PATIENCE_S):
            writer = await self._arrived
        writer.write(data)
        await writer.drain()
        writer.close()
        self._arrived = None
        self._close_data()
        return "226 Transfer complete"

    async def _list(self, argument: str) -> str:
        folder = self._path("" if argument.startswith("-") else argument)
        paths = self._paths()
        exact = self._device.card.exact_size
        lines: list[str] = []
        for name, is_folder in self._entries(folder).items():
            path = posixpath.join(folder, name)
            size = 4096 if is_folder else await asyncio.to_thread(exact, paths[path])
            kind = "d" if is_folder else "-"
            lines.append(f"{kind}rw-r--r-- 1 root root {size:>10} Jan 01 00:00 {name}\r\n")
        return await self._send("".join(lines).encode())

    async def _nlst(self, argument: str) -> str:
        folder = self._path(argument)
        return await self._send("".join(f"{name}\r\n" for name in self._entries(folder)).encode())

    async def _read(self, argument: str) -> bytes | None:
        path = self._paths().get(self._path(argument))
        if path is None:
            return None
        found = await asyncio.to_thread(self._device.card.read, path)
        return None if found is None else found[0]

    async def _size(self, argument: str) -> str:
        data = await self._read(argument)
        return "550 No such file" if data is None else f"213 {len(data)}"

    async def _rest(self, argument: str) -> str:
        if not argument.isdigit():
            return "501 Not a number"
        self._offset = int(argument)
        return f"350 From {self._offset} on"

    async def _retr(self, argument: str) -> str:
        data, offset, self._offset = await self._read(argument), self._offset, 0
        if data is None:
            return "550 No such file"
        cut = self._device.faults.use(CardCut, where=lambda rule: rule.path in self._path(argument))
        if cut is not None:
            await self._send(data[offset : offset + cut.after])
            return "426 The connection broke"
        return await self._send(data[offset:])
