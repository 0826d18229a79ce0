"""M2: whether the copy of contacts can be relied on."""

import pytest

from crm.campaigns.freshness import ASK_AGAIN_S, FRESH_S, PATIENCE_S, ContactsCopy, CopyBehind, copy_of
from crm.campaigns.people import permissions
from crm.chassis.projection import Mark, standing
from crm.chassis.projection.failures import SourceAway
from crm.chassis.runtime import Runtime


class Topic:
    """A topic of two partitions, and three views that follow it."""

    def __init__(self) -> None:
        self.now, self.asked, self.away = 1_000.0, 0, False
        self.ends, self.marks = {0: 5, 1: 0}, [{0: 5}, {0: 5}, {0: 5}]
        self.copy = ContactsCopy(self._ends, self._marks, lambda: self.now)

    def _ends(self) -> dict[int, Mark]:
        self.asked += 1
        if self.away:
            raise SourceAway("Kafka is away")
        return {shard: Mark(0, 0, number) for shard, number in self.ends.items()}

    def _marks(self) -> list[dict[int, Mark]]:
        return [{shard: Mark(0, 0, number) for shard, number in each.items()} for each in self.marks]

    def after(self, seconds: float) -> str:
        self.now += seconds
        return self.copy.freshness()


def test_m2_a_complete_copy_is_fresh_and_proved_again_now_and_then() -> None:
    topic = Topic()
    assert [topic.after(1) for _ in range(4)] == ["fresh"] * 4
    assert topic.asked == 1
    assert topic.after(FRESH_S) == "fresh"
    assert topic.asked == 2


@pytest.mark.parametrize("view", [0, 1, 2])
def test_m2_every_view_of_the_copy_counts(view: int) -> None:
    topic = Topic()
    topic.marks[view] = {0: 4}
    assert topic.after(0) == "catching up"
    topic.marks[view] = {0: 5}
    assert topic.after(0.1) == "fresh"


def test_m2_long_silence_before_does_not_count_as_lag() -> None:
    topic = Topic()
    assert topic.after(0) == "fresh"
    topic.ends = {0: 6, 1: 0}
    assert topic.after(36_000) == "catching up"
    topic.marks = [{0: 6}] * 3
    assert topic.after(0.1) == "fresh"


def test_m2_what_stays_behind_becomes_stale_and_recovers() -> None:
    topic = Topic()
    topic.marks[1] = {}
    states = [topic.after(10) for _ in range(8)]
    assert states == ["catching up"] * 7 + ["stale"]
    topic.marks[1] = {0: 5}
    assert topic.after(1) == "fresh"


def test_m2_a_topic_that_goes_on_growing_does_not_keep_a_copy_behind_that_follows() -> None:
    topic = Topic()
    found = []
    for number in range(6, 30):
        topic.ends = {0: number, 1: 0}
        topic.marks = [{0: number - 1}] * 3
        found.append(topic.after(1))
    assert "stale" not in found
    assert found.count("fresh") > len(found) / 2


def test_m2_what_cannot_be_asked_is_not_so_and_is_not_asked_all_the_time() -> None:
    topic = Topic()
    topic.away = True
    assert [topic.after(1) for _ in range(int(ASK_AGAIN_S))] == ["catching up"] * int(ASK_AGAIN_S)
    assert topic.asked == 1
    assert [topic.after(PATIENCE_S / 2) for _ in range(2)][-1] == "stale"


def test_what_was_told_before_a_moment_is_waited_for_and_no_more() -> None:
    topic = Topic()
    topic.marks[0] = {0: 4}
    with pytest.raises(CopyBehind):
        topic.copy.await_all_before("start")
    topic.ends = {0: 9, 1: 0}  # told later
    topic.marks[0] = {0: 5}
    topic.copy.await_all_before("start")
    with pytest.raises(CopyBehind):
        topic.copy.await_all_before("another start")


def test_m2_without_kafka_nothing_is_proved(runtime: Runtime) -> None:
    alone = Runtime(runtime.settings.model_copy(update={"kafka": ""}), runtime.database, runtime.keys, runtime.log)
    assert copy_of(alone).freshness() == "catching up"


def test_m2_a_view_that_was_stopped_is_behind(runtime: Runtime, views: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.campaigns.freshness.KafkaHistory.ends", lambda *_: {})
    assert copy_of(runtime).freshness() == "fresh"
    with runtime.database.connection() as connection:
        standing.stop(connection, permissions.name, "broken")
    assert copy_of(runtime).freshness() == "catching up"
