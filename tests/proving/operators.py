"""Operators at work while everything breaks: they do their chores to the end, through all faults, and rest."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import sql

from crm.chassis.testing.waiting import eventually
from crm.local.suite import NAMES, service_named
from tests.integration.surroundings import environment
from tests.proving.stage import Stage
from tests.proving.telling import say

DONE_WITHIN_S = 900.0
ATTEMPT_S = 300.0
AGAIN_S = 1.0
PASSING = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.UndefinedTable)
"""The server is away, somebody holds a lock, or a rebuilt table is taking the place of another one."""
REST_S = 3.0
"""How long they rest at least."""

T = TypeVar("T")


class Chore(Protocol):
    """Something that an operator begins and does not leave before it is done."""

    @property
    def rest(self) -> float:
        """How many times as long as it took the operator rests afterwards."""

    def do(self, operator: "Operator") -> None:
        """Raises the last failure if it cannot be done."""


class Operator:
    """One operator. One thread uses it."""

    def __init__(self, stage: Stage, stop: threading.Event) -> None:
        self._stage, self._stop = stage, stop
        self.figures = Counter[str]()

    def work(self, chores: Iterator[Chore]) -> None:
        """One chore after the other until told to stop; what was begun is done."""
        for chore in chores:
            if self._stop.is_set():
                return
            began = time.monotonic()
            chore.do(self)
            took = time.monotonic() - began
            say(f"           {chore}: done in {took:.1f} s")
            self._stop.wait(max(REST_S, chore.rest * took))

    def pause(self, seconds: float) -> bool:
        """Waits. True if everything is to end meanwhile, which is not waited for."""
        return self._stop.wait(seconds)

    def insist(self, *arguments: str) -> int:
        """Runs a command of the command line until it succeeds. Returns how often. Raises what it said last."""
        attempts = count(1)
        return eventually(lambda: self._attempt(next(attempts), arguments), within_s=DONE_WITHIN_S, every_s=AGAIN_S)

    def _attempt(self, number: int, arguments: Sequence[str]) -> int:
        told = ""
        with self._started(*arguments) as process:
            try:
                told, _ = process.communicate(timeout=ATTEMPT_S)
            except subprocess.TimeoutExpired:
                process.kill()
        told = (
            f"rapport {' '.join(arguments)} ended with {process.returncode}: {' '.join(told.strip().splitlines()[-1:])}"
        )
        if process.returncode != 0:
            say(f"           {told}")
        assert process.returncode == 0, told
        return number

    def cut(self, after_s: float, *arguments: str) -> bool:
        """Runs a command and kills it after a while. False if it was faster."""
        with self._started(*arguments) as process:
            try:
                process.communicate(timeout=after_s)
            except subprocess.TimeoutExpired:
                process.kill()
                return True
        return False

    def ask(self, service: str, question: str, *given: object) -> Any:
        """The row that answers a question to a service's database, once the server answers."""
        return self._with(service, lambda db: db.execute(question.encode(), given).fetchone())

    def constrain(self, service: str, family: str, check: sql.Composable | None) -> None:
        """Has the table of a view refuse the rows that fail a check from now on; None: no rows any more."""

        def alter(db: psycopg.Connection[Any]) -> bool:
            with db.transaction():
                row = db.execute(
                    "SELECT tables FROM view_state WHERE family = %s AND state <> 'building'", (family,)
                ).fetchone()
                assert row
                table = sql.SQL("ALTER TABLE {} ").format(sql.Identifier(row[0][0]))
                db.execute("SET LOCAL lock_timeout = '1s'")
                db.execute(table + sql.SQL("DROP CONSTRAINT IF EXISTS poison"))
                if check is not None:
                    db.execute(table + sql.SQL("ADD CONSTRAINT poison CHECK ({}) NOT VALID").format(check))
            return True

        self._with(service, alter)

    def _with(self, service: str, use: Callable[[psycopg.Connection[Any]], T]) -> T:
        """What is done with a service's database, once the server takes it. It gives something true."""

        def once() -> T:
            with self._stage.database(service) as db:
                return use(db)

        return eventually(once, within_s=DONE_WITHIN_S, every_s=AGAIN_S, passing=PASSING)

    def _started(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "crm.local.cli", *arguments],
            env=environment(self._stage.suite.folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


class Operators:
    """All of them."""

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._operators = operators
        self.working: list[Future[None]] = []

    @property
    def figures(self) -> dict[str, Any]:
        total = Counter[str]()
        for each in self._operators:
            total.update(each.figures)
        return dict(total)

    def check(self) -> None:
        """Raises what an operator has given up for, if any has."""
        for each in self.working:
            if each.done():
                each.result()


@contextmanager
def at_work(stage: Stage, chores: Sequence[Iterator[Chore]]) -> Iterator[Operators]:
    """Operators in the background, each with chores of its own; afterwards all that was begun is done, or it raises."""
    stop = threading.Event()
    operators = [Operator(stage, stop) for _ in chores]
    everybody = Operators(operators)
    with ThreadPoolExecutor(len(operators)) as pool:
        pairs = zip(operators, chores, strict=True)
        everybody.working = [pool.submit(operator.work, own) for operator, own in pairs]
        try:
            yield everybody
        finally:
            stop.set()
    everybody.check()


def views() -> list[tuple[str, str]]:
    """Every view of the suite, as `rapport rebuild` names it."""
    return [(name, view.family) for name in NAMES for view in service_named(name).views]
