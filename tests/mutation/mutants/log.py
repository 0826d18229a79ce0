"""The guards of the log: what is settled, in which order it is read, versions, claims, commands sent again."""

from tests.mutation.mutants.mutant import mutant

LOG = (
    mutant(
        "horizon: unsettled facts are hidden",
        "log/reading.py",
        '"(events.era < current_era() OR events.tx < pg_snapshot_xmin(pg_current_snapshot()))"',
        '"true"',
        "log/test_horizon.py",
    ),
    mutant(
        "horizon: an earlier era is settled",
        "log/reading.py",
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
