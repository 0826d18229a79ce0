"""What readers of mails do: clicking and unsubscribing, without a token of ours."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.campaigns.message import message_stream
from crm.campaigns.suppression import suppression_streams
from crm.chassis.log import EventLog
from crm.events.campaigns import AddressSuppressed, LinkClicked, MessageSuppressed, Unsubscribed
from crm.events.contacts import ContactErased

Launch = Callable[..., UUID]
Types = Callable[[UUID], list[str]]
OURS = "https://mail.shop.example"
SENT = ["MessagePlanned", "MessageHandedOff", "MessageSent"]


class Mailbox:
    """Ada's mailbox: what came, and where the links in it lead."""

    def __init__(self, post_office: Any, public: TestClient) -> None:
        self._post_office, self._public = post_office, public

    def links(self, mail: int = -1) -> list[str]:
        return re.findall(rf"{OURS}(/r/[\w-]+)", self._post_office.texts()[mail])

    def way_out(self, mail: int = -1) -> str:
        return str(self._post_office.mails[mail]["List-Unsubscribe"].strip("<>").removeprefix(OURS))


@pytest.fixture
def mailbox(post_office: Any, public: TestClient) -> Mailbox:
    return Mailbox(post_office, public)


@pytest.fixture
def ada(people: Any) -> UUID:
    return UUID(str(people.register("Ada", "ada@x.example")))


def last(log: EventLog, campaign: UUID, contact: UUID) -> Any:
    return log.stream(message_stream(campaign, contact))[-1]


def test_a_click_leads_on_and_every_one_is_a_fact(
    launch: Launch, ada: UUID, mailbox: Mailbox, public: TestClient, log: EventLog
) -> None:
    campaign = launch(text="https://shop.example/a?x=1 https://shop.example/b")
    first, second = mailbox.links()
    answer = public.get(first)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://shop.example/a?x=1")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    public.get(second)
    facts = [e.fact for e in log.stream(message_stream(campaign, ada))][3:]
    assert facts == [
        LinkClicked(campaign=campaign, link=1, url="https://shop.example/a?x=1"),
        LinkClicked(campaign=campaign, link=2, url="https://shop.example/b", again=True),
    ]
    e = last(log, campaign, ada)
    assert (e.actor, e.channel, e.contact_ids) == (f"contact:{ada}", "web", (ada,))


def test_m12_who_only_looks_where_a_link_leads_has_not_clicked(
    launch: Launch, ada: UUID, mailbox: Mailbox, public: TestClient, types_of: Types
) -> None:
    campaign = launch()
    answer = public.head(mailbox.links()[0])
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://shop.example/new")
    assert types_of(message_stream(campaign, ada)) == SENT


@pytest.mark.parametrize("path", ["/r", "/unsubscribe"])
@pytest.mark.parametrize("token", ["nonsense", "A" * 46, "ü", "%20"])
def test_a_wrong_link_says_so_to_people(path: str, token: str, public: TestClient) -> None:
    answers = [public.get(f"{path}/{token}")]
    answers += [public.head(f"{path}/{token}")] if path == "/r" else [public.post(f"{path}/{token}")]
    for answer in answers:
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1>This link does not work</h1>" in answers[0].text


def test_a_token_for_one_thing_does_not_do_another(
    launch: Launch, ada: UUID, mailbox: Mailbox, public: TestClient, types_of: Types
) -> None:
    campaign = launch()
    click, way_out = mailbox.links()[0].removeprefix("/r/"), mailbox.way_out().removeprefix("/unsubscribe/")
    assert public.post(f"/unsubscribe/{click}").status_code == 404
    assert public.get(f"/r/{way_out}").status_code == 404
    assert types_of(message_stream(campaign, ada)) == SENT


def test_m4_looking_at_the_page_does_nothing(
    launch: Launch, ada: UUID, mailbox: Mailbox, public: TestClient, types_of: Types
) -> None:
    campaign = launch()
    answer = public.get(mailbox.way_out())
    assert answer.status_code == 200
    assert '<html lang="en">' in answer.text
    assert '<form method="post"><button type="submit">' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not any(each in answer.text for each in ("ada", "Ada", str(ada), "<script"))
    assert types_of(message_stream(campaign, ada)) == SENT


@pytest.mark.parametrize(
    ("body", "method"), [({"List-Unsubscribe": "One-Click"}, "one-click"), ({}, "page"), (None, "page")]
)
def test_m4_a_post_unsubscribes_once_and_says_so(  # noqa: PLR0913
    body: Any, method: Any, launch: Launch, ada: UUID, mailbox: Mailbox, public: TestClient, log: EventLog
) -> None:
    campaign = launch()
    for _ in range(2):
        answer = public.post(mailbox.way_out(), data=body)
        assert (answer.status_code, "You are unsubscribed" in answer.text) == (200, True)
    facts = [e.fact for e in log.stream(message_stream(campaign, ada))][3:]
    assert facts == [Unsubscribed(contact=ada, campaign=campaign, purpose="marketing", method=method)]
    suppression = log.stream(suppression_streams(log.keys, "ada@x.example")[0])
    assert [e.fact for e in suppression] == [AddressSuppressed(contact=ada, purpose="marketing", reason="unsubscribed")]
    assert suppression[0].contact_ids == (ada,)


def test_rfc_8058_a_mail_program_may_send_the_form_in_parts(
    launch: Launch, ada: UUID, mailbox: Mailbox, public: TestClient, log: EventLog
) -> None:
    campaign = launch()
    assert public.post(mailbox.way_out(), files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
    assert last(log, campaign, ada).fact.method == "one-click"


def test_m4_it_is_in_effect_at_once_for_messages_that_wait(  # noqa: PLR0913
    launch: Launch,
    plan: Launch,
    client: TestClient,
    worker: Any,
    ada: UUID,
    mailbox: Mailbox,
    public: TestClient,
    post_office: Any,
    log: EventLog,
) -> None:
    launch()
    waiting = plan()
    client.post(f"/campaigns/{waiting}/start").raise_for_status()
    worker.only("planning")
    public.post(mailbox.way_out())  # contacts has heard nothing of it yet: the consent still stands
    worker.work()
    assert last(log, waiting, ada).fact == MessageSuppressed(campaign=waiting, reason="suppressed")
    assert len(post_office.mails) == 1


def test_m4_what_was_not_unsubscribed_from_goes_on(
    launch: Launch, people: Any, ada: UUID, mailbox: Mailbox, public: TestClient, post_office: Any
) -> None:
    people.agree(ada, "survey")
    launch()
    public.post(mailbox.way_out())
    launch(purpose="survey")
    assert len(post_office.mails) == 2


def test_c7_the_suppression_follows_the_address(
    launch: Launch, people: Any, keys: Any, ada: UUID, mailbox: Mailbox, public: TestClient, log: EventLog
) -> None:
    launch()
    public.post(mailbox.way_out())
    people.tell(ada, ContactErased())
    again = people.register("Ada again", "ADA@x.example", agrees=False)
    reason = last(log, launch(), again).fact.reason
    assert reason == "suppressed"


def test_who_agrees_anew_gets_mails_again_and_the_old_link_still_ends_it(  # noqa: PLR0913
    launch: Launch,
    people: Any,
    ada: UUID,
    mailbox: Mailbox,
    public: TestClient,
    post_office: Any,
    log: EventLog,
    agree_now: Callable[[UUID], None],
) -> None:
    first = launch()
    way_out = mailbox.way_out()
    public.post(way_out)
    people.withdraw(ada)
    agree_now(ada)
    second = launch()
    assert type(last(log, second, ada).fact).__name__ == "MessageSent"
    public.post(way_out)
    assert type(last(log, first, ada).fact).__name__ == "Unsubscribed"
    assert last(log, launch(), ada).fact.reason == "suppressed"


def test_c13_of_an_erased_person_nothing_is_recorded_and_their_links_still_work(  # noqa: PLR0913
    launch: Launch, people: Any, keys: Any, ada: UUID, mailbox: Mailbox, public: TestClient, types_of: Types
) -> None:
    campaign = launch()
    people.tell(ada, ContactErased())
    keys.destroy(ada)
    assert public.get(mailbox.links()[0]).status_code == 302
    assert public.post(mailbox.way_out()).status_code == 200
    assert types_of(message_stream(campaign, ada)) == SENT
