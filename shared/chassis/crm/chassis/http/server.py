"""Serving an app until told to stop."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE_S = 10
"""How long requests under way may take when the server is asked to stop."""
KEEP_ALIVE_S = 30
BACKLOG = 1024


class ServerFailed(RuntimeError):  # noqa: N818
    """The app did not start; its log says why."""


class _Server(uvicorn.Server):
    """uvicorn, with signals left to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    app: ASGIApp,
    host: str,
    port: int,
    stop: threading.Event,
    *,
    shared: bool = False,
    started: Callable[[int], None] | None = None,
    ending: Callable[[], None] | None = None,
) -> None:
    """Answers requests until `stop` is set; then takes no new ones and ends those under way, 10 s at most.

    Port 0 takes a free one; `started` is told which. `ending` is called on the event loop when it stops. With
    `shared`, several processes may serve the same port.
    Raises `OSError` if the port is taken, `ServerFailed` if the app does not start.
    """
    listener = listen(host, port, shared=shared)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="on",
            ws="none",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    with listener, asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(_serve(server, listener, stop, started, ending))
    if not server.started:
        raise ServerFailed("The app did not start; its log says why.")


async def _serve(
    server: _Server,
    listener: socket.socket,
    stop: threading.Event,
    started: Callable[[int], None] | None,
    ending: Callable[[], None] | None,
) -> None:
    ended, loop = threading.Event(), asyncio.get_running_loop()

    def stop_when_told() -> None:
        stop.wait()
        server.should_exit = True
        if ending and not loop.is_closed():
            loop.call_soon_threadsafe(ending)

    def tell_when_started() -> None:
        while not (server.started or ended.wait(0.02)):
            pass
        if server.started and started:
            started(listener.getsockname()[1])

    for job in (stop_when_told, tell_when_started):
        threading.Thread(target=job, daemon=True, name=job.__name__).start()
    try:
        await server.serve(sockets=[listener])
    finally:
        ended.set()


def listen(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket that listens; with `shared` other processes may listen on the same port. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sends answers without delay (TCP_NODELAY) only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
