"""A TCP proxy that stands between the suite and a server, and makes the network bad: slow, cut, silent.

It is a process of its own: beside busy threads every piece would wait for its turn, and the network be always slow.
"""

import asyncio
import multiprocessing
import signal
import socket
import struct
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Literal, Self, TypeAlias

Direction: TypeAlias = Literal["to the server", "to the clients"]
DIRECTIONS: tuple[Direction, ...] = ("to the server", "to the clients")
CHUNK = 1 << 16
WITHIN_S = 30.0
_LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing a socket with this sends a reset instead of an orderly end."""


class Proxy:
    """Listens on a port of 127.0.0.1 and passes everything on to another. One thread uses it."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        context = multiprocessing.get_context("spawn")
        self._commands, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(port, target, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._answered()
        return self

    def __exit__(self, *_: object) -> None:
        self._commands.close()
        self._process.terminate()
        self._process.join(WITHIN_S)

    def delay(self, seconds: float) -> None:
        """Every piece takes so much longer, in either direction, from now on."""
        self._tell("delay", seconds)

    def hold(self, *directions: Direction) -> None:
        """A black hole: nothing gets through in these directions, and nobody is told."""
        self._tell("hold", *directions)

    def release(self) -> None:
        """Everything gets through again, at once."""
        self._tell("release")

    def reset(self) -> None:
        """Cuts every connection, with whatever is on its way."""
        self._tell("reset")

    def _tell(self, *command: Any) -> None:
        self._commands.send(command)
        self._answered()

    def _answered(self) -> None:
        assert self._commands.poll(WITHIN_S), "the proxy does not answer"
        self._commands.recv()


class _Network:
    """What the proxy's process does."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._delay_s = 0.0
        self._open = {each: asyncio.Event() for each in DIRECTIONS}
        self._writers: set[asyncio.StreamWriter] = set()
        self.release()

    def delay(self, seconds: float) -> None:
        self._delay_s = seconds

    def hold(self, *directions: Direction) -> None:
        for each in directions:
            self._open[each].clear()

    def release(self) -> None:
        self._delay_s = 0.0
        for each in self._open.values():
            each.set()

    def reset(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def accept(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(to_client)
            return
        self._writers |= {to_client, to_server}
        ways = (
            asyncio.create_task(self._pass_on("to the server", from_client, to_server)),
            asyncio.create_task(self._pass_on("to the clients", from_server, to_client)),
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


def _serve(port: int, target: int, commands: Connection) -> None:
    """The proxy's process: until whoever commands it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started it
    asyncio.run(_listen(port, _Network(target), commands))


async def _listen(port: int, network: _Network, commands: Connection) -> None:
    over = asyncio.Event()

    def obey() -> None:
        try:
            name, *arguments = commands.recv()
        except EOFError:
            over.set()
            return
        getattr(network, name)(*arguments)
        commands.send("done")

    async with await asyncio.start_server(network.accept, "127.0.0.1", port):
        asyncio.get_running_loop().add_reader(commands.fileno(), obey)
        commands.send("listening")
        await over.wait()
        network.reset()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()
