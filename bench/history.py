"""Measures the unified history at full size: pages with every filter, words, many people, and how fast facts get in.

`python -m bench.history` asks the real app over HTTP, with one client, about 1,000,000 items, 50,000 of them with one
contact; `--quick` about a tenth.
"""

import argparse
import gc
import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database, connect
from crm.chassis.http import create_app, serve
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Context, EventLog, MemoryStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.projection import Feed, prepare
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.chassis.testing.backends import postgres_backend, temporary_folder
from crm.chassis.testing.views import Records, from_log
from crm.contacts.account import accounts
from crm.contacts.account_record import register_account
from crm.contacts.affiliation import Period
from crm.contacts.belonging import Belonging, belonging
from crm.contacts.contact import contacts
from crm.contacts.history import history, remember
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.events import Fact, Position, Recorded, type_of
from crm.events.campaigns import LinkClicked
from crm.events.interactions import InteractionLogged
from crm.events.sales import LeadQualified

SEED = 20261126
START = datetime(2023, 1, 1, tzinfo=UTC)
DAYS = 1_000
PEOPLE = 500
ACCOUNT = UUID(int=1)
CHUNK = 20_000
CALL = type_of(InteractionLogged)
_random = random.Random(SEED)
_VOCABULARY = [f"{a}{b}{c}" for a in ("ba", "ko", "li", "mu", "ne") for b in ("r", "st", "nd", "l") for c in range(150)]
_WEIGHTS = [1 / (at + 1) for at in range(len(_VOCABULARY))]


@dataclass(frozen=True)
class Size:
    items: int
    busiest: int
    times: int


def main() -> int:
    """Prints the figures as a table and as JSON."""
    parser = argparse.ArgumentParser(prog="bench.history", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the items")
    size = Size(100_000, 5_000, 40) if parser.parse_args().quick else Size(1_000_000, 50_000, 100)
    with temporary_folder() as folder, postgres_backend() as server:
        dsn = server.fresh_database()
        migrate(dsn, (CHASSIS, *service.migrations))
        database = Database(dsn)
        with database.connection() as connection:
            prepare(connection, service.views)
        figures: dict[str, Any] = {"projected, facts/s": project(database, 2_000 if size.times < 100 else 20_000)}
        busiest, people = fill(database, size)
        figures |= ask(folder, database, busiest, people, size)
        database.close()
    for name, figure in figures.items():
        sys.stdout.write(f"{name:58} {figure}\n")
    sys.stdout.write(json.dumps({"items": size.items, "busiest": size.busiest} | figures) + "\n")
    return 0


def project(database: Database, facts: int) -> int:
    """How many facts a second a feed folds into the history, in batches of 1,000."""
    records, people = Records(MemoryKeys()), [uuid4() for _ in range(200)]
    for _ in range(facts):
        person = _random.choice(people)
        records.record(uuid4(), _call(person, "measured"), subject=person)
    feed = Feed(database, history, "contacts", records.keys)
    feed.open()
    deliveries = from_log(records.log)
    began = time.perf_counter()
    for at in range(0, facts, 1_000):
        feed.take(deliveries[at : at + 1_000])
    return round(facts / (time.perf_counter() - began))


def fill(database: Database, size: Size) -> tuple[UUID, list[UUID]]:
    """Fills the table in the form of its own rows; the items of one contact lie scattered among those of others."""
    busiest, people = uuid4(), [uuid4() for _ in range(PEOPLE)]
    others = [uuid4() for _ in range(size.items // 50)]
    chosen = [busiest] * size.busiest + _random.choices(people, k=size.items // 20)
    chosen += _random.choices(others, k=size.items - len(chosen))
    _random.shuffle(chosen)
    with connect(database.dsn, limited=False) as connection:
        for index in history.table.definitions():
            connection.execute(f"DROP INDEX {index.split(' ON ')[0].split()[-1]}".encode())
        for at in range(0, len(chosen), CHUNK):
            rows = [_row(n, contact, size) for n, contact in enumerate(chosen[at : at + CHUNK], at)]
            history.table.copy(connection, rows)
        for definition in history.table.definitions():
            connection.execute(definition.encode())
        connection.execute(f"VACUUM ANALYZE {history.table.name}".encode())
    return busiest, people


def _row(number: int, contact: UUID, size: Size) -> Any:
    """`everywhere` is in each item, `tenth` in every tenth, `old` only in the oldest, `once` in one of ten thousand."""
    moment = START + timedelta(days=_random.random() * DAYS)
    marks = ["everywhere", *(["tenth"] if number % 10 == 0 else []), *(["once"] if number % 10_000 == 0 else [])]
    marks += ["old"] if moment < START + timedelta(days=DAYS / 20) else []
    kind = number % 20
    fact: Fact = _call(contact, " ".join([*marks, *_random.choices(_VOCABULARY, _WEIGHTS, k=9)]), private=kind == 7)
    if kind in (3, 4):
        clicked = LinkClicked(campaign=contact, link=1, url="https://shop.example/offer")
        fact = clicked if kind == 3 else LeadQualified()
    channel, actor = _random.choice(["phone", "email", "web"]), f"user:{_random.choice('abcdefgh')}"
    e = Recorded(
        stream=UUID(int=_random.getrandbits(128)), version=1, append_id=contact, partition_key=contact,
        occurred_at=moment, recorded_at=moment + timedelta(hours=_random.random() * 48), actor=actor, channel=channel,
        contact_ids=(contact,), correlation_id=str(contact), position=Position(1, number, number),
        type=type_of(fact), fact=fact,
    )  # fmt: skip
    fold: Any = remember  # what a view makes of it has no type for a fact of any kind
    return fold(None, e, (contact, e.stream, 1))


def _call(contact: UUID, subject: str, *, private: bool = False) -> InteractionLogged:
    visibility: Any = "private" if private else "everyone"
    body = " ".join(_random.choices(_VOCABULARY, _WEIGHTS, k=12))
    return InteractionLogged(
        contact=contact, kind="call", direction="inbound", subject=subject, body=body, visibility=visibility
    )


def ask(folder: Path, database: Database, busiest: UUID, people: list[UUID], size: Size) -> dict[str, Any]:
    """Latencies per question, in milliseconds, from one client over HTTP."""
    figures: dict[str, Any] = {}
    with database.connection() as connection:
        belonging.table.copy(connection, [Belonging(uuid4(), each, ACCOUNT, False, (Period(),)) for each in people])
    with running(folder, database, busiest) as client:
        everything: list[float] = []
        for name, path, params in questions(client, busiest):
            times = [_timed(client, path, params) for _ in range(size.times)]
            everything += times
            figures[name] = _cuts(times)
        figures["all questions"] = _cuts(everything)
    return figures


def _timed(client: httpx.Client, path: str, params: dict[str, Any]) -> float:
    began = time.perf_counter()
    answer = client.get(path, params=params)
    spent = (time.perf_counter() - began) * 1_000
    assert answer.status_code == httpx.codes.OK, answer.text
    return spent


def _cuts(times: list[float]) -> str:
    cuts = statistics.quantiles(times, n=100)
    return f"p50 {cuts[49]:.1f}  p99 {cuts[98]:.1f} ms"


def questions(client: httpx.Client, busiest: UUID) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every filter alone, some together, first and last pages, of the busiest contact; then the other lists."""
    path = f"/contacts/{busiest}/history"
    middle = (START + timedelta(days=DAYS / 2)).isoformat()
    stream = client.get(path).json()["items"][-1]["event_id"].split(":")[0]
    asked: dict[str, dict[str, Any]] = {
        "first page": {},
        "200 items": {"limit": 200},
        "oldest first": {"order": "oldest"},
        "service (rare)": {"service": "campaigns"},
        "service (none)": {"service": "analytics"},
        "type": {"type": CALL},
        "types (rare)": {"type": ["crm.sales.lead-qualified.v1", "crm.campaigns.link-clicked.v1"]},
        "type (none)": {"type": "crm.sales.opportunity-won.v1"},
        "channel": {"channel": "email"},
        "actor": {"actor": "user:c"},
        "actor (none)": {"actor": "user:nobody"},
        "stream": {"stream": stream},
        "from, to": {"from": middle, "to": (START + timedelta(days=DAYS / 2 + 10)).isoformat()},
        "as_of": {"as_of": middle},
        "as_known_at": {"as_known_at": middle},
        "all filters": {"service": "contacts", "type": CALL, "channel": "web", "actor": "user:d", "from": middle,
                        "as_known_at": (START + timedelta(days=DAYS - 100)).isoformat(), "text": "tenth"},
        "word in every item": {"text": "everywhere"},
        "word in a tenth": {"text": "tenth"},
        "word in one of 10,000": {"text": "once"},
        "word in the oldest 5 % only": {"text": "old"},
        "two words": {"text": f"tenth {_VOCABULARY[3]}"},
        "beginning of a word": {"text": "bar1*"},
        "word in none": {"text": "absent"},
    }  # fmt: skip
    for name, params in asked.items():
        yield name, path, params
    yield "audit", f"/contacts/{busiest}/audit", {}
    yield "audit of one actor", f"/contacts/{busiest}/audit", {"actor": "user:c"}
    account = f"/accounts/{ACCOUNT}/history"
    yield f"account of {PEOPLE} people", account, {}
    yield f"account of {PEOPLE} people, filtered", account, {"service": "campaigns", "channel": "web"}
    for name, word in (("rare word", "once"), ("word in a tenth", "tenth"), ("word in the oldest 5 % only", "old")):
        yield f"account of {PEOPLE} people, {name}", account, {"text": word}
    for name in ("first page", "channel", "word in a tenth", "word in the oldest 5 % only"):
        yield f"{name}: last page", path, _last(client, path, asked[name])


def _last(client: httpx.Client, path: str, params: dict[str, Any]) -> dict[str, Any]:
    page = client.get(path, params=params | {"limit": 200}).json()
    last = params
    while page["next"]:
        last = params | {"cursor": page["next"], "limit": 200}
        page = client.get(path, params=last).json()
    return last


class running:  # noqa: N801 (used as a context)
    """The app on a port of its own, and a client that may read everything but private items."""

    def __init__(self, folder: Path, database: Database, known: UUID) -> None:
        issuer = LocalIssuer(folder / "issuer")
        settings = Settings.model_validate(
            {"database": database.dsn, "keyring": database.dsn, "master_key": bytes(32), "region": "DE"}
        )
        log = EventLog("contacts", MemoryStore(), MemoryKeys(), service.claim_facts)
        log.commands(Context("user:bench")).execute(contacts, known, partial(register, name="Busiest"))
        log.commands(Context("user:bench")).execute(accounts, ACCOUNT, partial(register_account, name="Firm"))
        self._app = create_app(services.api_of(service, issuer, log, settings, database))
        self._token = issuer.issue("bench", ["contacts:read", "contacts:read-addresses", "contacts:audit"])
        self._stop, self._port = threading.Event(), 0
        self._started = threading.Event()
        self._server = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        def started(port: int) -> None:
            self._port = port
            self._started.set()

        serve(self._app, "127.0.0.1", 0, self._stop, started=started)

    def __enter__(self) -> httpx.Client:
        gc.collect()
        gc.freeze()  # as every role does when it starts
        self._server.start()
        self._started.wait(30)
        headers = {"Authorization": f"Bearer {self._token}"}
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", headers=headers, timeout=60)
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._stop.set()
        self._server.join()


if __name__ == "__main__":
    sys.exit(main())
