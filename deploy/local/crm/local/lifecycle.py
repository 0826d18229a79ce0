"""Starting and stopping a suite from the command line: in this process, in the background, or in another process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import psutil

from crm.chassis.embedded.process import ServerFailed
from crm.local.running import RunningSuite, running
from crm.local.state import Lock, end_strays
from crm.local.suite import Layout
from crm.local.supervisor import Told, end_children

STOP_TIMEOUT_S = 90.0
LOOK_EVERY_S = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ToldToStop(BaseException):
    """Ctrl-C, `rapport down` or a closed terminal."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Raises `ToldToStop` in the main thread at the first signal to end, wherever it is. Later ones count for nothing.

    Afterwards nothing runs any more that this process has started meanwhile.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise ToldToStop

    others = psutil.Process().children(recursive=True)
    before = [signal.signal(each, leave) for each in _SIGNALS]
    try:
        yield
    finally:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        end_children(others)
        for each, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(each, handler)


def up(layout: Layout, tell: Told, note: Told, ready: Callable[[RunningSuite], None]) -> None:
    """Runs the suite until told to stop; `ready` is called when all of it is there. Raises what `running` raises."""
    try:
        with stoppable(), running(layout, tell, note) as suite:
            ready(suite)
            suite.watch()
    except ToldToStop:
        return


def up_in_background(layout: Layout, tell: Told) -> None:
    """Starts a supervisor of its own session and returns when the suite is ready. Raises `ServerFailed`."""
    layout.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    log, errors = layout.logs / "supervisor.log", layout.logs / "supervisor.err"
    environment = os.environ | {"RAPPORT_FOLDER": str(layout.folder), "RAPPORT_PORT_BASE": str(layout.port_base)}
    with log.open("w") as output, errors.open("w") as error_output, log.open() as told:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "crm.local.cli", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=error_output,
            env=environment,
            start_new_session=True,
        )
        try:
            while supervisor.poll() is None and not _is_ready(layout, supervisor.pid):
                _pass_on(told.readlines(), tell)
                time.sleep(LOOK_EVERY_S)
        except BaseException:
            supervisor.terminate()
            supervisor.wait()
            raise
        if supervisor.returncode is not None:
            raise ServerFailed(errors.read_text().strip() or f"The supervisor ended; see {log}.")


def _pass_on(lines: list[str], tell: Told) -> None:
    for line in lines:
        if line.strip():
            tell(line.strip())


def _is_ready(layout: Layout, pid: int) -> bool:
    return layout.suite_file.exists() and Lock(layout.lock_file).holder() == pid


def down(layout: Layout, tell: Told) -> bool:
    """Stops the suite of a folder and waits until nothing of it runs. False if nothing did."""
    holder = Lock(layout.lock_file).holder()
    if holder is None:
        layout.suite_file.unlink(missing_ok=True)
        return end_strays(layout.standings_file) > 0
    tell("Stopping")
    try:
        supervisor = psutil.Process(holder)
        supervisor.terminate()
        _, stubborn = psutil.wait_procs([supervisor], STOP_TIMEOUT_S)
        for each in stubborn:
            each.kill()
        psutil.wait_procs(stubborn, STOP_TIMEOUT_S)
    except psutil.NoSuchProcess:
        pass  # it has just ended
    end_strays(layout.standings_file)
    layout.suite_file.unlink(missing_ok=True)
    return True
