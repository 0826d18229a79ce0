"""Opening the facts of a batch: one bulk read of keys, and nothing of a person whose erasure has arrived here."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from crm.chassis.keys import Keys
from crm.chassis.projection.failures import is_transient
from crm.events import Fact, Recorded, Sealed, wire

_PERSONAL = b'"personal":"'


class Opener:
    """Opens sealed facts, once per page where several subscribers read the same one."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._opened: dict[int, Recorded[Fact]] = {}

    def new_page(self) -> None:
        """Forgets the page before. Facts are told apart by identity, so this comes before the next page."""
        self._opened.clear()

    def open(self, connection: Connection[Any], facts: Sequence[Sealed]) -> dict[int, Recorded[Fact] | Exception]:
        """The facts by `id(sealed)`, or why one cannot be opened. Raises `KeyringUnavailable`."""
        missing = [each for each in facts if id(each) not in self._opened]
        personal = {each.partition_key for each in missing if _PERSONAL in each.value}
        erased = _erased(connection, list(personal)) if personal else set()
        if personal:
            self._keys.prefetch(personal - erased)
        failed: dict[int, Exception] = {}
        for sealed in missing:
            unseal = _nothing if sealed.partition_key in erased else self._keys.unseal
            try:
                self._opened[id(sealed)] = wire.open_fact(sealed, unseal)
            except Exception as error:
                if is_transient(error):
                    raise
                failed[id(sealed)] = error
        return {id(each): failed.get(id(each)) or self._opened[id(each)] for each in facts}


def _erased(connection: Connection[Any], subjects: list[Any]) -> set[Any]:
    rows = connection.execute("SELECT contact_id FROM erasures WHERE contact_id = ANY(%s)", (subjects,)).fetchall()
    return {row[0] for row in rows}


def _nothing(_: str) -> None:
    return None
