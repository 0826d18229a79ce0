"""Keeping a Faust worker at work in a thread, without signals and without a process of its own."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import faust

from crm.analytics.window import Window
from crm.analytics.worker import answers, worker
from crm.chassis.projection.failures import kind

STAND_EVERY_S = 5.0
LOOK_EVERY_S = 0.2
RETRY_S = 2.0
CONNECT_WITHIN_S = 1.0
STOP_WITHIN_S = 3.0

_log = logging.getLogger("crm.analytics.live")


def count(bootstrap: str, services: Sequence[str], window: Window, stop: threading.Event) -> None:
    """Counts until told to stop. A worker that fails is replaced by a new one, which counts the last hour anew."""
    for chatty in ("faust", "mode", "aiokafka"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)  # what matters ends the worker, and is told here
    while not stop.is_set():
        try:
            _reach(bootstrap)  # a worker that finds nobody fails at length, so it is not made before
            asyncio.run(_run(worker(bootstrap, services, window), window, stop))
        except Exception as error:
            _log.warning("the live window cannot be counted now: %s", kind(error))
        stop.wait(RETRY_S)


def _reach(bootstrap: str) -> None:
    """Raises `OSError` unless one of the servers listens."""
    failed = OSError("no server is named")
    for server in bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_WITHIN_S).close()
        except OSError as error:
            failed = error
        else:
            return
    raise failed


async def _run(app: faust.App, window: Window, stop: threading.Event) -> None:
    """Runs a worker until told to stop, also while it starts. Raises what it failed with."""
    starting = asyncio.ensure_future(app.start())
    stand_at = 0.0
    try:
        while not (stop.is_set() or app.should_stop):
            if starting.done() and time.monotonic() >= stand_at:
                starting.result()
                window.stand(answers(app))
                stand_at = time.monotonic() + STAND_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
        if app.crash_reason is not None:
            raise app.crash_reason
    finally:
        starting.cancel()
        with suppress(TimeoutError):  # it is taking leave of a Kafka that does not answer; nobody waits for that
            await asyncio.wait_for(app.stop(), STOP_WITHIN_S)
