"""Planning and sending as the projector runs them: batch by batch over the real log, with saved places."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from crm.campaigns.campaign import campaigns, plan, start
from crm.campaigns.funnel import funnel_of
from crm.campaigns.service import service
from crm.chassis.database import Database
from crm.chassis.log import Context, EventLog, PostgresStore
from crm.chassis.projection import Feed, Follower, OwnLoop, Subscriber, prepare
from crm.chassis.runtime import Runtime
from crm.events.campaigns import Audience

WHAT: dict[str, Any] = {
    "name": "Spring",
    "subject": "{first_name}, news",
    "text": "Dear {name}, see https://shop.example/new",
    "purpose": "marketing",
    "audience": Audience(),
}


@pytest.fixture
def log(db: Database, keys: Any) -> EventLog:
    return service.log(PostgresStore(db), keys)


@pytest.fixture
def turn(db: Database, log: EventLog, runtime: Runtime, worker: Any, views: Any) -> Iterator[Callable[[], bool]]:
    """One turn of the loop over the own log, for views and policies alike."""
    policies = [Follower(each.name, each.types, partial(each.answer, runtime=runtime)) for each in worker.policies]
    with db.connection() as connection:
        prepare(connection, policies)
    own: list[Subscriber] = [each for each in service.views if "campaigns" in each.services]
    feeds = [Feed(db, each, "campaigns", log.keys) for each in [*own, *policies]]
    yield OwnLoop(log, feeds).turn


def launched(log: EventLog) -> UUID:
    campaign, do = uuid4(), log.commands(Context("user:kim"))
    do(campaigns, campaign, partial(plan, **WHAT))
    do(campaigns, campaign, start)
    return campaign


def test_a_campaign_runs_from_its_start_to_its_end(
    turn: Callable[[], bool], people: Any, log: EventLog, db: Database, post_office: Any
) -> None:
    for number in range(9):
        people.register(f"P {number}", f"p{number}@x.example", agrees=number != 4)
    campaign = launched(log)
    while turn():
        continue
    funnel = funnel_of(db, campaign)
    assert (funnel.planned, funnel.sent, funnel.suppressed_by_reason) == (9, 8, {"no consent": 1})
    assert len({each["To"] for each in post_office.mails}) == len(post_office.mails) == 8
    assert log.get(campaigns, campaign).state.status == "completed"


def test_a_mail_server_that_is_away_stops_neither_planning_nor_the_views(
    turn: Callable[[], bool], people: Any, log: EventLog, db: Database, post_office: Any
) -> None:
    for number in range(5):
        people.register(f"P {number}", f"p{number}@x.example")
    campaign = launched(log)
    post_office.close()
    while turn():
        continue
    assert (funnel_of(db, campaign).planned, funnel_of(db, campaign).handed_off) == (5, 0)
