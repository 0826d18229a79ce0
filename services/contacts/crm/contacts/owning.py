"""Whose records lists hold, for who may not see everybody's: conditions in SQL.

What counts is the owner of the whole person or organisation: the choice that was made last, else the own one, else that
of an absorbed id. Records that nobody owns are everybody's.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import UUID

from crm.chassis.auth import Territory
from crm.chassis.projection import Db, View
from crm.chassis.projection.query import connected
from crm.contacts.directory import directory
from crm.contacts.views import aliases

Condition: TypeAlias = tuple[str, list[Any]]
"""SQL, and its parameters."""

ALWAYS: Condition = ("true", [])

# Absorbed contacts cannot be assigned, so what a choice names is there as long as the choice is.
_OWNER = """
    CASE WHEN {row}.merges->'in_force' = '[]' THEN {row}.owner ELSE (
        SELECT CASE WHEN chosen IS NULL THEN coalesce({row}.owner, (
                SELECT min(absorbed.owner) FROM {table} AS absorbed WHERE absorbed.alias_of = {row}.{key}))
            WHEN chosen->>'source' IS NULL THEN {row}.owner
            ELSE (SELECT owner FROM {table} AS named WHERE named.{key} = (chosen->>'source')::uuid) END
        FROM (SELECT (SELECT choice FROM jsonb_array_elements({row}.merges->'choices') WITH ORDINALITY AS c (choice, at)
            WHERE choice->>'field' = 'owner' ORDER BY at DESC LIMIT 1) AS chosen) AS last) END
"""


def inside(view: View[Any], key: str, territory: Territory, *, row: str | None = None) -> Condition:
    """True of a canonical row that lies in a territory. The view has columns `owner`, `merges` and `alias_of`.

    `row` is what a row goes by, if not by the view's own name.
    """
    if territory.owners is None:
        return ALWAYS
    owner = _OWNER.format(row=row or view.family, table=view.table.name, key=key)
    return f"coalesce(({owner}) = ANY(%s), true)", [sorted(territory.owners)]


def owned(contacts: str, territory: Territory) -> Condition:
    """True where all persons behind some contact ids lie in a territory; `contacts` are columns with commas between.

    An id of nobody here, such as that of somebody who was erased, does not count.
    """
    if territory.owners is None:
        return ALWAYS
    condition, owners = inside(directory, "contact_id", territory, row="person")
    return (
        f"NOT EXISTS (WITH RECURSIVE up (id) AS (SELECT unnest(ARRAY[{contacts}]) UNION"
        f" SELECT further.holder FROM up JOIN {aliases.table.name} AS further ON further.alias = up.id)"
        f" SELECT FROM up JOIN {directory.table.name} AS person ON person.contact_id = up.id"
        f" WHERE person.alias_of IS NULL AND NOT {condition})",
        owners,
    )


def owned_among(db: Db, contacts: Sequence[UUID], territory: Territory) -> list[UUID]:
    """Those of some contacts that lie in a territory."""
    if territory.owners is None:
        return list(contacts)
    mine, owners = owned("contact", territory)
    asked = f"SELECT contact FROM unnest(%s::uuid[]) AS asked (contact) WHERE {mine}"
    with connected(db) as connection:
        return [each for (each,) in connection.execute(asked.encode(), [list(contacts), *owners]).fetchall()]
