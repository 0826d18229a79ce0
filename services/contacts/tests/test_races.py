"""Sixteen at once, on the real log: one winner, no ghost, and every loser goes on with the winner (C4)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.decider import Taken
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, Idempotency, PostgresStore, Step, Written
from crm.chassis.people.identity import Identifier
from crm.chassis.people.uniqueness import Rule, RuledKind, Uniqueness
from crm.contacts import registration
from crm.contacts.claiming import Claiming
from crm.contacts.contact import Contact, contacts, identifiers
from crm.contacts.identifiers import Person, known_by
from crm.contacts.reach import add_email, find_email
from crm.contacts.service import service
from crm.contacts.visiting import meet
from crm.events.contacts import ContactRegistered
from crm.events.particulars import ExternalId, Phone

WRITERS = 16
SPELLINGS = ("ada@example.com", "ADA@Example.com", " Ada@EXAMPLE.COM ")
KINDS: dict[str, Callable[[int], Person]] = {
    "email": lambda n: Person(f"Ada {n}", emails=[SPELLINGS[n % 3]]),
    "phone": lambda n: Person(
        f"Ada {n}", phones=[Phone("+55 11 98765-4321", ("+5511987654321", "+551187654321")[n % 2])]
    ),
    "external_id": lambda n: Person(f"Ada {n}", external_ids=[ExternalId(("shop", "SHOP")[n % 2], "4711")]),
    "device": lambda n: Person(f"Ada {n}", devices=["cookie-1234"]),
}
WANTED = {
    "email": Identifier("email", "ada@example.com"),
    "phone": Identifier("phone", "+551187654321"),
    "external_id": Identifier("external_id", "shop:4711"),
    "device": Identifier("device", "cookie-1234"),
}
STRICT: dict[RuledKind, Rule] = {"email": "block", "phone": "block", "device": "block"}
kinds = pytest.mark.parametrize("kind", list(KINDS))


@pytest.fixture
def log(db: Database) -> Iterator[EventLog]:
    database = Database(db.dsn, max_size=WRITERS)
    yield service.log(PostgresStore(database), MemoryKeys())
    database.close()


@pytest.fixture
def claiming(log: EventLog) -> Claiming:
    return Claiming(log, Uniqueness(STRICT))


def at_once(write: Callable[[int], Written | UUID]) -> list[UUID]:
    """Who is told to each of the writers."""

    def told(n: int) -> UUID:
        try:
            answer = write(n)
        except Taken as refusal:
            return refusal.holder
        return answer.stream if isinstance(answer, Written) else answer

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(told, range(WRITERS)))


def everybody(log: EventLog) -> dict[UUID, Contact]:
    """All contacts that are in the log."""
    found, after = set(), None
    while page := log.read(after, 500):
        after = page[-1].position
        found |= {each.stream for each in page if each.type == "crm.contacts.contact-registered.v1"}
    return {each: log.get(contacts, each).state for each in found}


def no_ghosts(log: EventLog) -> None:
    """Every claim has a contact with that identifier, every contact what it should hold, and nobody holds another's."""
    people = everybody(log)
    for contact_id, contact in people.items():
        assert log.holders(identifiers(contact)) == dict.fromkeys(identifiers(contact), contact_id)
        assert known_by(contact), "somebody without the identifier they brought"
    after, holders = None, {}
    while page := log.read(after, 500):
        after = page[-1].position
        holders |= {each.stream: each for each in page if "identifier-" in each.type}
    claimed = [each for each in holders.values() if each.type.endswith("claimed.v1")]
    assert len(claimed) == sum(len(identifiers(each)) for each in people.values())


def do(log: EventLog, n: int) -> Commands:
    return log.commands(Context(f"user:{n}", idempotency=Idempotency(f"user:{n}", str(uuid4()), b"body")))


def register(
    claiming: Claiming, do: Commands, person: Person, contact: UUID | None = None, *, use: bool = False
) -> Written:
    new = contact or uuid4()

    def making(shared: frozenset[Identifier]) -> list[Step]:
        return [Step(contacts, new, partial(registration.register, shared=shared, **person.particulars))]

    return claiming.register(do, person, making, use=use)


@kinds
def test_c4_one_of_sixteen_wins_and_all_others_are_told_who(log: EventLog, claiming: Claiming, kind: str) -> None:
    told = at_once(lambda n: register(claiming, do(log, n), KINDS[kind](n)))
    winner = log.holder(*WANTED[kind])
    assert set(told) == {winner}
    assert set(everybody(log)) == {winner}
    no_ghosts(log)


@kinds
def test_c4_the_work_of_fifteen_losers_goes_on_with_the_winner(log: EventLog, claiming: Claiming, kind: str) -> None:
    def bring(n: int) -> Written:
        person = KINDS[kind](n)
        more = Person(
            person.name,
            [*person.emails, f"ada{n}@home.example"],
            person.phones,
            None,
            person.external_ids,
            person.devices,
        )
        return register(claiming, do(log, n), more, use=True)

    told = at_once(bring)
    winner = log.holder(*WANTED[kind])
    assert winner and set(told) == {winner}
    assert set(everybody(log)) == {winner}
    emails = {each for each in log.get(contacts, winner).state.emails if each.endswith("@home.example")}
    assert emails == {f"ada{n}@home.example" for n in range(WRITERS)}
    no_ghosts(log)


@pytest.mark.parametrize("kind", ["email", "phone", "device"])
def test_c3_where_sharing_is_allowed_one_holds_it_and_nobody_is_refused(log: EventLog, kind: str) -> None:
    lenient = Claiming(log, Uniqueness({"email": "warn", "phone": "warn", "device": "allow"}))
    told = at_once(lambda n: register(lenient, do(log, n), KINDS[kind](n)))
    assert len(set(told)) == WRITERS
    holding = [each for each in everybody(log).values() if identifiers(each)]
    borrowing = [each for each in everybody(log).values() if each.borrowed]
    assert (len(holding), len(borrowing)) == (1, WRITERS - 1)
    no_ghosts(log)


def test_c4_an_address_is_added_to_one_of_sixteen_contacts(log: EventLog, claiming: Claiming) -> None:
    people = [uuid4() for _ in range(WRITERS)]
    for n, each in enumerate(people):
        register(claiming, do(log, n), Person(f"Ada {n}", phones=[Phone(str(n), f"+493012345{n:02}")]), each)
    command = [partial(add_email, email=SPELLINGS[n % 3]) for n in range(WRITERS)]
    holds = partial(find_email, email=SPELLINGS[0])
    told = at_once(lambda n: claiming.add(do(log, n), people[n], command[n], [WANTED["email"]], holds=holds))
    winner = log.holder(*WANTED["email"])
    assert set(told) == {winner}
    assert [each for each, contact in everybody(log).items() if contact.emails] == [winner]
    no_ghosts(log)


def test_c4_sixteen_visits_with_one_device_are_one_visitor(log: EventLog) -> None:
    told = at_once(lambda n: meet(log, do(log, n), uuid4(), "cookie-1234"))
    assert set(told) == {log.holder(*WANTED["device"])}
    [visitor] = everybody(log).values()
    assert visitor.anonymous
    first = log.stream(told[0])[0].fact
    assert isinstance(first, ContactRegistered)
    no_ghosts(log)


@kinds
def test_c4_sixteen_who_bring_two_identifiers_crosswise_leave_no_ghost(
    log: EventLog, claiming: Claiming, kind: str
) -> None:
    """Each of two kinds may have another winner; whoever loses one, has neither."""
    other = "email" if kind != "email" else "external_id"

    def bring(n: int) -> Written:
        one, two = KINDS[kind](n), KINDS[other](n)
        both = Person(
            one.name,
            [*one.emails, *two.emails],
            [*one.phones, *two.phones],
            None,
            [*one.external_ids, *two.external_ids],
            [*one.devices, *two.devices],
        )
        return register(claiming, do(log, n), (one, two, both)[n % 3])

    at_once(bring)
    assert log.holder(*WANTED[kind]) and log.holder(*WANTED[other])
    no_ghosts(log)
