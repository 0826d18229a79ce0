"""Folding a batch: all rows of its keys are loaded at once, changed in memory, and written in bulk."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from psycopg import Connection

from crm.chassis.projection.history import History, Ranges, advance, current
from crm.chassis.projection.rows import Key, RowType, Table
from crm.events import Fact, Recorded

if TYPE_CHECKING:
    from crm.chassis.projection.view import View

R = TypeVar("R")
_ONE = (UUID, str, int, bytes)
"""What is one key, not several."""


class WrongKey(Exception):  # noqa: N818
    """A handler returned a row of another key than the one it was called for."""


@dataclass(frozen=True)
class Handler:
    """A registered handler and which rows it is called for."""

    call_with: Callable[..., Any]
    keys: Callable[[Any], Any] | None
    takes_key: bool
    on_connection: bool = False

    @property
    def crosses(self) -> bool:
        """Whether facts of several streams may meet in a row."""
        return self.keys is not None or self.on_connection

    def keys_of(self, e: Recorded[Fact], rows: RowType[Any]) -> Sequence[Key]:
        """The keys of the rows a fact is about, without repeats, in the order named."""
        if self.keys is None:
            return (e.stream,)
        named = self.keys(e)
        if named is None:
            return ()
        if isinstance(named, _ONE) or (len(rows.key) > 1 and isinstance(named, tuple)):
            return (named,)
        return tuple(dict.fromkeys(named))

    def call(self, row: Any, e: Recorded[Fact], key: Key) -> Any:
        """The row after a fact."""
        return self.call_with(row, e, key) if self.takes_key else self.call_with(row, e)


class TableFold(Generic[R]):
    """One batch of facts folded into the rows of a table."""

    def __init__(
        self,
        view: "View[R]",
        table: Table[R],
        connection: Connection[Any],
        facts: Sequence[Recorded[Fact]],
        known: Collection[UUID] | None = None,
    ) -> None:
        """Only the streams `known` may have rows already, if it is given."""
        self._view, self._table, self._connection, self._facts = view, table, connection, facts
        self._steps: dict[type[Fact], list[Handler]] = {}
        self._named: dict[int, list[tuple[Handler, Sequence[Key]]] | Exception] = {}
        self._load(connection, self._keys(facts, known), facts)

    def _keys(self, facts: Sequence[Recorded[Fact]], known: Collection[UUID] | None) -> set[Key]:
        wanted: set[Key] = set(known or ())
        for e in facts:
            steps = self._steps.get(type(e.fact))
            if steps is None:
                steps = self._steps[type(e.fact)] = self._view.handlers_of(type(e.fact))
            if len(steps) == 1 and steps[0].keys is None:
                if known is None:
                    wanted.add(e.stream)
                continue
            try:
                named = [(step, step.keys_of(e, self._table.rows)) for step in steps]
            except Exception as error:  # raised again when it is this fact's turn
                self._named[id(e)] = error
                continue
            self._named[id(e)] = named
            if known is None:
                wanted.update(chain.from_iterable(keys for step, keys in named if not step.on_connection))
        return wanted

    def _load(self, connection: Connection[Any], keys: Iterable[Key], facts: Sequence[Recorded[Fact]]) -> None:
        self._rows: dict[Key, R | None] = dict(self._table.load(connection, set(keys)))
        self._loaded = dict(self._rows)

    def apply(self, e: Recorded[Fact]) -> None:
        steps = self._steps[type(e.fact)]
        if len(steps) == 1 and steps[0].keys is None and not steps[0].on_connection:
            self._rows[e.stream] = self._step(self._rows.get(e.stream), steps[0], e, e.stream)
            return
        changes: dict[Key, Any] = {}
        for handler, keys in self._named_steps(e):
            if handler.on_connection:
                self._rows.update(changes)
                self._by_hand(handler, e)
                continue
            for key in keys:
                changes[key] = self._step(changes[key] if key in changes else self._rows.get(key), handler, e, key)
        self._rows.update(changes)

    def _named_steps(self, e: Recorded[Fact]) -> list[tuple[Handler, Sequence[Key]]]:
        named = self._named.get(id(e))
        if named is None:
            return [(step, (e.stream,)) for step in self._steps[type(e.fact)]]
        if isinstance(named, Exception):
            raise named
        return named

    def _by_hand(self, handler: Handler, e: Recorded[Fact]) -> None:
        """Set-based work sees the rows as they are now, and may change any of them."""
        self.write(self._connection)
        try:
            with self._connection.transaction():  # a savepoint: it fails alone
                handler.call_with(self._connection, e, self._table.name)
        finally:
            self._load(self._connection, self._rows.keys(), self._facts)

    def _step(self, before: Any, handler: Handler, e: Recorded[Fact], key: Key) -> Any:
        row = handler.call(before, e, key)
        if row is not None and self._table.rows.key_of(row) != key:
            raise WrongKey(f"{handler.call_with.__name__} returned a row of another key")
        return row

    def write(self, connection: Connection[Any], *, bulk: bool = False) -> None:
        changed = {key: row for key, row in self._rows.items() if row is not self._loaded.get(key)}
        self._table.delete(connection, [key for key, row in changed.items() if row is None])
        rows = {key: row for key, row in changed.items() if row is not None}
        if bulk:
            self._table.copy(connection, [row for key, row in rows.items() if key not in self._loaded])
            rows = {key: row for key, row in rows.items() if key in self._loaded}
        self._table.upsert(connection, rows)


class HistoryFold(TableFold[R]):
    """The same over rows that keep their past: what is folded is each row's ranges of validity."""

    def __init__(
        self,
        view: "View[R]",
        table: Table[R],
        history: History[R],
        connection: Connection[Any],
        facts: Sequence[Recorded[Fact]],
        known: Collection[UUID] | None = None,
    ) -> None:
        self._history = history
        super().__init__(view, table, connection, facts, known)

    def _load(self, connection: Connection[Any], keys: Iterable[Key], facts: Sequence[Recorded[Fact]]) -> None:
        self._since = min((e.occurred_at for e in facts), default=None)
        self._ranges: dict[Key, Ranges[R]] = {}
        if self._since is not None:
            self._ranges = self._history.load(connection, set(keys), self._since)
        self._rows = dict(self._ranges)  # the same fold, over ranges in place of rows
        self._loaded = dict(self._rows)

    def _step(self, before: Any, handler: Handler, e: Recorded[Fact], key: Key) -> Any:
        step = super()._step
        return advance(before or (), e.occurred_at, lambda row: step(row, handler, e, key))

    def write(self, connection: Connection[Any], *, bulk: bool = False) -> None:
        if self._since is None:
            return
        ranges: dict[Key, Any] = dict(self._rows)
        changed = {key: each for key, each in ranges.items() if each is not self._loaded.get(key)}
        rows = {key: current(each) for key, each in changed.items()}
        self._table.delete(connection, [key for key, row in rows.items() if row is None])
        self._table.upsert(connection, {key: row for key, row in rows.items() if row is not None})
        self._history.write(connection, changed, self._since)
