"""Which problem each refusal becomes."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from crm.chassis.auth import Forbidden, IssuerUnreachable, Unauthenticated
from crm.chassis.decider import Erased, Moved, Rejected, Taken, Unknown
from crm.chassis.http import problems
from crm.chassis.http.problems import Kind, Problem, retry_later
from crm.chassis.http.validation import problem_of_validation
from crm.chassis.keys import Destroyed, KeyringUnavailable
from crm.chassis.log import Conflict, Disconnected, KeyReused
from crm.chassis.paging import MalformedCursor

_log = logging.getLogger(__name__)

Handler = Callable[[Request, Any], Awaitable[Response]]


def refuse_in_problems(app: FastAPI) -> None:
    """Makes every error of an app answer with a problem."""
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)


async def _problem(request: Request, error: Problem) -> Response:
    return error.response()


async def _rejected(request: Request, error: Rejected) -> Response:
    return problem_of_refusal(error).response()


def problem_of_refusal(refusal: Rejected) -> Problem:
    """The problem that a rule's refusal becomes; its sentence is shown as it is."""
    match refusal:
        case Taken(holder=holder):
            return Problem(problems.TAKEN, refusal.sentence, refusal.field, members={"holder": str(holder)})
        case Moved(version=version):
            headers = {"ETag": f'"{version}"'}
            return Problem(problems.MOVED, refusal.sentence, headers=headers, members={"version": version})
        case Erased():
            return Problem(problems.ERASED, refusal.sentence, refusal.field)
        case Unknown():
            return Problem(problems.UNKNOWN, refusal.sentence, refusal.field)
        case _:
            return Problem(problems.REJECTED, refusal.sentence, refusal.field)


async def _destroyed(request: Request, error: Destroyed) -> Response:
    return Problem(problems.ERASED, "This person's data was erased; nothing personal can be added.").response()


async def _conflict(request: Request, error: Conflict) -> Response:
    return Problem(problems.BUSY, "Others are changing this record at the same moment. Try again.").response()


async def _key_reused(request: Request, error: KeyReused) -> Response:
    sentence = "This Idempotency-Key was used for another request. Use a new key for a new request."
    return Problem(problems.KEY_REUSED, sentence, field="Idempotency-Key").response()


async def _keyring(request: Request, error: KeyringUnavailable) -> Response:
    _log.warning("The keyring cannot be used.", exc_info=error)
    sentence = "The keys for personal data cannot be reached now. Try again in a moment."
    return retry_later(problems.UNAVAILABLE, sentence, after_s=5).response()


async def _database(request: Request, error: Exception) -> Response:
    _log.warning("The database cannot be used.", exc_info=error)
    sentence = "The database cannot be reached now. Try again in a moment."
    return retry_later(problems.UNAVAILABLE, sentence, after_s=2).response()


async def _unstorable(request: Request, error: psycopg.DataError) -> Response:
    _log.warning("The database refused a value.", exc_info=error)
    return Problem(problems.INVALID, "A value is outside of what can be stored.").response()


async def _unauthenticated(request: Request, error: Unauthenticated) -> Response:
    challenge = 'Bearer realm="rapport"'
    if error.token_given:
        challenge += f', error="invalid_token", error_description="{error.sentence}"'
    return Problem(problems.UNAUTHENTICATED, error.sentence, headers={"WWW-Authenticate": challenge}).response()


async def _forbidden(request: Request, error: Forbidden) -> Response:
    challenge = f'Bearer realm="rapport", error="insufficient_scope", scope="{error.permission}"'
    return Problem(problems.FORBIDDEN, error.sentence, headers={"WWW-Authenticate": challenge}).response()


async def _issuer(request: Request, error: IssuerUnreachable) -> Response:
    _log.warning("The token issuer cannot be reached.", exc_info=error)
    sentence = "Your token cannot be verified now: its issuer cannot be reached. Try again in a moment."
    return retry_later(problems.UNAVAILABLE, sentence, after_s=5).response()


async def _cursor(request: Request, error: MalformedCursor) -> Response:
    return problems.invalid("cursor", "query", str(error)).response()


async def _validation(request: Request, error: RequestValidationError) -> Response:
    return problem_of_validation(error, request.headers.get("content-type", "")).response()


async def _http(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    match error.status_code:
        case 400:
            problem = Problem(problems.MALFORMED, "The body cannot be read. Send valid JSON in UTF-8.")
        case 404:
            problem = Problem(problems.UNKNOWN, "There is nothing at this address.")
        case 405:
            methods = ", ".join(sorted(_methods_at(request)))
            headers = {"Allow": methods}
            problem = Problem(problems.WRONG_METHOD, f"This address takes {methods}.")
        case 413:
            problem = Problem(problems.TOO_LARGE, str(error.detail))
        case status:
            problem = Problem(Kind(status, "refused", problems.OTHER.title), "The request was refused.")
    problem.headers = headers
    return problem.response()


def _methods_at(request: Request) -> set[str]:
    """All methods an address takes; the router itself names those of the first route only."""
    methods: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return methods


_HANDLERS: dict[type[Exception], Any] = {
    Problem: _problem,
    Rejected: _rejected,
    Destroyed: _destroyed,
    Conflict: _conflict,
    KeyReused: _key_reused,
    KeyringUnavailable: _keyring,
    Disconnected: _database,
    psycopg.OperationalError: _database,
    psycopg.DataError: _unstorable,
    Unauthenticated: _unauthenticated,
    Forbidden: _forbidden,
    IssuerUnreachable: _issuer,
    MalformedCursor: _cursor,
    RequestValidationError: _validation,
    HTTPException: _http,
}
