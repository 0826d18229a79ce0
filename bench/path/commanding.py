"""Commands over HTTP: load, decide, seal, append with the idempotency row. Two workers of the contacts service."""

import json
import os
import secrets
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx

from bench.filling import contacts_log, registered
from bench.path import http_load
from bench.path.http_load import Answers, Request, spread
from bench.path.lines import MILLISECONDS, PER_SECOND, Cpu, Cuts, Line, Run
from bench.path.spending import spending
from bench.path.stage import Stage
from crm.chassis.auth import LocalIssuer
from crm.chassis.embedded.process import free_port
from crm.chassis.roles import migrate
from crm.chassis.settings import Settings
from crm.chassis.testing.waiting import eventually
from crm.contacts.service import service
from crm.local.suite import FEW_ARENAS

WORKERS = 2
RATE, FAST_RATE, CLIENTS = 600, 900, 16
PEOPLE = 20_000
"""So many that each command meets somebody whose key is not cached, and whose stream stays short."""
STREETS = 5


class Refused(AssertionError):  # noqa: N818
    """A command was not carried out."""


@dataclass(frozen=True)
class Api:
    """Workers that answer, and whom they know."""

    urls: list[str]
    token: str
    people: list[UUID]

    def command(self, number: int) -> Request:
        """Another address for the next person; never the one they have."""
        person = self.people[number % len(self.people)]
        street = f"Street {number // len(self.people) % STREETS}-{secrets.token_hex(4)}"
        body = {"label": "work", "address": {"street": street, "city": "Berlin", "postal_code": "10115"}}
        headers = self._headers | {"Idempotency-Key": secrets.token_hex(16), "Content-Type": "application/json"}
        return "PUT", f"{spread(self.urls, number)}/contacts/{person}/addresses", headers, json.dumps(body).encode()

    def nothing(self, number: int) -> Request:
        """What needs no database and no decision: the app alone."""
        return "GET", f"{spread(self.urls, number)}/health/live", self._headers, b""

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def lines(stage: Stage) -> list[Line]:
    """Latency in an open loop, and how many get through in a closed one."""
    seconds = stage.size.seconds * 2
    with running(stage) as api:
        http_load.at_rate(api.command, RATE // 2, 2.0)  # connections are made, keys are cached
        figures = stage.take_turns(
            {
                f"rapport at {RATE}/s": partial(_run, api, http_load.at_rate, RATE, seconds),
                f"rapport at {FAST_RATE}/s": partial(_run, api, http_load.at_rate, FAST_RATE, seconds),
                f"rapport, {CLIENTS} clients": partial(_run, api, http_load.closed, CLIENTS, seconds),
                "the app alone": partial(_alone, api, seconds / 2),
                "the app alone, clients": partial(_alone, api, seconds / 2, clients=CLIENTS),
            },
        )
    slow, fast, busy, alone, alone_busy = figures.values()
    name = f"command over HTTP, {WORKERS} workers"
    return [
        Line(f"{name}, open loop {RATE}/s, p99", MILLISECONDS, slow.at("p99"), 25.0, limit=alone.at("p99"), pace=RATE),
        Line(f"{name}, open loop {FAST_RATE}/s, p99 (stretch)", MILLISECONDS, fast.at("p99"), 25.0, pace=FAST_RATE),
        Line(f"{name}, closed loop", PER_SECOND, busy, 1_200, limit=alone_busy, note=f"{CLIENTS} clients"),
    ]


def _run(api: Api, load: object, how_much: int, seconds: float) -> Run:
    assert callable(load)
    with spending() as spent:
        answers: Answers = load(api.command, how_much, seconds)
    return _judged(answers, spent.per_thousand(len(answers.latencies_s)))


def _alone(api: Api, seconds: float, *, clients: int = 0) -> Run:
    if clients:
        return _judged(http_load.closed(api.nothing, clients, seconds), None)
    return _judged(http_load.at_rate(api.nothing, RATE, seconds), None)


def _judged(answers: Answers, cpu: Cpu | None) -> Run:
    if answers.refused:
        raise Refused(f"{answers.refused} of {len(answers.latencies_s)} requests were no success")
    return Run(len(answers.latencies_s) / answers.seconds, cpu, Cuts.of(answers.latencies_s))


@contextmanager
def running(stage: Stage) -> Iterator[Api]:
    """Two processes of the contacts service with the role `api`, and people in its log."""
    issuer = LocalIssuer(stage.folder / "issuer")
    database, keyring = stage.postgres.fresh_database(), stage.postgres.fresh_database()
    given = Settings.model_validate(
        {"database": database, "keyring": keyring, "master_key": secrets.token_bytes(32), "jwks": issuer.jwks_url}
    )
    migrate(service, given)
    with contacts_log(given.database, given.keyring, given.master_key) as log:
        people = registered(log, PEOPLE)
    ports = [free_port() for _ in range(WORKERS)]
    workers = [_start(given, port, stage.folder / f"api-{port}.log") for port in ports]
    try:
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        for url in urls:
            eventually(partial(_lives, url), within_s=60, passing=(httpx.HTTPError,))
        yield Api(urls, issuer.issue("user:bench", ["contacts:read", "contacts:write"]), people)
    finally:
        for each in workers:
            each.terminate()
        for each in workers:
            try:
                each.wait(15)
            except subprocess.TimeoutExpired:
                each.kill()


def _lives(url: str) -> bool:
    return httpx.get(f"{url}/health/ready", timeout=5).is_success


def _start(given: Settings, port: int, log: Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAPPORT_")}
    ours = {
        "RAPPORT_DATABASE": given.database,
        "RAPPORT_KEYRING": given.keyring,
        "RAPPORT_MASTER_KEY": b64encode(given.master_key).decode(),
        "RAPPORT_JWKS": given.jwks,
        "RAPPORT_PORT": str(port),
    }
    command = [sys.executable, "-m", "crm.contacts", "api"]
    with log.open("w") as output:
        return subprocess.Popen(command, env=FEW_ARENAS | kept | ours, stdout=output, stderr=output)
