"""What a person is given on a request for access, or to take elsewhere: made while it is sent, and kept nowhere."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.http import ReadModel, Router, Streams, reads
from crm.contacts.accessing import as_json, as_pdf
from crm.contacts.accessing.completeness import ends_at
from crm.contacts.accessing.package import Package, gather, items, parts
from crm.contacts.api.bodies import ERASED, Deployment
from crm.contacts.api.requests import CanAnswerPeople
from crm.contacts.history import history
from crm.contacts.subject_request import subject_requests
from crm.contacts.views import permissions

router = Router(prefix="/requests/{request_id}", tags=["rights"])

JSON, PDF, ZIP = "application/json", "application/pdf", "application/zip"


def _file(kind: str) -> dict[int | str, dict[str, object]]:
    return {200: {"description": "The document", "content": {kind: {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/package.json", dependencies=[reads(history, permissions)], responses=ERASED | _file(JSON))
def get_package_as_json(
    request_id: UUID, db: ReadModel, streams: Streams, agent: CanAnswerPeople, deployment: Deployment
) -> Response:
    """Everything known of the person who asks, from all services, with the counts of each and whether that is all.

    For a request of the kind portability only what the person gave. The last member is `items`, their number: a
    document without it was cut off.
    """
    package = _package(request_id, db, streams, deployment, for_people=False)
    return _sent(as_json.write(package, items(db, package, streams.keys.unseal)), JSON, "package.json")


@router.get("/package.pdf", dependencies=[reads(history, permissions)], responses=ERASED | _file(PDF))
def get_package_as_pdf(
    request_id: UUID,
    db: ReadModel,
    streams: Streams,
    agent: CanAnswerPeople,
    deployment: Deployment,
    part: Annotated[int, Query(ge=1, le=10_000, description="Which part of a long history.")] = 1,
) -> Response:
    """The same for people to read. The first part tells who they are to us; it says how many parts there are."""
    package = _package(request_id, db, streams, deployment)
    found = next(islice(parts(db, package, streams.keys.unseal), part - 1, part), None)
    if found is None:
        raise Unknown(f"There are {package.parts} parts.")
    return Response(
        as_pdf.render(package, part, found, deployment.font_folders),
        media_type=PDF,
        headers=_named(f"history-{part:04}.pdf"),
    )


@router.get("/package.zip", dependencies=[reads(history, permissions)], responses=ERASED | _file(ZIP))
def get_package_as_zip(
    request_id: UUID, db: ReadModel, streams: Streams, agent: CanAnswerPeople, deployment: Deployment
) -> Response:
    """Both: the JSON and all parts as PDF."""
    package, unseal = _package(request_id, db, streams, deployment), streams.keys.unseal
    document = as_json.write(package, items(db, package, unseal))
    archive = as_pdf.archive(package, document, lambda: parts(db, package, unseal), deployment.font_folders)
    return _sent(archive, ZIP, "package.zip")


def _package(
    request_id: UUID, db: ReadModel, streams: Streams, deployment: Deployment, *, for_people: bool = True
) -> Package:
    request = streams.get(subject_requests, request_id).state
    if for_people and request.kind == "portability":
        raise Rejected("What somebody takes elsewhere is for machines to read: fetch package.json.")
    return gather(streams, db, request_id, request, ends_at(deployment.kafka))


def _sent(pieces: Iterator[bytes], kind: str, name: str) -> StreamingResponse:
    return StreamingResponse(pieces, media_type=kind, headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
