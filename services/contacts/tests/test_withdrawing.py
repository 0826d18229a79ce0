"""Who unsubscribes from a campaign withdraws the consent behind it."""

from functools import partial
from uuid import UUID, uuid4

from crm.chassis.log import Commands, EventLog, Step
from crm.chassis.runtime import Runtime
from crm.chassis.testing.views import recorded
from crm.contacts.alias import identify, recognise
from crm.contacts.consent import consent_stream, consents, grant
from crm.contacts.contact import contacts
from crm.contacts.registration import register
from crm.contacts.withdrawing import withdrawing
from crm.events import Fact, Recorded
from crm.events.campaigns import Unsubscribed
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.particulars import ConsentEvidence


def agreed(do: Commands) -> UUID:
    """A contact who agreed to marketing mails."""
    contact = uuid4()
    do(contacts, contact, partial(register, name="Ada"))
    command = partial(grant, contact=contact, channel="email", purpose="marketing", wording_version="3", source="form")
    do(consents, consent_stream(contact, "email", "marketing"), command)
    return contact


def unsubscribed(contact: UUID) -> Recorded[Fact]:
    fact = Unsubscribed(contact=contact, campaign=UUID(int=7), purpose="marketing", method="one-click")
    return recorded(uuid4(), fact, 4, contact_ids=(contact,))


def said(log: EventLog, contact: UUID) -> list[Fact]:
    return [e.fact for e in log.stream(consent_stream(contact, "email", "marketing"))]


def test_an_unsubscription_withdraws_the_consent_once(log: EventLog, do: Commands, runtime: Runtime) -> None:
    ada = agreed(do)
    e = unsubscribed(ada)
    for _ in range(2):
        withdrawing.answer(e, runtime)
    assert said(log, ada)[1:] == [
        ConsentWithdrawn(
            contact=ada,
            channel="email",
            purpose="marketing",
            source=f"campaign:{UUID(int=7)}",
            wording_version="3",
            evidence=ConsentEvidence(note=f"Unsubscribed by one-click, {e.event_id}"),
        )
    ]


def test_c9_an_unsubscription_stays_under_the_id_the_mail_knew(log: EventLog, do: Commands, runtime: Runtime) -> None:
    ada, alias = agreed(do), uuid4()
    do.execute_together(
        Step(contacts, alias, partial(identify, holder=ada)), Step(contacts, ada, partial(recognise, alias=alias))
    )
    withdrawing.answer(unsubscribed(alias), runtime)
    assert [type(each) for each in said(log, ada)] == [ConsentGranted]
    assert [type(each) for each in said(log, alias)] == [ConsentWithdrawn]


def test_who_is_not_known_here_yet_has_said_no_already(log: EventLog, runtime: Runtime) -> None:
    somebody = uuid4()
    withdrawing.answer(unsubscribed(somebody), runtime)
    assert [type(each) for each in said(log, somebody)] == [ConsentWithdrawn]


def test_c13_for_an_erased_person_there_is_nothing_to_withdraw(log: EventLog, do: Commands, runtime: Runtime) -> None:
    ada = agreed(do)
    log.keys.destroy(ada)
    withdrawing.answer(unsubscribed(ada), runtime)
    assert len(said(log, ada)) == 1
