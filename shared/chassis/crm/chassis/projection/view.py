"""Views: read models declared as folds, `(row | None, fact) -> row | None`, with their table and queries."""

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, overload
from uuid import UUID

from psycopg import Connection

from crm.chassis.projection.folding import Handler, HistoryFold, TableFold
from crm.chassis.projection.history import History
from crm.chassis.projection.query import Queries
from crm.chassis.projection.rows import Key, RowType, Table
from crm.chassis.projection.subscriber import EVERYTHING, Fold
from crm.events import Fact, Recorded, type_of
from crm.events.fact import service_of
from crm.events.upcasts import current_type

R = TypeVar("R")
F1 = TypeVar("F1", bound=Fact)
F2 = TypeVar("F2", bound=Fact)
F3 = TypeVar("F3", bound=Fact)
F4 = TypeVar("F4", bound=Fact)
F5 = TypeVar("F5", bound=Fact)
F6 = TypeVar("F6", bound=Fact)
E = TypeVar("E")
H = TypeVar("H", bound=Callable[..., Any])

Keys: TypeAlias = Callable[[E], Any]
"""Which rows a fact is about: one key or several. Where the key has several columns, a tuple is one key."""
Folds: TypeAlias = Callable[[R, E], R | None] | Callable[[R, E, Any], R | None]
"""A handler: `(row | None, e) -> row | None`, or with the key as a third argument. None: there is no such row."""
ByHand: TypeAlias = Callable[[Connection[Any], E, str], None]
"""A handler for set-based work on a table."""
Register: TypeAlias = Callable[[Folds[R, E]], Folds[R, E]]

PERSON_SERVICE = "contacts"
"""Who tells that a person was erased; every view with personal columns listens."""


class View(Queries[R], Generic[R]):
    """A read model: one table of `row`s, kept by handlers.

    `key` names the column or columns that identify a row; the default key of a fact is its stream. A new `version` is
    a new table, built beside the old one. `indexes` are what stands in the parentheses of CREATE INDEX. With
    `row_history` lists answer `as_of`: see `history`. With `arrivals` one can wait for new rows: see `arrivals`.
    `services` is needed only with `on_any` (default: all services); otherwise it follows from the facts.
    """

    acts = False

    def __init__(
        self,
        name: str,
        row: type[R],
        *,
        key: str | tuple[str, ...],
        version: int = 1,
        indexes: tuple[str, ...] = (),
        services: Iterable[str] = (),
        row_history: bool = False,
        arrivals: bool = False,
    ) -> None:
        self.family = name
        self.version = version
        self.row_history = row_history
        self.handlers: dict[type[Fact], list[Handler]] = {}
        self.any_handlers: list[Handler] = []
        self._services = frozenset(services)
        self._types: set[str] = set()
        rows = RowType(row, key)
        self._place(rows, f"{name}_v{version}", indexes, arrivals)

    @overload
    def on(self, fact: type[F1], /, *, keys: Keys[Recorded[F1]] | None = None) -> Register[R, Recorded[F1]]: ...
    @overload
    def on(
        self, a: type[F1], b: type[F2], /, *, keys: Keys[Recorded[F1 | F2]] | None = None
    ) -> Register[R, Recorded[F1 | F2]]: ...
    @overload
    def on(
        self, a: type[F1], b: type[F2], c: type[F3], /, *, keys: Keys[Recorded[F1 | F2 | F3]] | None = None
    ) -> Register[R, Recorded[F1 | F2 | F3]]: ...
    @overload
    def on(
        self,
        a: type[F1],
        b: type[F2],
        c: type[F3],
        d: type[F4],
        /,
        *,
        keys: Keys[Recorded[F1 | F2 | F3 | F4]] | None = None,
    ) -> Register[R, Recorded[F1 | F2 | F3 | F4]]: ...
    @overload
    def on(
        self,
        a: type[F1],
        b: type[F2],
        c: type[F3],
        d: type[F4],
        e: type[F5],
        /,
        *,
        keys: Keys[Recorded[F1 | F2 | F3 | F4 | F5]] | None = None,
    ) -> Register[R, Recorded[F1 | F2 | F3 | F4 | F5]]: ...
    @overload
    def on(
        self,
        a: type[F1],
        b: type[F2],
        c: type[F3],
        d: type[F4],
        e: type[F5],
        f: type[F6],
        /,
        *more: type[Fact],
        keys: Keys[Any] | None = None,
    ) -> Register[R, Any]: ...
    def on(self, *facts: type[Fact], keys: Keys[Any] | None = None) -> Any:
        """Registers a handler for some facts; it is called once per key, in the order of each stream."""

        def register(handler: H) -> H:
            for fact in facts:
                self.handlers.setdefault(fact, []).append(Handler(handler, keys, _takes_key(handler)))
                self._types.add(type_of(fact))
            return handler

        return register

    def on_any(self, *, keys: Keys[Recorded[Fact]] | None = None) -> Register[R, Recorded[Fact]]:
        """Registers a handler for every fact, also of types this code does not know yet (`UnknownFact`)."""

        def register(handler: Folds[R, Recorded[Fact]]) -> Folds[R, Recorded[Fact]]:
            self.any_handlers.append(Handler(handler, keys, _takes_key(handler)))
            return handler

        return register

    def on_connection(self, *facts: type[F1]) -> Callable[[ByHand[Recorded[F1]]], ByHand[Recorded[F1]]]:
        """Registers a handler `(connection, e, table)` for set-based work on a table, run in the batch's transaction.

        The escape hatch, and slow: what was folded before is written first, and rows are read again afterwards. What it
        does to the rows is not in their history. `table` is the view's own, or the one that is built beside it.
        """

        def register(handler: ByHand[Recorded[F1]]) -> ByHand[Recorded[F1]]:
            for fact in facts:
                self.handlers.setdefault(fact, []).append(Handler(handler, None, False, on_connection=True))
                self._types.add(type_of(fact))
            return handler

        return register

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def services(self) -> frozenset[str]:
        """The services whose facts it folds; with personal columns also the one that tells of erasures."""
        derived = frozenset(map(service_of, self._types)) | self._services
        if self.any_handlers and not self._services:
            derived |= {EVERYTHING}
        return derived | ({PERSON_SERVICE} if self.table.rows.blanks else frozenset())

    @property
    def crossing(self) -> bool:
        handlers = [*self.any_handlers, *(each for some in self.handlers.values() for each in some)]
        return len(self.services) > 1 or EVERYTHING in self.services or any(h.crosses for h in handlers)

    def wants(self, fact_type: str) -> bool:
        return bool(self.any_handlers) or current_type(fact_type) in self._types

    def begin(
        self, connection: Connection[Any], facts: Sequence[Recorded[Fact]], known: Collection[UUID] | None = None
    ) -> Fold:
        if self.crossing:
            known = None  # rows are not one with streams
        if self.history is None:
            return TableFold(self, self.table, connection, facts, known)
        return HistoryFold(self, self.table, self.history, connection, facts, known)

    def beside(self, suffix: str) -> "View[R]":
        """The same view over tables of another name, to be built beside this one."""
        other: View[R] = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._place(self.table.rows, self.name + suffix, self.table.indexes, self.table.arrivals)
        return other

    def fold(self, facts: Iterable[Recorded[Fact]]) -> dict[Key, R]:
        """The rows some facts lead to, in memory: for tests of a view's rules."""
        memory: dict[Key, R] = {}
        for e in facts:
            for handler in self.handlers_of(type(e.fact)):
                for key in () if handler.on_connection else handler.keys_of(e, self.table.rows):
                    row = handler.call(memory.pop(key, None), e, key)
                    if row is not None:
                        memory[key] = row
        return memory

    def handlers_of(self, fact: type[Fact]) -> list[Handler]:
        """The handlers of a class of facts, in the order they were registered."""
        return self.handlers.get(fact, []) + self.any_handlers

    def _place(self, rows: RowType[R], name: str, indexes: tuple[str, ...], arrivals: bool) -> None:
        self.table = Table(name, rows, indexes, arrivals=arrivals)
        self.history = History(self.table) if self.row_history else None


def _takes_key(handler: Callable[..., Any]) -> bool:
    return len(inspect.signature(handler).parameters) > 2
