"""Sending: what is sent to whom, and that nothing is sent twice (M1, M2, M15)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

import pytest
from fastapi.testclient import TestClient

from crm.campaigns.campaign import campaigns
from crm.campaigns.freshness import ContactsCopy, CopyBehind
from crm.campaigns.mail_server import MailServerAway
from crm.campaigns.message import message_stream
from crm.campaigns.sending import Sender
from crm.chassis.database import Database
from crm.chassis.log import EventLog
from crm.chassis.projection import Mark
from crm.events.campaigns import MessageFailed, MessageSent, MessageSuppressed
from crm.events.contacts import ContactEmailAdded, ContactEmailRemoved, ContactErased, ContactPrimaryEmailChanged

Launch = Callable[..., UUID]
Types = Callable[[UUID], list[str]]


def reason_of(log: EventLog, campaign: UUID, contact: UUID) -> str:
    fact = log.stream(message_stream(campaign, contact))[-1].fact
    assert isinstance(fact, MessageSuppressed | MessageFailed)
    return fact.reason


def test_who_agreed_gets_the_mail_and_the_campaign_finishes(
    launch: Launch, people: Any, post_office: Any, log: EventLog, types_of: Types
) -> None:
    ada = people.register("Ada Lovelace", "ada@x.example")
    campaign = launch()
    assert types_of(message_stream(campaign, ada)) == ["MessagePlanned", "MessageHandedOff", "MessageSent"]
    (mail,) = post_office.mails
    assert (mail["To"], mail["From"], mail["Subject"]) == ("ada@x.example", "news@shop.example", "Ada, news")
    assert log.get(campaigns, campaign).state.status == "completed"
    assert not log.get(campaigns, campaign).state.stopped


def test_a_mail_is_caused_by_what_planned_it_and_stands_under_email(launch: Launch, people: Any, log: EventLog) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = launch()
    planned, handed, sent = log.stream(message_stream(campaign, ada))
    assert (handed.causation_id, handed.actor, handed.channel) == (planned.event_id, "policy:sending", "email")
    assert all(each.contact_ids == (ada,) for each in (planned, handed, sent))


def test_m1_each_recipient_who_does_not_get_it_has_a_reason(
    launch: Launch, people: Any, post_office: Any, log: EventLog
) -> None:
    never = people.register("Never asked", "never@x.example", agrees=False)
    gone = people.register("Withdrew", "gone@x.example")
    people.withdraw(gone)
    mute = people.register("No address")
    nobody = people.register("Nobody", "noreply@x.example")
    campaign = launch()
    reasons = {each: reason_of(log, campaign, each) for each in (never, gone, mute, nobody)}
    assert reasons == {never: "no consent", gone: "no consent", mute: "address invalid", nobody: "address invalid"}
    assert post_office.mails == []


def test_m1_the_decision_is_made_when_it_is_sent_not_when_it_is_planned(
    plan: Launch, client: TestClient, worker: Any, people: Any, post_office: Any, log: EventLog
) -> None:
    ada, bob = people.register("Ada", "ada@x.example"), people.register("Bob", "bob@x.example")
    cyd, dan = people.register("Cyd", "cyd@x.example"), people.register("Dan", "dan@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    worker.only("planning")
    people.withdraw(ada)
    people.tell(bob, ContactErased())
    people.tell(cyd, ContactEmailAdded(email="new@x.example"), ContactEmailRemoved(email="cyd@x.example"))
    people.tell(dan, ContactEmailAdded(email="dan@y.example"), ContactPrimaryEmailChanged(email="dan@y.example"))
    worker.work()
    assert reason_of(log, campaign, ada) == "no consent"
    assert reason_of(log, campaign, bob) == "contact erased"
    assert reason_of(log, campaign, cyd) == "address invalid"
    assert [each["To"] for each in post_office.mails] == ["dan@x.example"]


def test_m1_a_stopped_campaign_sends_nothing_more(
    plan: Launch, client: TestClient, worker: Any, people: Any, post_office: Any, log: EventLog
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    worker.only("planning")
    client.post(f"/campaigns/{campaign}/complete").raise_for_status()
    worker.work()
    assert reason_of(log, campaign, ada) == "campaign over"
    assert post_office.mails == []


def test_m2_a_copy_that_stays_behind_fails_closed_and_says_so(
    plan: Launch, client: TestClient, worker: Any, people: Any, post_office: Any, log: EventLog
) -> None:
    ada = people.register("Ada", "ada@x.example")
    now = 0.0
    behind = ContactsCopy(lambda: {0: Mark(0, 0, 9)}, lambda: [{0: Mark(0, 0, 8)}], lambda: now)
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    worker.start_again(Sender(lambda _: behind))
    with pytest.raises(CopyBehind):
        worker.work()
    now = 61.0
    with pytest.raises(CopyBehind):  # nobody had asked for a minute: patience begins anew
        worker.work()
    now = 110.0
    with pytest.raises(CopyBehind):
        worker.work()
    now = 122.0
    worker.work()
    assert reason_of(log, campaign, ada) == "consent not current"
    assert post_office.mails == []


def test_a_mail_server_that_is_away_holds_mails_up_and_loses_none(
    plan: Launch, client: TestClient, worker: Any, people: Any, post_office: Any, types_of: Types
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    post_office.close()
    with pytest.raises(MailServerAway):
        worker.work()
    assert types_of(message_stream(campaign, ada)) == ["MessagePlanned"]
    post_office.open()
    worker.work()
    assert types_of(message_stream(campaign, ada)) == ["MessagePlanned", "MessageHandedOff", "MessageSent"]


@pytest.mark.parametrize(
    ("who", "reply", "reason", "code"),
    [
        ("ada@x.example", "550 No such user", "recipient refused", 550),
        ("ada@x.example", "450 Later", "refused for now", 450),
        ("DATA", "554 Spam", "message refused", 554),
    ],
)
def test_what_the_mail_server_refuses_has_failed_and_the_others_go_on(  # noqa: PLR0913
    who: str, reply: str, reason: str, code: int, launch: Launch, people: Any, post_office: Any, log: EventLog
) -> None:
    ada = people.register("Ada", "ada@x.example")
    post_office.answers[who] = reply
    first = launch()
    fact = log.stream(message_stream(first, ada))[-1].fact
    assert fact == MessageFailed(campaign=first, reason=reason, code=code)  # type: ignore[arg-type]
    post_office.answers.clear()
    second = launch()
    assert log.stream(message_stream(second, ada))[-1].fact == MessageSent(campaign=second)


def test_a_batch_goes_over_one_connection(launch: Launch, people: Any, post_office: Any) -> None:
    for number in range(5):
        people.register(f"P {number}", f"p{number}@x.example")
    launch()
    assert (len(post_office.mails), post_office.connections) == (5, 1)


def test_who_is_erased_at_the_last_moment_gets_nothing(
    plan: Launch, client: TestClient, worker: Any, people: Any, post_office: Any, keys: Any, log: EventLog
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    worker.only("planning")
    keys.destroy(ada)  # contacts has erased them, and it is not known here yet
    worker.work()
    assert reason_of(log, campaign, ada) in ("contact erased", "address invalid")
    assert post_office.mails == []


def test_m2_who_said_something_that_could_not_be_taken_in_gets_nothing(
    launch: Launch, people: Any, post_office: Any, db: Database, log: EventLog
) -> None:
    ada = people.register("Ada", "ada@x.example")
    with db.connection() as connection:
        connection.execute("UPDATE applied SET blocked = true WHERE stream = %s", (uuid5(ada, "marketing"),))
    assert reason_of(log, launch(), ada) == "consent not current"
    assert post_office.mails == []


def test_nothing_of_a_person_is_recorded_in_clear(launch: Launch, people: Any, log: EventLog) -> None:
    ada = people.register("Ada Lovelace", "ada@x.example")
    launch(subject="{name}, news")
    facts = [each for each in log.read(None, 100) if ada in each.contact_ids]
    assert len(facts) == 3
    assert not any(each in fact.value for fact in facts for each in (b"Ada", b"Lovelace", b"x.example"))
