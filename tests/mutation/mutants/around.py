"""The guards around the path: keys, side effects, timers."""

from tests.mutation.mutants.mutant import mutant

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
        "a connection that the server closed is replaced before it is used",
        "database.py",
        "if not ear.poll(0):",
        "if True:",
        "database/test_pooled_connections.py",
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
