"""A TCP proxy that stands between the suite and a server, and makes the network bad: slow, cut, silent."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self, TypeAlias

Direction: TypeAlias = Literal["to the server", "to the clients"]
DIRECTIONS: tuple[Direction, ...] = ("to the server", "to the clients")
CHUNK = 1 << 16
_LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing a socket with this sends a reset instead of an orderly end."""


class Proxy:
    """Listens on a port of 127.0.0.1 and passes everything on to another. Its methods may be called by any thread."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self._delay_s = 0.0
        self._loop = asyncio.new_event_loop()
        self._open = {each: asyncio.Event() for each in DIRECTIONS}
        self._writers: set[asyncio.StreamWriter] = set()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"proxy {port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(10), "the proxy does not listen"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def delay(self, seconds: float) -> None:
        """Every piece takes so much longer, in either direction, from now on."""
        self._delay_s = seconds

    def hold(self, *directions: Direction) -> None:
        """A black hole: nothing gets through in these directions, and nobody is told."""
        for each in directions:
            self._call(self._open[each].clear)

    def release(self) -> None:
        """Everything gets through again, at once."""
        self._delay_s = 0.0
        for each in self._open.values():
            self._call(each.set)

    def reset(self) -> None:
        """Cuts every connection, with whatever is on its way."""
        self._call(self._cut)

    def _call(self, work: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(work)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for each in self._open.values():
            each.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", self.port))
        self._listening.set()
        self._loop.run_forever()
        server.close()
        self._cut()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _cut(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _accept(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._writers.add(to_client)
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self._writers.discard(to_client)
            _reset(to_client)
            return
        self._writers.add(to_server)
        ways = (
            self._loop.create_task(self._pass_on("to the server", from_client, to_server)),
            self._loop.create_task(self._pass_on("to the clients", from_server, to_client)),
        )
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for each in ways:
            each.cancel()
        for writer in (to_client, to_server):
            self._writers.discard(writer)
            writer.close()

    async def _pass_on(self, way: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._open[way].wait()
                writer.write(piece)
                await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()
