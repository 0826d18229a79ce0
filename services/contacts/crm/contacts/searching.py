"""Searching the directory: by words of names and addresses, also misspelt ones, and by what contacts have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.projection import Db, Page, PageRequest
from crm.contacts.account_list import account_list
from crm.contacts.belonging import belonging, within
from crm.contacts.directory import Entry, directory
from crm.contacts.entries import as_persons
from crm.contacts.matching import SHORTEST_ALIKE, containing, resembling, words_of
from crm.contacts.owning import inside
from crm.contacts.persons import canonical_ids

MOST_ACCOUNTS, MOST_RELATED = 50, 1_000
"""How many accounts a word finds by their name, and how many of their people."""


@dataclass(frozen=True)
class Filter:
    """Which contacts are asked for. `archived` and `provisional` None: whether they are or not."""

    tag: str | None = None
    owner: str | None = None
    account: UUID | None = None
    archived: bool | None = False
    provisional: bool | None = None
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By name, which values they must have."""
    within: Territory = EVERYWHERE

    def standing(self) -> tuple[list[str], list[Any]]:
        """What must be true of the canonical contact itself: SQL conditions and their parameters."""
        conditions, values = _given({"archived = %s": self.archived, "provisional = %s": self.provisional})
        mine, owners = inside(directory, "contact_id", self.within)
        return [*conditions, mine], [*values, *owners]

    def known(self, today: date) -> tuple[list[str], list[Any]]:
        """What must be true of one of the person's ids."""
        conditions, values = _given(
            {
                "tags @> ARRAY[%s]": self.tag,
                "owner = %s": self.owner,
                "attributes @> %s": Jsonb(self.attributes) if self.attributes else None,
            }
        )
        if self.account is not None:
            among, params = within([self.account], today)
            conditions.append(f"contact_id IN (SELECT contact_id FROM {belonging.name} WHERE {among})")
            values += params
        return conditions, values


def search(
    db: Db, text: str, only: Filter, page: PageRequest, *, today: date, by_addresses: bool = True
) -> Page[Entry]:
    """The persons one of whose ids matches, the most similar first; without a word all of them, by name.

    They are in the order of the canonical contacts' own names. Not `by_addresses`: nothing tells an address then, not
    whether somebody is found by it, nor the cursor.
    """
    match = resembling(text, _related(db, text), column="searched" if by_addresses else "called")
    order = "name" if by_addresses else "called"
    known, known_values = only.known(today)
    standing, values = only.standing()
    wanted, params = [*match.conditions, *known], [*match.params, *known_values]
    conditions = ["alias_of IS NULL", "NOT anonymous", *standing]
    if wanted:
        either = " AND ".join(wanted)
        absorbed = directory.select(db, f"alias_of IS NOT NULL AND {either}", params)
        conditions.append(f"({either} OR contact_id = ANY(%s))")
        values += [*params, canonical_ids(db, directory, absorbed)]
    where = " AND ".join(conditions)
    if match.conditions:
        found = directory.ranked(db, match.rank, match.rank_params, where, values, order_by=order, page=page)
    else:
        found = directory.page(db, where, values, order_by=order, page=page)
    return Page(as_persons(db, found.items), found.next)


def _given(asked: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    given = {condition: value for condition, value in asked.items() if value is not None}
    return list(given), list(given.values())


def _related(db: Db, text: str) -> dict[str, list[UUID]]:
    """By word: the people of accounts that are called so."""
    found: dict[str, list[UUID]] = {}
    for word in words_of(text):
        if len(word) < SHORTEST_ALIKE:
            continue
        match = containing(word)
        named = account_list.select(
            db, " AND ".join(match.conditions), match.params, order_by="name", limit=MOST_ACCOUNTS
        )
        accounts = [each.account_id for each in named]
        people = belonging.select(db, "account_id = ANY(%s)", (accounts,), order_by="contact_id", limit=MOST_RELATED)
        found[word] = [each.contact_id for each in people]
    return found
