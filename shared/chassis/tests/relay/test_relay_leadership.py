"""Two relays, one works; one that was stopped and wakes up changes nothing."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from crm.chassis.relay import Fenced, Leadership, Relay, republish
from crm.events import Position

Wait = Callable[..., None]


class Gate:
    """Holds whoever leads in one epoch between Kafka's acknowledgement and the saving of the position."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, epoch: int = 1) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.outcome: list[BaseException | None] = []
        save = Leadership.save

        def held(leader: Leadership, position: Position, acked: Mapping[int, int]) -> None:
            if leader.epoch != epoch:
                save(leader, position, acked)
                return
            self.reached.set()
            assert self.opened.wait(60)
            try:
                save(leader, position, acked)
            except BaseException as error:
                self.outcome.append(error)
                raise
            self.outcome.append(None)

        monkeypatch.setattr(Leadership, "save", held)


@contextmanager
def running(relay: Relay) -> Iterator[Relay]:
    """A relay in a thread of its own, that ends with the block."""
    stop = threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        stop.set()
        thread.join(30)


def test_of_two_relays_one_works_and_the_other_takes_over(stage: Any, wait: Wait) -> None:
    stream = uuid4()
    first = stage.start()
    wait(lambda: bool(first.status.leads), "leading")
    with running(stage.relay()) as second:
        for _ in range(20):
            stage.log.append(stream)
        wait(lambda: stage.caught_up(first.status))
        assert not second.status.leads
        assert second.status.published == 0
        stage.stop()
        stage.log.append(stream)
        wait(lambda: stage.caught_up(second.status), "taking over")
    assert second.status.published == 1
    assert stage.check() == 0


def test_a_leader_that_was_stopped_and_wakes_up_saves_nothing(
    stage: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = uuid4()
    stage.log.append(stream)
    gate = Gate(monkeypatch)
    sleeper = stage.start(stage.relay(silence_s=0.4))
    assert gate.reached.wait(30), "the first leader is held between acknowledgement and save"
    other = stage.start(stage.relay())
    stage.log.append(stream)
    wait(lambda: stage.caught_up(other.status), "taking over from a leader that is silent")
    taken = stage.saved()
    gate.opened.set()
    wait(lambda: bool(gate.outcome), "waking up")
    assert gate.outcome[0] is not None
    assert stage.saved() == taken == stage.log.end
    assert sleeper.status.published <= 1
    stage.log.append(stream)
    wait(lambda: stage.caught_up(other.status))
    assert stage.check() >= 1


def test_the_epoch_refuses_a_save_even_when_the_session_still_holds_the_lock(
    stage: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was decided meanwhile (to publish all of it again) must not be undone by one late save."""
    streams = [uuid4() for _ in range(3)]
    stage.log.append(*streams)
    gate = Gate(monkeypatch)
    relay = stage.start()
    assert gate.reached.wait(30)
    republish(stage.service, stage.dsn, stage.bootstrap, actor="user:a", reason="a test", partitions=3)
    gate.opened.set()
    wait(lambda: bool(gate.outcome))
    assert isinstance(gate.outcome[0], Fenced)
    wait(lambda: stage.caught_up(relay.status), "beginning again")
    assert stage.check() == 3


def test_each_leadership_raises_the_epoch_and_fences_the_one_before(stage: Any, database: str) -> None:
    with Leadership(database, stage.service) as first:
        assert first.take()
        with Leadership(database, stage.service) as second:
            assert not second.take()
    with Leadership(database, stage.service) as third:
        assert third.take()
        assert third.epoch == first.epoch + 1
        third.epoch -= 1
        with pytest.raises(Fenced):
            third.save(Position(1, 1, 1), {})
        with pytest.raises(Fenced):
            third.confirm()
        with pytest.raises(Fenced):
            third.remember_topic("id", 3)
    assert stage.saved() == Position(0, 0, 0)


def test_services_in_one_database_lead_apart(stage: Any, database: str) -> None:
    with Leadership(database, "one") as one, Leadership(database, "other") as other:
        assert one.take()
        assert other.take()
