"""Candidates: who shares a blocking key with somebody. Two look-ups for a whole batch, whatever its size."""

from collections import defaultdict
from collections.abc import Collection
from itertools import chain
from typing import Any
from uuid import UUID

from crm.chassis.database import Database
from crm.contacts.duplicates.blocking import LARGEST_BLOCK, worth_comparing
from crm.contacts.duplicates.match_keys import match_keys

_BLOCKS = f"""
    SELECT asked.key, found.ids FROM unnest(%s::text[]) AS asked (key), LATERAL (
        SELECT array_agg(contact_id) AS ids FROM (
            SELECT contact_id FROM {match_keys.table.name}
            WHERE keys @> ARRAY[asked.key] LIMIT {LARGEST_BLOCK + 1}) AS few) AS found
"""
# What was inserted lately waits in a list that every look-up reads to its end; an import makes it long.
_TIDY = f"""
    SELECT gin_clean_pending_list(indexrelid) FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
    WHERE indrelid = '{match_keys.table.name}'::regclass AND amname = 'gin'
"""
_KEYS = f"SELECT DISTINCT unnest(keys) FROM {match_keys.table.name} WHERE contact_id = ANY(%s)"


def pairs_with(db: Database, contact_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Everybody who is to be compared with one of these contacts, the smaller id first.

    Keys that more than `LARGEST_BLOCK` contacts have tell nothing and are passed over.
    """
    asked = set(contact_ids)
    shared: dict[tuple[UUID, UUID], list[str]] = defaultdict(list)
    with db.connection() as connection:
        connection.execute(_TIDY.encode())
    with db.transaction() as connection:
        connection.execute("SET LOCAL enable_seqscan = off")  # one key has few contacts, which the planner cannot know
        keys = [key for (key,) in connection.execute(_KEYS.encode(), (list(asked),)).fetchall()]
        blocks: list[Any] = connection.execute(_BLOCKS.encode(), (keys,)).fetchall()
    for key, ids in blocks:
        if ids is not None and len(ids) <= LARGEST_BLOCK:
            for pair in ((a, b) for a in asked.intersection(ids) for b in ids if a is not b):
                shared[pair].append(key)
    found = (pair for pair, keys in shared.items() if worth_comparing(keys))
    return {(a, b) if a < b else (b, a) for a, b in found if a != b}


def of_pairs(pairs: Collection[tuple[UUID, UUID]]) -> set[UUID]:
    """Everybody in some pairs."""
    return set(chain.from_iterable(pairs))
