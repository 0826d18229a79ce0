"""Problems (RFC 9457): every error answers with a sentence for people, the field it is about, and the trace.

Nothing that was submitted is repeated in a problem, except names of fields.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from crm.chassis.telemetry import current_trace_id

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its HTTP status, the last part of its type, and its title."""

    status: int
    name: str
    title: str

    @property
    def type(self) -> str:
        return f"urn:crm:problem:{self.name}"


MALFORMED = Kind(400, "malformed", "The request cannot be read")
UNAUTHENTICATED = Kind(401, "unauthenticated", "A valid access token is needed")
FORBIDDEN = Kind(403, "forbidden", "A permission is missing")
UNKNOWN = Kind(404, "unknown", "There is no such thing")
WRONG_METHOD = Kind(405, "wrong-method", "This address does not take this method")
REJECTED = Kind(409, "rejected", "A rule refuses this")
TAKEN = Kind(409, "taken", "Somebody else holds this identifier")
BUSY = Kind(409, "busy", "Others are changing this at the same moment")
PARKED = Kind(409, "parked", "A fact of this record waits for an operator")
ERASED = Kind(410, "erased", "This person's data was erased")
MOVED = Kind(412, "moved", "The record has changed")
TOO_LARGE = Kind(413, "too-large", "The request body is too large")
WRONG_MEDIA_TYPE = Kind(415, "wrong-media-type", "The body has a media type that is not taken here")
INVALID = Kind(422, "invalid", "Some values are not valid")
KEY_REUSED = Kind(422, "key-reused", "The Idempotency-Key was used for another request")
OTHER = Kind(400, "refused", "The request was refused")
INTERNAL = Kind(500, "internal", "Something went wrong here")
NOT_YET = Kind(503, "not-yet", "The answer is not up to date yet")
UNAVAILABLE = Kind(503, "unavailable", "A part that is needed cannot be reached")

KINDS = (
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    UNKNOWN,
    WRONG_METHOD,
    REJECTED,
    TAKEN,
    BUSY,
    PARKED,
    ERASED,
    MOVED,
    TOO_LARGE,
    WRONG_MEDIA_TYPE,
    INVALID,
    KEY_REUSED,
    OTHER,
    INTERNAL,
    NOT_YET,
    UNAVAILABLE,
)


@dataclass(frozen=True)
class FieldError:
    """One offending value: where it was (`body`, `query`, `path`, `header`), which rule it broke, what to do."""

    field: str
    location: str
    rule: str
    detail: str


@dataclass
class Problem(Exception):  # noqa: N818 (named as the RFC does)
    """Raised anywhere below an endpoint to answer with a problem. `detail` is a sentence, without submitted values."""

    kind: Kind
    detail: str
    field: str | None = None
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    members: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def response(self) -> Response:
        """The problem as an answer."""
        content: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        optional = {
            "field": self.field,
            "errors": [msgspec.to_builtins(error) for error in self.errors] or None,
            "trace_id": current_trace_id(),
            **self.members,
        }
        content |= {name: value for name, value in optional.items() if value is not None}
        body = msgspec.json.encode(content)
        return Response(body, self.kind.status, headers=dict(self.headers), media_type=MEDIA_TYPE)


def invalid(name: str, location: str, detail: str, rule: str = "malformed") -> Problem:
    """A problem about one value."""
    return Problem(INVALID, detail, field=name, errors=[FieldError(name, location, rule, detail)])


def retry_later(kind: Kind, detail: str, after_s: int = 1) -> Problem:
    """A problem that goes away by itself."""
    return Problem(kind, detail, headers={"Retry-After": str(after_s)})
