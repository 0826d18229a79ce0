"""Campaigns that run: with policies, and a real mail server that counts what it gets."""

from asyncio import WriteTransport
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID, uuid5

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi.testclient import TestClient

from crm.campaigns.freshness import ContactsCopy
from crm.campaigns.mail_server import MailServer
from crm.campaigns.planning import Planner
from crm.campaigns.sending import Sender
from crm.chassis.embedded.process import free_port
from crm.chassis.http import Api, create_app
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.events import Position, wire
from crm.events.campaigns import AudienceResolved, CampaignStarted, MessagePlanned, RecipientsPlanned
from crm.events.consents import ConsentGranted


class PostOffice:
    """A mail server that counts what it got. `answers` are replies by recipient, `silent` makes it fall silent."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.connections = 0
        self.answers: dict[str, str] = {}
        self.silent = False
        self._controller: Controller | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def open(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True)
        self._controller.start()

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def texts(self) -> list[str]:
        """What the mails say."""
        return [str(each.get_content()).replace("\r\n", "\n") for each in self.mails]

    def to(self, recipient: str) -> list[EmailMessage]:
        return [each for each in self.mails if each["To"] == recipient]

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get(address, "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        if self.silent:
            assert isinstance(server.transport, WriteTransport)
            server.transport.abort()
        return self.answers.get("DATA", "250 OK")


class Worker:
    """The policies of campaigns, one fact after the other, as the projector role runs them; may be killed anywhere."""

    def __init__(self, runtime: Runtime, views: Any, planner: Planner | None = None) -> None:
        self.runtime, self._views, self._planner = runtime, views, planner
        self._done: dict[str, Position | None] = {"planning": None, "sending": None}
        self.start_again()

    def start_again(self, sender: Sender | None = None) -> None:
        """A new process takes over where the last one saved its place."""
        planner = self._planner or Planner(lambda _: a_copy(), step=2)
        self.sender = sender or Sender(lambda _: a_copy(), lambda address: MailServer(address, answer_within_s=5))
        planning, sending = Policy("planning"), Policy("sending")
        planning.whenever(CampaignStarted)(planner.begin)
        planning.whenever(RecipientsPlanned)(planner.go_on)
        sending.whenever(MessagePlanned)(self.sender.deliver)
        sending.whenever(AudienceResolved)(self.sender.conclude)
        self.policies = (planning, sending)

    def work(self) -> None:
        """Answers to every fact there is, and to those that follow from them; then shows all in the views."""
        while sum(self._follow(each) for each in self.policies):
            continue
        self._views.catch_up()

    def only(self, name: str) -> None:
        """As `work`, for one of the policies."""
        while sum(self._follow(each) for each in self.policies if each.name == name):
            continue

    def forget_place(self) -> None:
        """As if no place had been saved: every fact comes again."""
        self._done = dict.fromkeys(self._done)

    def _follow(self, policy: Policy) -> int:
        log = self.runtime.log
        facts = log.read(self._done[policy.name], 10_000)
        for sealed in facts:
            self.died_at = sealed.stream
            policy.answer(wire.open_fact(sealed, log.keys.unseal), self.runtime)
            self._done[policy.name] = sealed.position
        return len(facts)


def a_copy() -> ContactsCopy:
    """A copy of contacts that lacks nothing."""
    return ContactsCopy(dict, list)


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    office = PostOffice()
    office.open()
    yield office
    office.close()


@pytest.fixture
def settings(settings: Settings, post_office: PostOffice) -> Settings:
    """The same, with a mail server."""
    return settings.model_copy(update={"smtp": post_office.address})


@pytest.fixture
def make_worker(runtime: Runtime, views: Any) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(planner: Planner | None = None) -> Worker:
        made.append(Worker(runtime, views, planner))
        return made[-1]

    yield make
    for worker in made:
        worker.sender.close()


@pytest.fixture
def worker(make_worker: Callable[..., Worker]) -> Worker:
    return make_worker()


@pytest.fixture
def agree_now(people: Any) -> Callable[[UUID], None]:
    """Lets somebody agree at this moment; facts of tests otherwise happened long ago."""

    def agree(contact: UUID) -> None:
        fact = ConsentGranted(contact=contact, channel="email", purpose="marketing", wording_version="2", source="form")
        people.tell(uuid5(contact, "marketing"), fact, subject=contact, occurred_at=datetime.now(UTC))

    return agree


@pytest.fixture
def public(api: Api) -> Iterator[TestClient]:
    """Somebody without a token, such as the reader of a mail."""
    with TestClient(create_app(api), follow_redirects=False) as client:
        yield client


@pytest.fixture
def launch(client: TestClient, plan: Callable[..., UUID], worker: Worker) -> Callable[..., UUID]:
    """Plans and starts a campaign, and lets everything happen that follows."""

    def launch(**more: Any) -> UUID:
        campaign = plan(**more)
        client.post(f"/campaigns/{campaign}/start").raise_for_status()
        worker.work()
        return campaign

    return launch
