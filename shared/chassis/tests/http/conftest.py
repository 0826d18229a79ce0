"""A small service over a log in memory, and clients for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, EmailStr, Field, field_validator

from crm.chassis.auth import Agent, LocalIssuer, allowed
from crm.chassis.database import Database
from crm.chassis.decider import Erased, Taken
from crm.chassis.health import Health
from crm.chassis.http import (
    Api,
    Created,
    Documents,
    IfMatch,
    Log,
    Page,
    PageQuery,
    PublicLog,
    ReadModel,
    Router,
    Streams,
    StreamVersion,
    Versioned,
    Waiter,
    Written,
    create_app,
    reads,
)
from crm.chassis.http.consistency import State
from crm.chassis.keys import Destroyed, KeyringUnavailable, MemoryKeys
from crm.chassis.log import Conflict, EventLog, MemoryStore
from crm.chassis.testing.facts import BadgeFacts, join, members, rename

CanRead = Annotated[Agent, allowed("members:read")]
CanWrite = Annotated[Agent, allowed("members:write")]


class Join(BaseModel, extra="forbid"):
    name: str = Field(min_length=1, max_length=20)
    badge: str | None = None
    email: EmailStr | None = None
    age: int | None = Field(None, ge=0, le=150)
    tags: dict[str, int] = {}

    @field_validator("badge")
    @classmethod
    def badge_is_no_number(cls, badge: str | None) -> str | None:
        if badge is not None and badge.isdecimal():
            raise ValueError(f"the badge {badge} is a number")
        return badge


class Rename(BaseModel):
    name: str


@dataclass(frozen=True)
class Row:
    member: UUID
    name: str


@dataclass(frozen=True)
class Board:
    name: str = "board"


board = Board()
router = Router(prefix="/members", tags=["members"])


@router.post("")
def post_member(body: Join, log: Log, agent: CanWrite) -> Created:
    command = partial(join, name=body.name, badge=body.badge)
    return Created(log.execute(members, uuid4(), command), "/members/{id}")


@router.put("/{member}/name")
def put_name(member: UUID, body: Rename, log: Log, agent: CanWrite, expected: IfMatch) -> Written:
    return log.execute(members, member, partial(rename, name=body.name), expected)


@router.get("/{member}")
def get_member(member: UUID, streams: Streams, agent: CanRead) -> Versioned[Row]:
    folded = streams.get(members, member)
    return Versioned(Row(member, folded.state.name), folded.version, folded.token)


@router.get("", dependencies=[reads(board)])
def get_members(text: str, page: PageQuery, db: ReadModel, agent: CanRead) -> Page[Row]:
    return Page((Row(UUID(int=1), text),), None)


@router.put("/{member}/picture", max_body_size=3_000_000)
def put_picture(member: UUID, body: dict[str, Any], agent: CanWrite) -> int:
    return len(body)


REFUSALS: dict[str, Exception] = {
    "erased": Erased("This person was erased."),
    "destroyed": Destroyed(UUID(int=5)),
    "taken": Taken("email", UUID(int=7)),
    "busy": Conflict("busy"),
    "keyring": KeyringUnavailable("secret-host refused"),
    "bug": RuntimeError("a secret about grace@secret.example"),
}


@router.post("/{member}/refusals/{name}")
def post_refusal(member: UUID, name: str, agent: CanWrite) -> Written:
    raise REFUSALS[name]


public = Router()


@public.post("/unsubscribe/{link}")
def unsubscribe(link: UUID, log: PublicLog) -> Written:
    return log.with_(actor=f"contact:{link}").execute(members, link, partial(join, name="Somebody"))


@dataclass
class Progress:
    """What the view has applied, as the tests say."""

    answers: dict[str, State] = field(default_factory=dict)
    asked: int = 0

    def state(self, view: str, tokens: Sequence[StreamVersion]) -> Literal["applied", "behind", "parked"]:
        self.asked += 1
        return self.answers.get(str(tokens[0].stream), "applied")


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    return LocalIssuer(tmp_path / "issuer")


@pytest.fixture
def progress() -> Progress:
    return Progress()


@pytest.fixture
def log() -> EventLog:
    return EventLog("members", MemoryStore(), MemoryKeys(), BadgeFacts)


@pytest.fixture
def api(issuer: LocalIssuer, progress: Progress, log: EventLog) -> Api:
    return Api(
        title="Members",
        version="1",
        routers=(router, public),
        verifier=issuer.verifier(),
        log=log,
        database=Database("postgresql://nobody@127.0.0.1:1/none"),
        waiter=Waiter(progress, timeout_s=0.3),
        public=("/unsubscribe/{link}",),
        health=Health(checks={"database": lambda: True}, lag=lambda: {"board": {"facts": 3}}),
        documents=Documents(asyncapi=lambda: "asyncapi: 3.1.0", schema={"crm.members.x.v1": {"type": "object"}}.get),
    )


@pytest.fixture
def app(api: Api) -> FastAPI:
    return create_app(api)


@pytest.fixture
def token(issuer: LocalIssuer) -> str:
    return issuer.issue("ada", ["members:read", "members:write"])


@pytest.fixture
def client(app: FastAPI, token: str) -> Iterator[TestClient]:
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.fixture
def joined(client: TestClient) -> Callable[..., str]:
    """Makes a member join and returns the id."""

    def join_member(name: str = "Ada") -> str:
        return str(client.post("/members", json={"name": name}).raise_for_status().json()["id"])

    return join_member
