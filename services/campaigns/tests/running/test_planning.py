"""Planning: everybody in the audience gets one message planned, wherever it is killed and taken up."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.campaigns.freshness import ContactsCopy, CopyBehind
from crm.campaigns.message import message_stream
from crm.campaigns.planning import Planner
from crm.campaigns.resolution import resolution_stream, resolutions
from crm.chassis.log import EventLog, MemoryStore
from crm.chassis.projection import Mark
from crm.events.campaigns import AudienceResolved, MessagePlanned, RecipientsPlanned
from crm.events.contacts import ContactIdentified, ContactPrimaryEmailChanged
from crm.events.merging import ContactAbsorbed, ContactsMerged

Launch = Callable[..., UUID]


def planned(log: EventLog, campaign: UUID, contacts: list[UUID]) -> list[UUID]:
    return [each for each in contacts if log.stream(message_stream(campaign, each))]


def test_an_audience_is_planned_step_by_step(launch: Launch, people: Any, log: EventLog) -> None:
    everybody = sorted(people.register(f"P {n}", f"p{n}@x.example") for n in range(5))
    campaign = launch()
    assert [e.fact for e in log.stream(resolution_stream(campaign))] == [
        RecipientsPlanned(campaign=campaign, messages=2, through=everybody[1]),
        RecipientsPlanned(campaign=campaign, messages=2, through=everybody[3]),
        RecipientsPlanned(campaign=campaign, messages=1, through=everybody[4]),
        AudienceResolved(campaign=campaign, messages=5),
    ]
    first = log.stream(message_stream(campaign, everybody[0]))[0]
    assert (first.actor, first.channel, first.contact_ids) == ("policy:planning", "email", (everybody[0],))


def test_the_primary_address_is_taken(launch: Launch, people: Any, log: EventLog) -> None:
    ada = people.register("Ada", "old@x.example", "new@x.example")
    people.tell(ada, ContactPrimaryEmailChanged(email="new@x.example"))
    campaign = launch()
    assert log.stream(message_stream(campaign, ada))[0].fact == MessagePlanned(
        campaign=campaign, contact=ada, address="new@x.example"
    )


@pytest.mark.parametrize("step", range(1, 5))
def test_killed_at_any_step_it_goes_on_and_plans_nobody_twice(
    step: int, plan: Launch, client: TestClient, worker: Any, people: Any, log: EventLog, monkeypatch: Any
) -> None:
    everybody = [people.register(f"P {n}", f"p{n}@x.example") for n in range(5)]
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    append, calls = MemoryStore.append, 0

    def die(store: MemoryStore, what: Any) -> None:
        nonlocal calls
        calls += 1
        append(store, what)
        if calls == step:
            raise SystemExit

    monkeypatch.setattr(MemoryStore, "append", die)
    with pytest.raises(SystemExit):
        worker.only("planning")
    monkeypatch.undo()
    worker.start_again()
    worker.forget_place()
    worker.only("planning")
    assert planned(log, campaign, everybody) == everybody
    assert all(len(log.stream(message_stream(campaign, each))) == 1 for each in everybody)
    assert log.get(resolutions, resolution_stream(campaign)).state.messages == 5


def test_who_was_erased_and_is_still_in_the_copy_is_left_out(
    launch: Launch, people: Any, keys: Any, log: EventLog
) -> None:
    everybody = [people.register(f"P {n}", f"p{n}@x.example") for n in range(4)]
    keys.destroy(everybody[1])
    campaign = launch()
    assert planned(log, campaign, everybody) == [each for each in everybody if each != everybody[1]]
    assert log.get(resolutions, resolution_stream(campaign)).state.messages == 3


def test_a_stopped_campaign_is_planned_no_further(
    plan: Launch, client: TestClient, worker: Any, people: Any, log: EventLog
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    client.post(f"/campaigns/{campaign}/complete").raise_for_status()
    worker.work()
    assert planned(log, campaign, [ada]) == []


def test_a_start_waits_until_the_copy_holds_what_was_told_before(
    plan: Launch, client: TestClient, runtime: Any, views: Any, people: Any, log: EventLog, make_worker: Any
) -> None:
    ada = people.register("Ada", "ada@x.example")
    seen = 8
    copy = ContactsCopy(lambda: {0: Mark(0, 0, 9)}, lambda: [{0: Mark(0, 0, seen)}])
    worker = make_worker(Planner(lambda _: copy))
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    with pytest.raises(CopyBehind):
        worker.only("planning")
    assert planned(log, campaign, [ada]) == []
    seen = 9
    worker.only("planning")
    assert planned(log, campaign, [ada]) == [ada]


def test_an_audience_is_whom_all_holds_of(launch: Launch, people: Any, log: EventLog) -> None:
    ada = people.register("Ada Lovelace", "ada@x.example", country="GB")
    bea = people.register("Bea Lovelace", "bea@x.example", country="DE", agrees=False)
    cyd = people.register("Cyd 100%", "cyd@x.example", country="DE")
    everybody = [ada, bea, cyd]
    cases: list[tuple[dict[str, Any], list[UUID]]] = [
        ({}, everybody),
        ({"country": "DE"}, [bea, cyd]),
        ({"name_contains": "LOVELACE"}, [ada, bea]),
        ({"name_contains": "0%"}, [cyd]),
        ({"name_contains": "_"}, []),
        ({"consent": "marketing"}, [ada, cyd]),
        ({"consent": "survey"}, []),
        ({"contacts": [str(bea), str(cyd)]}, [bea, cyd]),
        ({"contacts": [str(bea), str(cyd)], "country": "DE", "consent": "marketing"}, [cyd]),
    ]
    for audience, members in cases:
        assert planned(log, launch(audience=audience), everybody) == members, audience


def test_c8_a_person_meant_by_an_alias_is_in_the_audience_once(launch: Launch, people: Any, log: EventLog) -> None:
    ada = people.register("Ada", "ada@x.example", agrees=False)
    alias = UUID(int=77)
    people.tell(alias, ContactIdentified(holder=ada))
    people.agree(alias)
    campaign = launch(audience={"contacts": [str(alias), str(ada)], "consent": "marketing"})
    assert planned(log, campaign, [ada, alias]) == [ada]
    assert type(log.stream(message_stream(campaign, ada))[-1].fact).__name__ == "MessageSent"


def merge(people: Any, survivor: UUID, absorbed: UUID, **choices: UUID) -> UUID:
    merge_id = uuid4()
    people.tell(absorbed, ContactAbsorbed(merge_id=merge_id, survivor=survivor))
    fact = ContactsMerged(
        merge_id=merge_id, survivor=survivor, absorbed=[absorbed], stream_versions={}, field_choices=choices
    )
    people.tell(survivor, fact)
    return merge_id


def test_c8_a_merged_person_is_in_the_audience_once_by_what_any_id_is_known_by(
    launch: Launch, people: Any, log: EventLog
) -> None:
    ada = people.register("Ada", country="GB", agrees=False)
    bea = people.register("Bea", "bea@x.example", country="DE")
    merge(people, ada, bea)
    audiences: list[dict[str, str]] = [{}, {"country": "DE"}, {"name_contains": "bea"}, {"consent": "marketing"}]
    for audience in audiences:
        campaign = launch(audience=audience)
        assert planned(log, campaign, [ada, bea]) == [ada], audience
        facts = [type(each.fact).__name__ for each in log.stream(message_stream(campaign, ada))]
        assert facts[-1] == "MessageSent", audience


def test_c8_who_was_planned_under_two_ids_gets_one_mail(  # noqa: PLR0913
    plan: Launch, client: TestClient, people: Any, log: EventLog, worker: Any, post_office: Any
) -> None:
    ada = people.register("Ada", "ada@x.example")
    bea = people.register("Bea", "bea@x.example")
    campaign = plan()
    client.post(f"/campaigns/{campaign}/start").raise_for_status()
    worker.only("planning")
    assert len(planned(log, campaign, [ada, bea])) == 2
    merge(people, ada, bea)
    worker.work()
    assert len(post_office.mails) == 1
