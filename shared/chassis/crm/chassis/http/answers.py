"""What endpoints answer: what was written, or one thing with its version. Both carry ETag and Consistency-Token."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeVar, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from crm.chassis.http.threads import in_a_thread
from crm.chassis.http.visible import Receipt
from crm.chassis.log import Written

T = TypeVar("T")

CONSISTENCY_TOKEN = "Consistency-Token"  # noqa: S105 (a header, no secret)
NOT_KEPT = "no-store"
"""The Cache-Control of answers that no ETag tells apart."""
_JSON = "application/json"


class WrittenAnswer(BaseModel):
    """What a command did. Send `token` as `If-Consistent-With` to a query that must show it."""

    id: UUID
    version: int
    token: str


@dataclass(frozen=True)
class Created:
    """The answer to a command that opened a stream: 201 with `Location`, `path` with the stream in place of `{id}`.

    The stream is the one that was written, so a retry is told of the first one.
    """

    written: Written
    path: str

    @property
    def location(self) -> str:
        return self.path.format(id=self.written.stream)


class Caution(BaseModel):
    """Something to know about a command that went well."""

    field: str
    detail: str
    holder: UUID | None = None
    """Who holds an identifier that is not this record's alone."""


class NotedAnswer(WrittenAnswer):
    """What a command did, and what is to be known about it. Nothing was refused."""

    warnings: list[Caution]


@dataclass(frozen=True)
class Noted:
    """The answer to a command with warnings, if any. With a `path`: 201 and `Location` if it opened the stream."""

    written: Written
    warnings: Sequence[Caution] = ()
    path: str | None = None

    @property
    def created(self) -> bool:
        return self.path is not None and f"{self.written.stream}:1" in self.written.event_ids


@dataclass(frozen=True)
class Versioned(Generic[T]):
    """The answer to a query for one thing: its content, and the version and token it was folded to.

    `composed`: of other streams as well, so the version alone does not tell whether a client has it already.
    """

    content: T
    version: int
    token: str
    composed: bool = False


@dataclass(frozen=True)
class Shape:
    """How an endpoint's result becomes an answer."""

    model: Any
    """What the API description shows."""
    status: int
    respond: Callable[[Any], Response]

    def around(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        """The endpoint, answering with a response. What is no coroutine works in a thread, and makes it there."""
        if inspect.iscoroutinefunction(endpoint):

            @wraps(endpoint)
            async def answering(*args: Any, **kwargs: Any) -> Response:
                return self.respond(await endpoint(*args, **kwargs))

        else:

            @wraps(endpoint)
            async def answering(*args: Any, **kwargs: Any) -> Response:
                return await in_a_thread(lambda: self.respond(endpoint(*args, **kwargs)))

        return answering


def shape_of(endpoint: Callable[..., Any], status: int | None, *, plain: bool = True) -> Shape | None:
    """The shape that an endpoint's return annotation asks for; None leaves the answer to FastAPI.

    Without `plain`, only our own answers are shaped.
    """
    signature = inspect.signature(endpoint, eval_str=True)
    annotation = signature.return_annotation
    if annotation is Written:
        return Shape(WrittenAnswer, status or 200, lambda written: _written(written, status or 200))
    if annotation is Created:
        return Shape(WrittenAnswer, 201, lambda created: _written(created.written, 201, Location=created.location))
    if annotation is Noted:
        return Shape(NotedAnswer, status or 200, _noted)
    if get_origin(annotation) is Versioned:
        (content,) = get_args(annotation)
        return Shape(content, status or 200, _versioned(TypeAdapter(content), status or 200))
    if not plain or _is_left_to_fastapi(endpoint, signature):
        return None
    return Shape(annotation, status or 200, _plain(TypeAdapter(annotation), status or 200))


def _is_left_to_fastapi(endpoint: Callable[..., Any], signature: inspect.Signature) -> bool:
    """Whatever streams, answers no content, or builds its response itself."""
    annotations = [signature.return_annotation, *(each.annotation for each in signature.parameters.values())]
    is_special = any(isinstance(each, type) and issubclass(each, Response) for each in annotations)
    is_generator = inspect.isgeneratorfunction(endpoint) or inspect.isasyncgenfunction(endpoint)
    return is_special or is_generator or signature.return_annotation in (None, inspect.Signature.empty)


def _written(written: Written, status: int, **headers: str) -> Response:
    answer = WrittenAnswer(id=written.stream, version=written.version, token=written.token)
    return Receipt(answer.model_dump_json(), status, headers=headers | _marks(written.version, written.token))


def _noted(noted: Noted) -> Response:
    written = noted.written
    answer = NotedAnswer(id=written.stream, version=written.version, token=written.token, warnings=list(noted.warnings))
    headers = _marks(written.version, written.token)
    if noted.created and noted.path:
        headers["Location"] = noted.path.format(id=written.stream)
    return Response(answer.model_dump_json(), 201 if noted.created else 200, headers=headers, media_type=_JSON)


def _versioned(content: TypeAdapter[Any], status: int) -> Callable[[Versioned[Any]], Response]:
    def respond(answer: Versioned[Any]) -> Response:
        body = content.dump_json(answer.content, by_alias=True)
        headers = _marks(answer.version, answer.token) | ({"Cache-Control": NOT_KEPT} if answer.composed else {})
        return Response(body, status, headers=headers, media_type=_JSON)

    return respond


def _plain(content: TypeAdapter[Any], status: int) -> Callable[[Any], Response]:
    """JSON made in the endpoint's own thread; FastAPI would take a second one to check what we have typed."""

    def respond(answer: Any) -> Response:
        return Response(content.dump_json(answer, by_alias=True), status, media_type=_JSON)

    return respond


def _marks(version: int, token: str) -> dict[str, str]:
    return {"ETag": f'"{version}"', CONSISTENCY_TOKEN: token}
