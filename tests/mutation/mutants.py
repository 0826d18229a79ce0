"""The guards of the event path, each with what takes it away and the tests that must notice.

A guard is found by its text. One that is no longer there is an error: the list follows the code.
"""

from dataclasses import dataclass

CHASSIS = "shared/chassis/crm/chassis/"
TESTS = "shared/chassis/tests/"


@dataclass(frozen=True)
class Mutant:
    """One guard taken away: `guard` in `module` becomes `without`, and one of `tests` fails."""

    name: str
    module: str
    guard: str
    without: str
    tests: tuple[str, ...]


def mutant(name: str, module: str, guard: str, without: str, *tests: str) -> Mutant:
    return Mutant(name, CHASSIS + module, guard, without, tuple(TESTS + each for each in tests))


LOG = (
    mutant(
        "horizon: unsettled facts are hidden",
        "log/recorder.py",
        '"(events.era < current_era() OR events.tx < pg_snapshot_xmin(pg_current_snapshot()))"',
        '"true"',
        "log/test_horizon.py",
    ),
    mutant(
        "horizon: an earlier era is settled",
        "log/recorder.py",
        "events.era < current_era() OR ",
        "",
        "log/test_horizon.py",
    ),
    mutant(
        "order: by the transaction, not by its text",
        "log/recorder.py",
        "ORDER BY events.era, events.tx FETCH",
        "ORDER BY events.era, events.tx::text FETCH",
        "log/test_horizon.py",
    ),
    mutant(
        "pages never split an append",
        "log/recorder.py",
        "ROWS WITH TIES",
        "ROWS ONLY",
        "log/test_log_contract.py",
        "log/test_horizon.py",
    ),
    mutant(
        "nothing is loaded once the transaction has an id",
        "log/postgres.py",
        "if xid is not None:",
        "if False:",
        "log/test_horizon.py",
    ),
    mutant(
        "the version is checked",
        "log/draft.py",
        "if step.expected is not None and step.expected != stream.version:",
        "if False:",
        "log/test_log_contract.py",
    ),
    mutant(
        "a conflict is decided again",
        "log/commands.py",
        "for left in reversed(range(ATTEMPTS)):",
        "for left in reversed(range(1)):",
        "log/test_log_contract.py",
    ),
    mutant(
        "a claim has one holder",
        "log/claims.py",
        "            raise Taken(kind, holder)\n",
        "            return\n",
        "log/test_log_contract.py",
    ),
    mutant(
        "idempotency: the row is written with the facts",
        "log/recorder.py",
        "if append.remembered is not None:",
        "if False:",
        "log/test_log_contract.py",
    ),
    mutant(
        "idempotency: the key is looked up after a conflict",
        "log/commands.py",
        "                    if answer := self._recalled():\n                        return answer\n"
        "                except Disconnected",
        "                    pass\n                except Disconnected",
        "log/test_log_contract.py",
    ),
    mutant(
        "idempotency: a refusal is remembered",
        "log/commands.py",
        "            self._log.store.remember(memory)\n        raise refusal",
        "            pass\n        raise refusal",
        "log/test_log_contract.py",
    ),
    mutant(
        "idempotency: a no-op is remembered",
        "log/commands.py",
        "            log.store.remember(append.remembered)\n",
        "            pass\n",
        "log/test_log_contract.py",
    ),
    mutant(
        "idempotency: the request is compared",
        "log/commands.py",
        "if not secrets.compare_digest(memory.request_hash, self._hash(asked)):",
        "if False:",
        "log/test_log_contract.py",
    ),
    mutant(
        "no fact lies before the opening of its stream",
        "log/draft.py",
        "if stream.opened_at is not None and occurred_at < stream.opened_at:",
        "if False:",
        "log/test_log_contract.py",
    ),
    mutant(
        "a stream is keyed once",
        "log/draft.py",
        "        if stream.partition_key is None:\n            stream.partition_key = next",
        "        if True:\n            stream.partition_key = next",
        "log/test_log_contract.py",
    ),
    mutant(
        "personal fields are sealed",
        "log/draft.py",
        'seal = partial(self.keys.seal, partition_key, f"{stream}:{version}")',
        "seal = lambda plaintext: plaintext.decode()",
        "log/test_log_contract.py",
    ),
    mutant(
        "a fact that no broker would take is refused",
        "log/draft.py",
        "if len(value) > LARGEST_FACT:",
        "if False:",
        "log/test_log_contract.py",
    ),
    mutant(
        "horizon: it is of the same moment as the rows",
        "log/recorder.py",
        "            rows: list[Any] = cursor.execute(_PAGE, (era, str(tx), number, limit)).fetchall()\n"
        "            return [sealed(row) for row in rows]",
        '            page = _PAGE.replace(SETTLED, "true")\n'
        "            rows = cursor.execute(page, (era, str(tx), number, limit)).fetchall()\n"
        '            xmin = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"\n'
        "            horizon = cursor.execute(xmin).fetchone()\n"
        "            return [sealed(row) for row in rows if row[15] < horizon[0]]",
        "projection/test_held.py",
    ),
    mutant(
        "an excerpt goes on behind what it gave",
        "log/excerpts.py",
        "found[most - 1].position",
        "sealed(rows[-1]).position",
        "log/test_log_contract.py",
    ),
    mutant(
        "timers move with the append",
        "log/recorder.py",
        "if append.timers.scheduled:",
        "if False:",
        "log/test_log_contract.py",
    ),
    mutant(
        "timers are cancelled with the append",
        "log/recorder.py",
        "if append.timers.cancelled:",
        "if False:",
        "log/test_log_contract.py",
    ),
)

RELAY = (
    mutant(
        "a position is saved by the leader of this epoch only",
        "relay/leadership.py",
        "WHERE service = %(service)s AND epoch = %(epoch)s AND (era",
        "WHERE service = %(service)s AND (era",
        "relay/test_relay_leadership.py",
        "relay/test_relay_faults.py",
    ),
    mutant(
        "a position never goes back",
        "relay/leadership.py",
        " AND (era, tx, number) < (%(era)s, %(tx)s, %(number)s)\n",
        "\n",
        "relay/test_relay_leadership.py",
        "relay/test_relay_faults.py",
    ),
    mutant(
        "one relay leads",
        "relay/leadership.py",
        "        if not (row and row[0]):\n            return False\n",
        "",
        "relay/test_relay_leadership.py",
    ),
    mutant(
        "every acknowledgement is waited for",
        "relay/sending.py",
        "not (page := self._pages[0]).receipt.outstanding and page.receipt.error is None",
        "(page := self._pages[0]) is not None",
        "relay/test_relay_faults.py",
        "relay/test_relay_publishing.py",
    ),
    mutant(
        "a refused record stops the relay",
        "relay/sending.py",
        "            if page.receipt.error is not None:\n                raise page.receipt.error\n",
        "            pass\n",
        "relay/test_relay_faults.py",
        "relay/test_relay_publishing.py",
    ),
    mutant(
        "a topic that was recreated stops the relay",
        "relay/topic_check.py",
        "if found.id != leader.topic_id:",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "a topic that lost its tail stops the relay",
        "relay/topic_check.py",
        "if ends.get(partition, 0) <= highest:",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "offsets that others had before stop the relay",
        "relay/topic_check.py",
        "if offset <= leader.acked.get(partition, -1):",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "the number of partitions is checked",
        "relay/topic_check.py",
        "if found.partitions != leader.partitions:",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "records go where every client looks for them",
        "kafka/producer.py",
        '"partitioner": "murmur2_random"',
        '"partitioner": "consistent_random"',
        "kafka/test_kafka_producer.py",
        "relay/test_relay_publishing.py",
    ),
    mutant(
        "an offset that the topic does not have is told",
        "kafka/consumer.py",
        '"auto.offset.reset": "error"',
        '"auto.offset.reset": "latest"',
        "kafka/test_kafka_consumer.py",
    ),
    mutant(
        "records of a partition that was taken away are left to others",
        "kafka/consumer.py",
        "if (topic, partition) in self._mine:",
        "if True:",
        "kafka/test_kafka_consumer.py",
    ),
)

PROJECTION = (
    mutant(
        "the checkpoint is in the transaction of its rows",
        "projection/feed.py",
        "            places.move(connection, self.place.feed, shard, was, mark, batch.counts[shard], batch.newest)",
        "            with self.database.connection() as other:\n"
        "                places.move(other, self.place.feed, shard, was, mark, batch.counts[shard], batch.newest)",
        "projection/test_feed.py",
        "projection/test_competing.py",
    ),
    mutant(
        "a checkpoint that another worker moved is not moved back",
        "projection/places.py",
        "    WHERE (here.era, here.tx, here.number) = (%(was_era)s, %(was_tx)s, %(was_number)s)\n",
        "",
        "projection/test_competing.py",
        "projection/test_feed.py",
    ),
    mutant(
        "checkpoints are compared before a batch",
        "projection/places.py",
        "if any(now.get(shard, START) != mark for shard, mark in expected.items()):",
        "if False:",
        "projection/test_competing.py",
        "projection/test_feed.py",
    ),
    mutant(
        "a repeat is skipped",
        "projection/batch.py",
        "            if sealed.version <= at.version:\n"
        "                self._repeat(delivery, sealed, at, len(facts))\n"
        "            elif",
        "            if",
        "projection/test_feed.py",
        "projection/test_convergence.py",
    ),
    mutant(
        "a version that is used again is not a repeat",
        "projection/batch.py",
        "return sealed.append_id == at.append_id or at.append_id == NEVER",
        "return True",
        "projection/test_feed.py",
    ),
    mutant(
        "a jump parks the stream",
        "projection/batch.py",
        "elif sealed.version != at.version + 1:",
        "elif False:",
        "projection/test_feed.py",
        "projection/test_parking.py",
    ),
    mutant(
        "later facts queue behind a parked one",
        "projection/batch.py",
        "            elif at.blocked:\n                self.held.append(Held(delivery, None))\n            elif sealed",
        "            elif sealed",
        "projection/test_parking.py",
    ),
    mutant(
        "a view that is broken stops",
        "projection/batch.py",
        "if streak >= self.most_in_a_row:",
        "if False:",
        "projection/test_parking.py",
        "projection/test_feed.py",
    ),
    mutant(
        "a passing error parks nothing",
        "projection/batch.py",
        "                if is_transient(error):\n                    raise\n                self._block",
        "                self._block",
        "projection/test_feed.py",
        "projection/test_parking.py",
    ),
    mutant(
        "an erasure blanks rows",
        "projection/erasure.py",
        "    blank(connection, erased)\n",
        "",
        "projection/test_erasure.py",
    ),
    mutant(
        "an erasure is complete once every view has seen it",
        "projection/erasure.py",
        "contacts = [contact for (contact,) in open_ if complete(connection, contact)]",
        "contacts = [contact for (contact,) in open_]",
        "projection/test_erasure.py",
    ),
    mutant(
        "a rebuilt view is switched where the live one is",
        "projection/swapping.py",
        "if is_live and _marks_by_source(connection, live) != _marks_by_source(connection, built):",
        "if False:",
        "projection/test_rebuild.py",
    ),
    mutant(
        "a rebuild goes no further than the live view",
        "projection/rebuild.py",
        "goal = min(end, live.get(LOG_SHARD, START))",
        "goal = end",
        "projection/test_rebuild.py",
        "projection/test_held.py",
    ),
    mutant(
        "a rebuild that goes on tries again what was parked before",
        "projection/rebuild.py",
        "            retrying.retry(feed)  #",
        "            pass  #",
        "projection/test_rebuild.py",
    ),
    mutant(
        "a late starter begins at what is settled",
        "projection/sources.py",
        "events.notification_id FROM events WHERE {SETTLED}\n    ORDER BY events.era DESC",
        "events.notification_id FROM events\n    ORDER BY events.era DESC",
        "projection/test_held.py",
    ),
    mutant(
        "a consumer commits what was applied and nothing else",
        "projection/loops.py",
        "        if lane.take(self._kept[service]):\n            self._stream",
        "        lane.take(self._kept[service])\n        if True:\n            self._stream",
        "projection/test_held.py",
    ),
    mutant(
        "a topic that was made anew is refused",
        "projection/feed.py",
        "if known != topic_id:",
        "if False:",
        "projection/test_topics.py",
        "projection/test_feed.py",
    ),
    mutant(
        "a query waits for what its token names",
        "projection/consistency.py",
        'return "applied" if all(reached for reached, _ in rows) else "behind"',
        'return "applied"',
        "projection/test_queries.py",
        "projection/test_own_log.py",
        "projection/test_feed.py",
        "projection/test_parking.py",
    ),
)

AROUND = (
    mutant(
        "a destroyed key is never made again",
        "keys/stored.py",
        "            raise Destroyed(erased)\n",
        "            pass\n",
        "keys/test_keys_contract.py",
        "keys/test_keyring.py",
    ),
    mutant(
        "a destroyed key leaves the cache",
        "keys/stored.py",
        "        for subject in subjects:\n            self._cache.mark_destroyed(subject)\n",
        "",
        "keys/test_key_cache.py",
        "keys/test_keys_contract.py",
    ),
    mutant(
        "a restored keyring serves only after the replay",
        "keys/keyring.py",
        "    if not _rows(db, lives_here):",
        "    if False:",
        "keys/test_keyring_restore.py",
    ),
    mutant(
        "a sealed value is bound to its event",
        "keys/jwe.py",
        "return self._cipher.decrypt(token.iv, token.ciphertext, token.protected)",
        "return self._cipher.decrypt(token.iv, token.ciphertext, b'')",
        "keys/test_sealing.py",
    ),
    mutant(
        "a policy answers a fact once",
        "policy.py",
        "self.context.with_(idempotency=key)",
        "self.context",
        "policy/test_policy.py",
    ),
    mutant(
        "a side effect that was handed off is not repeated",
        "policy.py",
        "if handed.replayed or not handed.event_ids:",
        "if False:",
        "policy/test_policy.py",
    ),
    mutant(
        "a timer fires once",
        "timers.py",
        'idempotency=Idempotency(f"timer:{due.name}", f"{due.scheduled_by}:{moment}", b""),',
        "",
        "timers/test_timers.py",
    ),
    mutant(
        "a timer is leased in a transaction of its own",
        "timers.py",
        "        with self._database.connection() as connection:\n"
        "            due = [Due(*row) for row in connection.execute(_LEASE, params).fetchall()]\n"
        "        for each in sorted(due, key=lambda each: each.due_at):\n"
        "            self._fire(each)",
        "        with self._database.transaction() as connection:\n"
        "            due = [Due(*row) for row in connection.execute(_LEASE, params).fetchall()]\n"
        "            for each in sorted(due, key=lambda each: each.due_at):\n"
        "                self._fire(each)",
        "log/test_late_ids.py",
    ),
    mutant(
        "a timer is leased by one worker",
        "timers.py",
        " AND (leased_until IS NULL OR leased_until < %(now)s)",
        "",
        "timers/test_timers.py",
    ),
    mutant(
        "what a timer records happened when it was due",
        "timers.py",
        "            occurred_at=due.due_at,\n",
        "",
        "timers/test_timers.py",
    ),
    mutant(
        "a timer that was moved is not done with",
        "timers.py",
        ' AND due_at = %s AND scheduled_by = %s"',
        ' AND %s::timestamptz IS NOT NULL AND %s::text IS NOT NULL"',
        "timers/test_timers.py",
    ),
)

MUTANTS = LOG + RELAY + PROJECTION + AROUND
