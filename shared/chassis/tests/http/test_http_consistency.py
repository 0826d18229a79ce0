"""Read-your-writes: wait, then show it or refuse; never a stale answer, never a thread held while waiting."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import anyio
import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.http import Api, Broadcaster, Problem, StreamVersion, Waiter, create_app, parse_token
from crm.chassis.http.consistency import State

STREAM = "018f2f63-7b4c-7d54-9c7e-2b6a3f0e5d11"
OTHER = "018f2f63-7b4c-7d54-9c7e-2b6a3f0e5d12"
DEADLINE_S = 10.0


def test_a_token_names_versions_of_streams() -> None:
    found = parse_token(f"contacts/{STREAM}:7,{OTHER}:1, sales/{OTHER}:3")
    assert found == (("contacts", UUID(STREAM), 7), ("contacts", UUID(OTHER), 1), ("sales", UUID(OTHER), 3))


@pytest.mark.parametrize(
    "text",
    [
        "",
        STREAM,
        f"{STREAM}:1",
        f"contacts/{STREAM}",
        f"contacts/{STREAM}:-1",
        f"contacts/{STREAM}:{'9' * 19}",
        f"Contacts/{STREAM}:1",
        f"contacts/{STREAM}:1,",
        "contacts/x:1",
        ",".join([f"contacts/{STREAM}:1"] * 101),
    ],
)
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(Problem) as refused:
        parse_token(text)
    assert (refused.value.kind.status, refused.value.field) == (422, "If-Consistent-With")


def test_a_list_that_shows_it_repeats_the_token(client: TestClient) -> None:
    token = f"members/{STREAM}:1"
    response = client.get("/members?text=a", headers={"If-Consistent-With": token})
    assert (response.status_code, response.headers["Consistency-Token"]) == (200, token)


def test_a_list_that_does_not_show_it_in_time_is_refused(client: TestClient, progress: Any) -> None:
    progress.answers[STREAM] = "behind"
    response = client.get("/members?text=a", headers={"If-Consistent-With": f"members/{STREAM}:1"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.json()["type"] == "urn:crm:problem:not-yet"


def test_a_parked_stream_is_told_at_once(client: TestClient, progress: Any) -> None:
    progress.answers[STREAM] = "parked"
    response = client.get("/members?text=a", headers={"If-Consistent-With": f"members/{STREAM}:1"})
    assert (response.status_code, response.json()["type"]) == (409, "urn:crm:problem:parked")


@pytest.mark.parametrize("wanted", ["nonsense", f"members/{STREAM}", f"members/{STREAM}:1;x", "x" * 9_000])
def test_a_malformed_token_is_refused(client: TestClient, wanted: str) -> None:
    response = client.get("/members?text=a", headers={"If-Consistent-With": wanted})
    assert (response.status_code, response.json()["field"]) == (422, "If-Consistent-With")


def test_who_asks_is_settled_before_anybody_waits(client: TestClient, progress: Any) -> None:
    progress.answers[STREAM] = "behind"
    headers = {"If-Consistent-With": f"members/{STREAM}:1", "Authorization": ""}
    assert client.get("/members?text=a", headers=headers).status_code == 401
    assert progress.asked == 0


def test_without_anything_to_ask_it_is_refused_rather_than_stale(api: Api, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "If-Consistent-With": f"members/{STREAM}:1"}
    with TestClient(create_app(replace(api, waiter=None))) as client:
        assert client.get("/members?text=a", headers=headers).status_code == 503


class _Views:
    """Views that apply everything at one moment; counts how it is asked."""

    def __init__(self) -> None:
        self.applied = threading.Event()
        self.threads: set[int] = set()
        self.asked = 0

    def state(self, view: str, tokens: Sequence[StreamVersion]) -> State:
        self.threads.add(threading.get_ident())
        self.asked += 1
        return "applied" if self.applied.is_set() else "behind"


async def _twenty_wait(api: Api, issuer: LocalIssuer, views: _Views) -> None:
    """Twenty wait while the only worker thread does commands."""
    app = create_app(replace(api, waiter=Waiter(views, timeout_s=DEADLINE_S), threads=1))
    headers = {"Authorization": f"Bearer {issuer.issue('ada', ['*'])}"}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://members", headers=headers) as client,
    ):
        waiting = [
            asyncio.create_task(client.get("/members?text=a", headers={"If-Consistent-With": f"members/{uuid4()}:1"}))
            for _ in range(20)
        ]
        while views.asked < 20:
            await asyncio.sleep(0)
        for _ in range(5):
            assert (await client.post("/members", json={"name": "Ada"})).status_code == 201
        assert not any(task.done() for task in waiting)
        views.applied.set()
        assert {response.status_code for response in await asyncio.gather(*waiting)} == {200}


def test_twenty_wait_without_holding_the_only_thread(api: Api, issuer: LocalIssuer) -> None:
    views = _Views()
    asyncio.run(asyncio.wait_for(_twenty_wait(api, issuer, views), DEADLINE_S * 2))


def test_a_failing_view_is_told_to_all_who_wait() -> None:
    class Broken:
        def state(self, view: str, tokens: Sequence[StreamVersion]) -> State:
            raise psycopg.OperationalError("away")

    async def ask() -> None:
        waiter = Waiter(Broken(), timeout_s=DEADLINE_S)
        answers = await asyncio.gather(
            *(waiter.outcome("board", parse_token(f"members/{STREAM}:1")) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(each, psycopg.OperationalError) for each in answers)

    asyncio.run(ask())


def test_news_of_the_database_end_the_wait_at_once(database: str) -> None:
    views = _Views()

    async def ask() -> float:
        waiter = Waiter(views, Broadcaster(database), timeout_s=DEADLINE_S)
        asking = asyncio.create_task(waiter.outcome("board", parse_token(f"members/{STREAM}:1")))
        with psycopg.connect(database, autocommit=True) as connection:
            while not _listeners(connection):
                await asyncio.sleep(0.01)
            views.applied.set()
            connection.execute("NOTIFY applied")
            started = time.monotonic()
            assert await asking == "applied"
            took = time.monotonic() - started
            await waiter.close()
            while _listeners(connection):
                await asyncio.sleep(0.01)
        return took

    assert asyncio.run(asyncio.wait_for(ask(), DEADLINE_S)) < 0.2  # below the interval of looking without news


def test_one_connection_serves_all_who_wait(database: str) -> None:
    views = _Views()

    async def ask() -> None:
        waiter = Waiter(views, Broadcaster(database), timeout_s=DEADLINE_S)
        asking = [asyncio.create_task(waiter.outcome("board", parse_token(f"members/{uuid4()}:1"))) for _ in range(30)]
        with psycopg.connect(database, autocommit=True) as connection:
            while not _listeners(connection):
                await asyncio.sleep(0.01)
            assert _listeners(connection) == 1
            views.applied.set()
            connection.execute("NOTIFY applied")
            assert set(await asyncio.gather(*asking)) == {"applied"}
            await waiter.close()

    asyncio.run(asyncio.wait_for(ask(), DEADLINE_S))


def test_waiting_goes_on_while_the_database_cannot_be_heard() -> None:
    views = _Views()

    async def ask() -> None:
        waiter = Waiter(views, Broadcaster("postgresql://nobody@127.0.0.1:1/none"), timeout_s=DEADLINE_S)
        asking = asyncio.create_task(waiter.outcome("board", parse_token(f"members/{STREAM}:1")))
        while not views.asked:
            await anyio.lowlevel.checkpoint()
        views.applied.set()
        assert await asking == "applied"
        await waiter.close()

    asyncio.run(asyncio.wait_for(ask(), DEADLINE_S))


def _listeners(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    ).fetchone()
    assert row
    return int(row[0])
