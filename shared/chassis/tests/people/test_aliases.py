"""C8: whoever is asked for under an alias is found."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from crm.chassis.database import Database
from crm.chassis.people.aliases import Aliases
from crm.events.contacts import ContactIdentified
from crm.events.merging import ContactAbsorbed, ContactRestored

Listening = Callable[[Aliases], Callable[..., Any]]


def test_c8_an_alias_resolves_to_its_holder_and_a_chain_to_its_end(db: Database, listening: Listening) -> None:
    aliases = Aliases()
    tell = listening(aliases)
    a, b, c, other = uuid4(), uuid4(), uuid4(), uuid4()
    tell(ContactIdentified(holder=b), stream=a)
    tell(ContactIdentified(holder=c), stream=b)
    tell(ContactIdentified(holder=c), stream=other)
    assert [aliases.resolve(db, each) for each in (a, b, c, other)] == [c, c, c, c]
    for each in (a, b, c):
        ids = aliases.ids_of(db, each)
        assert ids[0] == c
        assert set(ids) == {a, b, c, other}


def test_somebody_without_aliases_is_who_they_are(db: Database, listening: Listening) -> None:
    aliases, nobody = Aliases(), uuid4()
    listening(aliases)
    assert aliases.resolve(db, nobody) == nobody
    assert aliases.ids_of(db, nobody) == (nobody,)


def test_even_a_cycle_ends(db: Database, listening: Listening) -> None:
    aliases = Aliases()
    tell, a, b = listening(aliases), uuid4(), uuid4()
    tell(ContactIdentified(holder=b), stream=a)
    tell(ContactIdentified(holder=a), stream=b)
    assert set(aliases.ids_of(db, a)) == {a, b}


def test_c9_an_absorbed_contact_is_an_alias_until_it_is_restored(db: Database, listening: Listening) -> None:
    aliases = Aliases()
    tell, a, b, c = listening(aliases), uuid4(), uuid4(), uuid4()
    first, second = uuid4(), uuid4()
    tell(ContactAbsorbed(merge_id=second, survivor=c), stream=b)
    tell(ContactAbsorbed(merge_id=first, survivor=b), stream=a)
    assert aliases.ids_of(db, a) == (c, b, a)
    assert aliases.below(db, [c, uuid4()]) == {c: [b, a]}
    assert aliases.joined_at(db, (a, b, c)) is not None
    tell(ContactRestored(merge_id=second, survivor=c), stream=b)
    assert aliases.ids_of(db, a) == (b, a)
    assert aliases.ids_of(db, c) == (c,)
    assert aliases.joined_at(db, (c,)) is None
