"""The app factory: from what a service declares to the ASGI application that answers."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from crm.chassis.auth import TokenVerifier
from crm.chassis.database import Database
from crm.chassis.health import Health
from crm.chassis.http.consistency import Waiter
from crm.chassis.http.description import describe
from crm.chassis.http.directory import Directory
from crm.chassis.http.edge import Edge
from crm.chassis.http.endpoint import Endpoint
from crm.chassis.http.news import News
from crm.chassis.http.operations import Documents, operations
from crm.chassis.http.reading import Reads, read_model
from crm.chassis.http.refusing import refuse_in_problems
from crm.chassis.http.threads import have_threads
from crm.chassis.log import EventLog

BODY_LIMIT = 1_000_000
THREADS = 4


class Misdeclared(Exception):  # noqa: N818 (named as people speak)
    """An endpoint forgot to say who may call it, or what it reads."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """What a service offers over HTTP, and what that stands on.

    Everything but the verifier may be absent: then what needs it answers 503, so a test can do with a log in memory.
    """

    title: str
    version: str
    routers: Sequence[APIRouter]
    verifier: TokenVerifier
    description: str = ""
    log: EventLog | None = None
    database: Database | None = None
    waiter: Waiter | None = None
    news: News | None = None
    health: Health = field(default_factory=Health)
    documents: Documents = field(default_factory=Documents)
    public: Collection[str] = ()
    """Paths such as `/unsubscribe/{link}` whose endpoints need no permission. All others must ask for one."""
    body_limit: int = BODY_LIMIT
    """Bytes; an endpoint with `max_body_size` has its own."""
    threads: int = THREADS
    """How many commands and queries run at once: as many as the database pool has connections."""
    parts: Sequence[object] = ()
    """Whatever else endpoints ask for by class, with `Annotated[Mailer, part(Mailer)]`."""
    closing: Sequence[Callable[[], object]] = ()
    """What to close when the app ends."""


def create_app(api: Api) -> FastAPI:
    """The application. Raises `Misdeclared` if an endpoint is neither permitted nor named public, or reads unsaid."""
    app = FastAPI(
        title=api.title,
        version=api.version,
        description=api.description,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(api),
        middleware=[Middleware(Edge, body_limit=api.body_limit)],
        # FastAPI's own spans tell paths and addresses of people; `Edge` makes ours
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.log, app.state.database, app.state.waiter = api.log, api.database, api.waiter
    app.state.news = api.news
    app.state.verifier, app.state.parts = api.verifier, {type(each): each for each in api.parts}
    app.routes.extend(_endpoints(api.routers))
    app.routes.extend(operations(api.health, api.documents).routes)
    app.routes.insert(0, Directory(endpoints(app)))
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way
    refuse_in_problems(app)
    _check(app, api.public)
    return app


def endpoints(app: FastAPI) -> Iterator[Endpoint]:
    """The endpoints of a service's own routers."""
    return (route for route in app.routes if isinstance(route, Endpoint))


def unguarded(app: FastAPI) -> set[str]:
    """The paths with an endpoint that asks for no permission, such as `/unsubscribe/{link}`."""
    return {each.path_format for each in endpoints(app) if not each.permissions}


def _endpoints(routers: Iterable[APIRouter]) -> Iterator[Endpoint]:
    """All endpoints in one flat list: FastAPI's own way of including matches every address twice."""
    for router in routers:
        for route in router.routes:
            if not isinstance(route, Endpoint):
                raise Misdeclared(f"Declare {route} on a crm.chassis.http.Router.")
            yield route


def _check(app: FastAPI, public: Collection[str]) -> None:
    open_to_all = unguarded(app)
    if missing := sorted(open_to_all - set(public)):
        raise Misdeclared(f"Ask for a permission, or name as public: {', '.join(missing)}.")
    if superfluous := sorted(set(public) - open_to_all):
        raise Misdeclared(f"Named as public, but not so: {', '.join(superfluous)}.")
    for endpoint in endpoints(app):
        calls = list(endpoint.calls)
        if read_model in calls and not any(isinstance(call, Reads) for call in calls):
            raise Misdeclared(f"Say which views it reads, dependencies=[reads(view)]: {endpoint.operations[0]}.")


def _lifespan(api: Api) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        have_threads(api.threads)
        yield
        if api.news:
            await api.news.close()
        if api.waiter:
            await api.waiter.close()
        for close in api.closing:
            await to_thread.run_sync(close)

    return lifespan
