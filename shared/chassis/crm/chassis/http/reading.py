"""What queries take: the database of the views they read, up to date as the request asks, and a page."""

from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Query, Request

from crm.chassis.database import Database
from crm.chassis.http import problems
from crm.chassis.http.consistency import SATISFIED, Waiter, parse_token
from crm.chassis.http.headers import ConsistencyHeader
from crm.chassis.http.problems import Problem, retry_later
from crm.chassis.paging import DEFAULT_PER_PAGE, LONGEST_CURSOR, PageRequest, check_cursor

MOST_PER_PAGE = 200


class NamedView(Protocol):
    """A view, as far as waiting for it goes."""

    @property
    def name(self) -> str: ...


class Reads:
    """Waits until the named views show what the request asks for, and gives the database to query them."""

    def __init__(self, *views: NamedView) -> None:
        self.views = views

    async def __call__(self, request: Request, wanted: ConsistencyHeader = None) -> Database:
        if wanted is not None:
            await self._wait(request, wanted)
        return service_database(request)

    async def _wait(self, request: Request, wanted: str) -> None:
        tokens = parse_token(wanted)
        waiter: Waiter | None = request.app.state.waiter
        for view in self.views:
            state = await waiter.outcome(view.name, tokens) if waiter else "behind"
            if state == "parked":
                sentence = "A fact of this record could not be shown yet; an operator has to look at it."
                raise Problem(problems.PARKED, sentence, field="If-Consistent-With")
            if state == "behind":
                raise retry_later(problems.NOT_YET, "What you have written is not shown here yet. Try again.")
        request.scope[SATISFIED] = wanted


def reads(*views: NamedView) -> Any:
    """The dependency of a query on its views: `dependencies=[reads(directory)]`, or `Annotated[Database, reads(…)]`."""
    return Depends(Reads(*views))


def service_database(request: Request) -> Database:
    """The service's own database."""
    if request.app.state.database is None:
        raise retry_later(problems.UNAVAILABLE, "The database of this service cannot be reached now.")
    return cast(Database, request.app.state.database)


async def read_model(request: Request) -> Database:
    """The database to query views. The endpoint must say which: `dependencies=[reads(directory)]`."""
    return service_database(request)


async def tables(request: Request) -> Database:
    """The database for tables that are no view, such as a list of jobs."""
    return service_database(request)


ReadModel = Annotated[Database, Depends(read_model)]
"""The database to query the views that the endpoint `reads(…)`."""

Tables = Annotated[Database, Depends(tables)]
"""The database for tables that are no view."""


async def page_request(
    limit: Annotated[int, Query(ge=1, le=MOST_PER_PAGE, description="Items on a page.")] = DEFAULT_PER_PAGE,
    cursor: Annotated[
        str | None,
        Query(max_length=LONGEST_CURSOR, pattern=r"^[A-Za-z0-9_=-]+$", description="`next` of the page before."),
    ] = None,
) -> PageRequest:
    """Which page of a list is wanted."""
    if cursor is not None:
        check_cursor(cursor)
    return PageRequest(limit, cursor)


PageQuery = Annotated[PageRequest, Depends(page_request)]
"""Which page of a list is wanted: `limit` and `cursor`."""
