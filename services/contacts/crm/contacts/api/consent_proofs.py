"""The proof of one consent, for systems as JSON and for people as a PDF."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Header, Query
from fastapi.responses import Response
from pydantic import TypeAdapter

from crm.chassis.http import ReadModel, Router, Streams, reads
from crm.contacts.api.bodies import ERASED, CanReadContacts, Deployment
from crm.contacts.consent_document import as_pdf
from crm.contacts.consent_proof import Proof, prove
from crm.contacts.lookup import find
from crm.contacts.wording_list import wording_list

router = Router(prefix="/contacts/{contact_id}/consents", tags=["consents"])

PDF, JSON = "application/pdf", "application/json"
_proofs = TypeAdapter(Proof)
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The proof.", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/{consent}/proof", dependencies=[reads(wording_list)], response_model=Proof, responses={**_ANSWER, **ERASED}
)
def get_proof(
    contact_id: UUID,
    consent: UUID,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    deployment: Deployment,
    form: Annotated[Literal["json", "pdf"] | None, Query(alias="format", description="Instead of `Accept`.")] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = JSON,
) -> Response:
    """Who agreed to which text, when and from where they were asked and answered, and the facts that show it."""
    found = find(streams, contact_id)
    ids = (found.contact_id, *found.contact.aliases)
    proof = prove(streams, db, ids, found.contact.name, consent)
    if form == "pdf" or (form is None and PDF in accept):
        name = {"Content-Disposition": f'inline; filename="consent-{consent}.pdf"'}
        return Response(as_pdf(proof, deployment.font_folders), media_type=PDF, headers=name)
    return Response(_proofs.dump_json(proof), media_type=JSON)
