"""Who asked for mails is asked whether they meant it: once, whatever they said of marketing (M3, M6, M15)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from crm.campaigns.confirming import KIND, Confirmer
from crm.campaigns.mail_server import MailServer, MailServerAway
from crm.campaigns.notice import notice_stream
from crm.campaigns.sending import NoPublicAddress
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog
from crm.chassis.people.links import AskedFor, read_confirmation
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.chassis.testing.views import recorded
from crm.events import Fact, Recorded
from crm.events.consents import ConsentRequested
from crm.events.notices import NoticeFailed, NoticeHandedOff, NoticePlanned, NoticeSent, NoticeSuppressed, NoticeUnknown

ADA = uuid4()
Answer = Callable[..., list[Fact]]


def requested(address: str | None = "ada@x.example", *, expires_at: datetime | None = None) -> Recorded[Fact]:
    fact = ConsentRequested(
        contact=ADA,
        channel="email",
        purpose="product-news",
        wording_version="3",
        source="form",
        expires_at=expires_at or datetime.now(UTC) + timedelta(days=7),
        address=address,
    )
    return recorded(uuid4(), fact, 4, contact_ids=(ADA,))


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def answer(runtime: Runtime, log: EventLog) -> Answer:
    """A new process answers to a fact; what was recorded about it in all."""

    def answer(e: Recorded[Fact], confirmer: Confirmer | None = None, of: Runtime = runtime) -> list[Fact]:
        policy = Policy("confirming")
        fast = Confirmer(lambda address: MailServer(address, answer_within_s=5))
        policy.whenever(ConsentRequested)((confirmer or fast).ask)
        policy.answer(e, of)
        return [each.fact for each in log.stream(notice_stream(KIND, e.event_id))]

    return answer


def test_m3_the_mail_holds_the_link_that_confirms(answer: Answer, post_office: Any, keys: MemoryKeys) -> None:
    e = requested()
    planned, handed, sent = answer(e)
    assert planned == NoticePlanned(contact=ADA, kind=KIND, cause=e.event_id, address="ada@x.example")
    assert isinstance(handed, NoticeHandedOff)
    assert sent == NoticeSent()
    (mail,) = post_office.mails
    assert (mail["To"], mail["Subject"], mail["Auto-Submitted"]) == ("ada@x.example", handed.subject, "auto-generated")
    (link,) = [each for each in post_office.texts()[0].split() if each.startswith("https://")]
    assert link.startswith("https://contacts.shop.example/confirm/")
    assert read_confirmation(keys, link.rpartition("/")[2]) == AskedFor(e.stream, 4)
    assert "product news" in post_office.texts()[0]


def test_m6_it_is_in_the_history_of_the_contact_under_email(answer: Answer, log: EventLog) -> None:
    e = requested()
    answer(e)
    facts = log.stream(notice_stream(KIND, e.event_id))
    assert {(each.contact_ids, each.channel, each.causation_id) for each in facts} == {((ADA,), "email", e.event_id)}
    sealed = [each.value for each in log.read(None, 100)]
    assert not any(b"x.example" in each for each in sealed)


def test_m6_it_needs_no_consent_and_heeds_no_withdrawal(answer: Answer, people: Any, post_office: Any) -> None:
    people.withdraw(ADA, "product-news")
    assert answer(requested())[-1] == NoticeSent()
    assert len(post_office.mails) == 1


def test_m15_however_often_it_is_answered_one_mail_is_sent(answer: Answer, post_office: Any) -> None:
    e = requested()
    assert answer(e) == answer(e)
    assert len(post_office.mails) == 1


def test_m15_after_a_kill_between_hand_off_and_answer_nobody_knows_and_nothing_is_repeated(
    answer: Answer, post_office: Any
) -> None:
    class Dying(MailServer):
        def send(self, mail: Any) -> None:
            super().send(mail)
            raise Killed

    e = requested()
    with pytest.raises(Killed):
        answer(e, Confirmer(Dying))
    assert [type(each) for each in answer(e)] == [NoticePlanned, NoticeHandedOff, NoticeUnknown]
    assert answer(e)[-1] == NoticeUnknown()
    assert len(post_office.mails) == 1


def test_a_mail_server_that_is_away_is_waited_for(answer: Answer, post_office: Any) -> None:
    e = requested()
    post_office.close()
    with pytest.raises(MailServerAway):
        answer(e)
    post_office.open()
    assert answer(e)[-1] == NoticeSent()


def test_a_refusal_is_recorded(answer: Answer, post_office: Any) -> None:
    post_office.answers["ada@x.example"] = "550 no such mailbox"
    assert answer(requested())[-1] == NoticeFailed(reason="recipient refused", code=550)


@pytest.mark.parametrize(
    ("e", "reason"),
    [
        (requested(expires_at=datetime(2026, 1, 1, tzinfo=UTC)), "too late"),
        (requested(None), "address invalid"),
        (requested("noreply@x.example"), "address invalid"),
    ],
)
def test_what_would_lead_nowhere_is_not_sent(answer: Answer, post_office: Any, e: Recorded[Fact], reason: str) -> None:
    assert answer(e)[1:] == [NoticeSuppressed(reason=reason)]
    assert post_office.mails == []


def test_c13_who_was_erased_is_not_asked(answer: Answer, post_office: Any, keys: MemoryKeys) -> None:
    keys.destroy(ADA)
    assert answer(requested()) == []
    assert post_office.mails == []


def test_c13_who_is_erased_at_the_last_moment_is_not_asked(answer: Answer, post_office: Any, keys: MemoryKeys) -> None:
    class Slow(MailServer):
        def be_ready(self) -> None:
            super().be_ready()
            keys.destroy(ADA)

    assert answer(requested(), Confirmer(Slow))[-1] == NoticeSuppressed(reason="contact erased")
    assert post_office.mails == []


def test_without_knowing_where_contacts_is_reached_nothing_is_sent(
    answer: Answer, runtime: Runtime, post_office: Any
) -> None:
    lost = replace(runtime, settings=runtime.settings.model_copy(update={"contacts_url": ""}))
    with pytest.raises(NoPublicAddress, match="RAPPORT_CONTACTS_URL"):
        answer(requested(), of=cast(Runtime, lost))
    assert post_office.mails == []


def test_every_request_is_asked_about_by_itself() -> None:
    assert notice_stream(KIND, f"{UUID(int=1)}:1") != notice_stream(KIND, f"{UUID(int=1)}:3")
