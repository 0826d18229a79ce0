"""M15: whatever is killed or repeated, a mail is handed over at most once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.campaigns.campaign import campaigns
from crm.campaigns.mailer import Mailer
from crm.campaigns.message import message_stream
from crm.campaigns.sending import Sender
from crm.chassis.log import EventLog

Launch = Callable[..., UUID]
Types = Callable[[UUID], list[str]]


def test_m15_whatever_is_repeated_a_mail_is_sent_once(
    launch: Launch, people: Any, worker: Any, post_office: Any, types_of: Types
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = launch()
    worker.forget_place()
    worker.work()
    assert len(post_office.mails) == 1
    assert types_of(message_stream(campaign, ada))[-1] == "MessageSent"


class Killed(Mailer):
    """Hands mails over in a process that dies at one moment of it."""

    def __init__(self, moment: str, mailer: Mailer) -> None:
        super().__init__(mailer._course, mailer._server_at)
        self._moment = moment

    def be_ready(self, runtime: Any) -> None:
        super().be_ready(runtime)
        if self._moment == "before the hand-off":
            raise SystemExit

    def _hand_over(self, mail: Any) -> Any:
        if self._moment == "after the hand-off":
            raise SystemExit
        result = super()._hand_over(mail)
        if self._moment == "after the mail server took it":
            raise SystemExit
        return result

    def send(self, do: Any, stream: UUID, mail: Any) -> None:
        super().send(do, stream, mail)
        if self._moment == "after the result":
            raise SystemExit


def killed(moment: str, sender: Sender) -> Sender:
    """A sender whose process dies at one moment of sending."""
    other = Sender(sender._copy_of)
    other._mailer = Killed(moment, sender._mailer)
    return other


@pytest.mark.parametrize(
    ("moment", "mails", "last"),
    [
        ("before the hand-off", 1, "MessageSent"),
        ("after the hand-off", 0, "MessageUnknown"),
        ("after the mail server took it", 1, "MessageUnknown"),
        ("after the result", 1, "MessageSent"),
    ],
)
def test_m15_killed_at_any_moment_nothing_is_sent_twice(  # noqa: PLR0913
    moment: str,
    mails: int,
    last: str,
    plan: Launch,
    client: TestClient,
    worker: Any,
    people: Any,
    post_office: Any,
    types_of: Types,
    log: EventLog,
) -> None:
    ada, bob = people.register("Ada", "ada@x.example"), people.register("Bob", "bob@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    worker.only("planning")
    worker.start_again(killed(moment, worker.sender))
    with pytest.raises(SystemExit):
        worker.work()
    first = next(each for each in (ada, bob) if message_stream(campaign, each) == worker.died_at)
    other = bob if first == ada else ada
    worker.start_again()
    worker.work()
    worker.forget_place()
    worker.work()
    address = {ada: "ada@x.example", bob: "bob@x.example"}
    assert len(post_office.to(address[first])) == mails
    assert len(post_office.to(address[other])) == 1
    assert types_of(message_stream(campaign, first))[-1] == last
    assert types_of(message_stream(campaign, other))[-1] == "MessageSent"
    assert log.get(campaigns, campaign).state.status == "completed"


def test_m15_killed_while_deciding_an_unsubscription_meanwhile_does_not_hide_what_was_handed_off(
    plan: Launch, client: TestClient, worker: Any, people: Any, types_of: Types
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    worker.start_again(killed("after the mail server took it", worker.sender))
    with pytest.raises(SystemExit):
        worker.work()
    people.withdraw(ada)
    worker.start_again()
    worker.work()
    assert types_of(message_stream(campaign, ada)) == ["MessagePlanned", "MessageHandedOff", "MessageUnknown"]


def test_m15_no_answer_after_the_mail_is_unknown(
    launch: Launch, people: Any, post_office: Any, worker: Any, types_of: Types
) -> None:
    ada = people.register("Ada", "ada@x.example")
    post_office.silent = True
    campaign = launch()
    post_office.silent = False
    worker.forget_place()
    worker.work()
    assert types_of(message_stream(campaign, ada))[-1] == "MessageUnknown"
    assert len(post_office.mails) == 1
