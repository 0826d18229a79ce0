"""A topic that is not what it was: the relay says so and waits for a person, and nothing is papered over."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from crm.chassis.kafka import declare_topic
from crm.chassis.relay import republish

Wait = Callable[..., None]


def delete_topic(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([topic])[topic].result(10)


def test_a_recreated_topic_stops_it_until_a_person_has_it_published_again(stage: Any, wait: Wait) -> None:
    streams = [uuid4() for _ in range(5)]
    stage.log.append(*streams)
    first = stage.start()
    wait(lambda: stage.caught_up(first.status))
    stage.stop()
    delete_topic(stage.bootstrap, stage.topic)
    declare_topic(stage.bootstrap, stage.service, 3)
    stage.log.append(*streams)
    relay = stage.start()
    wait(lambda: relay.status.needs_a_person, "noticing")
    assert not relay.status.is_healthy
    assert f"rapport republish {stage.service}" in (relay.status.error or "")
    assert relay.status.lag_s > 0
    assert stage.sent() == []
    given_up = republish(stage.service, stage.dsn, stage.bootstrap, actor="user:ops", reason="recreated", partitions=3)
    assert given_up is not None
    assert given_up == first.status.position
    wait(lambda: stage.caught_up(relay.status), "publishing again")
    assert stage.check() == 0
    assert (relay.status.published, relay.status.republished) == (10, 5)
    wait(lambda: relay.status.is_healthy and relay.status.error is None)
    with psycopg.connect(stage.dsn) as connection:
        audit = connection.execute("SELECT actor, reason, from_tx, old_topic_id <> new_topic_id FROM relay_audit")
        assert audit.fetchall() == [("user:ops", "recreated", given_up.tx, True)]


def test_a_recreated_topic_that_is_long_enough_is_told_by_its_id(stage: Any, wait: Wait) -> None:
    stage.log.append(uuid4())
    first = stage.start()
    wait(lambda: stage.caught_up(first.status))
    stage.stop()
    delete_topic(stage.bootstrap, stage.topic)
    declare_topic(stage.bootstrap, stage.service, 3)
    stranger = Producer({"bootstrap.servers": stage.bootstrap})
    for partition in range(3):
        stranger.produce(stage.topic, b"?", partition=partition)
    assert stranger.flush(10) == 0
    relay = stage.start()
    wait(lambda: relay.status.needs_a_person, "noticing")
    assert "was deleted and created anew" in (relay.status.error or "")


def test_a_topic_recreated_while_it_runs_is_noticed_by_the_offsets(stage: Any, wait: Wait) -> None:
    streams = [uuid4() for _ in range(30)]
    for _ in range(20):
        stage.log.append(*streams)
    relay = stage.start()
    wait(lambda: stage.caught_up(relay.status))
    before = stage.saved()
    delete_topic(stage.bootstrap, stage.topic)
    declare_topic(stage.bootstrap, stage.service, 3)
    stage.log.append(*streams)
    wait(lambda: relay.status.needs_a_person, "noticing")
    assert "rapport republish" in (relay.status.error or "")
    assert stage.saved() == before


def test_a_topic_that_is_gone_is_not_made_again_silently(stage: Any, wait: Wait) -> None:
    stage.log.append(uuid4())
    first = stage.start()
    wait(lambda: stage.caught_up(first.status))
    stage.stop()
    delete_topic(stage.bootstrap, stage.topic)
    relay = stage.start()
    wait(lambda: relay.status.needs_a_person, "noticing")
    assert "is gone" in (relay.status.error or "")
    assert stage.sent() == []


def test_a_topic_that_lost_its_tail_is_noticed(stage: Any, wait: Wait) -> None:
    stage.log.append(uuid4())
    first = stage.start()
    wait(lambda: stage.caught_up(first.status))
    stage.stop()
    with psycopg.connect(stage.dsn, autocommit=True) as connection:
        connection.execute("""UPDATE relay_position SET acked_offsets = '{"0": 100, "1": 100, "2": 100}'""")
    relay = stage.start()
    wait(lambda: relay.status.needs_a_person, "noticing")
    assert "offset 100 was acknowledged" in (relay.status.error or "")


def test_another_number_of_partitions_is_refused(stage: Any, wait: Wait) -> None:
    stage.log.append(uuid4())
    first = stage.start()
    wait(lambda: stage.caught_up(first.status))
    stage.stop()
    admin = AdminClient({"bootstrap.servers": stage.bootstrap})
    admin.create_partitions([NewPartitions(stage.topic, 5)])[stage.topic].result(10)
    stage.log.append(uuid4())
    relay = stage.start()
    wait(lambda: relay.status.needs_a_person, "noticing")
    assert "has 5 partitions and had 3 at the first start" in (relay.status.error or "")
    assert len(stage.sent()) == 1


def test_a_relay_that_needs_a_person_tries_again_by_itself(stage: Any, wait: Wait) -> None:
    declare_topic(stage.bootstrap, stage.service, 5)
    relay = stage.start()
    wait(lambda: relay.status.needs_a_person)
    with psycopg.connect(stage.dsn) as connection:
        before = connection.execute("SELECT epoch FROM relay_position").fetchone()
        wait(lambda: connection.execute("SELECT epoch FROM relay_position").fetchone() != before, "trying again")
        connection.commit()
    assert "RAPPORT_PARTITIONS to 5" in (relay.status.error or "")
