"""The blocks of all contacts, in an order that can be taken up again, in memory that does not grow with the base.

Keys are looked at in shares, each share of the hashes in one reading of all rows; what is held is a hash and a place
per key. Each pair belongs to one block, the first it shares, so no table of seen pairs is kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, groupby
from uuid import UUID
from zlib import crc32

from crm.chassis.database import Database, connect
from crm.contacts.duplicates.blocking import LARGEST_BLOCK, is_weak
from crm.contacts.duplicates.match_keys import match_keys

CONTACTS_A_SHARE = 200_000
ROWS_A_PAGE = 5_000
_FIRST = UUID(int=0)
_PLACE_BITS = 32
_WEAK = 1
_TABLE = match_keys.table.name
_PAGE = f"SELECT contact_id, keys FROM {_TABLE} WHERE contact_id > %s ORDER BY contact_id LIMIT {ROWS_A_PAGE}"
_TOO_LARGE = f"SELECT key FROM {_TABLE}, unnest(keys) AS key GROUP BY key HAVING count(*) > {LARGEST_BLOCK}"


@dataclass(frozen=True)
class Block:
    """Contacts that share a key. `hash` stands for the key, `progress` is how much of its share it ends."""

    hash: int
    contacts: tuple[UUID, ...]
    progress: float


class Blocks:
    """All blocks but those too large to tell anything."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with connect(database.dsn, application="duplicates", limited=False) as connection:
            self.too_large = {hash_of(key) for (key,) in connection.execute(_TOO_LARGE.encode()).fetchall()}
            row = connection.execute(f"SELECT count(*) FROM {_TABLE}".encode()).fetchone()
        self.contacts: int = row[0] if row else 0
        self.shares = 1 + self.contacts // CONTACTS_A_SHARE

    def of_share(self, share: int, after: int) -> Iterator[Block]:
        """The blocks of a share by their hashes, those behind a hash."""
        contacts = bytearray()
        entries: list[int] = []
        for contact_id, keys in self._rows():
            place = len(contacts) >> 4
            mine = [each for each in map(hash_of, keys) if each % self.shares == share and each > after]
            entries += [each << _PLACE_BITS | place for each in mine if each not in self.too_large]
            contacts += contact_id.bytes
        entries.sort()
        done = 0
        for key, some in groupby(entries, key=lambda each: each >> _PLACE_BITS):
            places = [(each & 0xFFFFFFFF) << 4 for each in some]
            done += len(places)
            if 1 < len(places) <= LARGEST_BLOCK:
                ids = tuple(UUID(bytes=bytes(contacts[at : at + 16])) for at in places)
                yield Block(key, ids, done / len(entries))

    def compares(self, block: Block, one: frozenset[int], other: frozenset[int]) -> bool:
        """Whether two contacts with these hashes are to be compared, and not in an earlier block already."""
        shared = (one & other) - self.too_large
        if len(shared) == 1 and block.hash & _WEAK:
            return False
        return min(shared, key=self._order, default=None) == block.hash  # none, if one of them changed meanwhile

    def _order(self, key: int) -> tuple[int, int]:
        return key % self.shares, key

    def _rows(self) -> Iterator[tuple[UUID, list[str]]]:
        after = _FIRST
        while True:
            with self._database.connection() as connection, connection.cursor(binary=True) as cursor:
                rows = cursor.execute(_PAGE.encode(), (after,)).fetchall()
            if not rows:
                return
            yield from rows
            after = rows[-1][0]


def pairs_of(block: Block) -> Iterable[tuple[UUID, UUID]]:
    """Everybody in a block with everybody else, the smaller id first: places are in the order of ids."""
    return combinations(block.contacts, 2)


def hash_of(key: str) -> int:
    """32 bits, the last one for weak keys. Two keys that meet by chance are compared in vain, and nothing else."""
    return crc32(key.encode()) & ~_WEAK | is_weak(key)
