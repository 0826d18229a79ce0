"""The erased: every service has acknowledged it, and nothing of them stands anywhere in clear."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

from psycopg import sql

from tests.integration.everywhere import SERVICES, files, raw_records
from tests.integration.running_suite import eventually
from tests.proving.leaving import MARK, Leaving
from tests.proving.stage import Stage

COMPLETE_WITHIN_S = 300.0
SHOWN = 5
DATABASES = (*SERVICES, "keyring")

_DIGITS = 12
_IN_HEX = f"{MARK.encode().hex()}(?:3[0-9]|6[1-6]){{{_DIGITS}}}"
"""A mark in a column of bytes, as it is shown."""
_MARKS = f"{MARK}[0-9a-f]{{{_DIGITS}}}|{_IN_HEX}"
_IN_BYTES = re.compile(_MARKS.encode())


def judge_erasures(stage: Stage, leaving: Leaving, figures: dict[str, Any]) -> Iterator[str]:
    """Looks for the marks of those who were erased. Those who stay show that it would find them."""
    figures |= {"people erased": len(leaving.erased)}
    for contact in leaving.erased:
        try:
            eventually(partial(_complete, stage, contact), within_s=COMPLETE_WITHIN_S)
        except AssertionError as open_:
            yield f"the erasure of {contact} is not complete: {open_}"
    found = _found(stage)
    figures |= {"people of whom something stands in clear": len(found), "of them not erased": len(leaving.present)}
    for mark in leaving.present.values():
        if not any(place.startswith("contacts.") for place in found[mark]):
            yield f"the search finds nothing of {mark}, who is not erased"
    left = [(mark, found[mark]) for mark in leaving.erased.values() if found[mark]]
    for mark, places in left[:SHOWN]:
        yield f"{mark} is erased and stands in clear in {', '.join(sorted(places))}"
    if left:
        yield f"{len(left)} of the erased are found"


def _complete(stage: Stage, contact: str) -> bool:
    answer = stage.suite.api("contacts").get(f"/contacts/{contact}/erasure").raise_for_status().json()
    assert answer["complete"], f"waiting for {answer['waiting_for']}, keys destroyed {answer['keys_destroyed_at']}"
    assert set(answer["acknowledged"]) == set(SERVICES), answer["acknowledged"]
    return True


def _found(stage: Stage) -> dict[str, set[str]]:
    """By mark, the places where it stands: tables, topics, files."""
    found: dict[str, set[str]] = defaultdict(set)
    for database in DATABASES:
        for table, mark in _in_tables(stage, database):
            found[mark].add(f"{database}.{table}")
    for record in raw_records(stage.suite):
        for mark in marks(record):
            found[mark].add("a topic")
    for path, content in files(stage.suite):
        for mark in marks(content):
            found[mark].add(path)
    return found


def _in_tables(stage: Stage, database: str) -> Iterator[tuple[str, str]]:
    """In every column of every table, of views and all others, as text."""
    with stage.database(database) as db:
        names = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            search = sql.SQL("SELECT DISTINCT m[1] FROM {} AS t, regexp_matches(t::text, {}, 'g') AS m").format(
                sql.Identifier(name), sql.Literal(f"({_MARKS})")
            )
            for (mark,) in db.execute(search).fetchall():
                yield name, _plain(mark)


def marks(content: bytes) -> Iterator[str]:
    """The marks in a text, and in bytes shown as text."""
    return (_plain(each.group().decode()) for each in _IN_BYTES.finditer(content))


def _plain(mark: str) -> str:
    return mark if mark.startswith(MARK) else bytes.fromhex(mark).decode()
