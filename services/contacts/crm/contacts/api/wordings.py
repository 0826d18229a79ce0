"""Wordings: the texts that people are asked with."""

from functools import partial
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, StringConstraints

from crm.chassis.http import Created, Log, Page, PageQuery, ReadModel, Router, reads
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.api.consent_bodies import CanRecordConsent, LanguageTag, Purpose, WordingVersion
from crm.contacts.wording import publish, wording_stream, wordings
from crm.contacts.wording_list import PublishedWording, find, wording_list

router = Router(prefix="/consent-wordings", tags=["consents"])


class PublishWording(BaseModel, extra="forbid"):
    """A text for a purpose; `version` is what grants name."""

    purpose: Purpose
    version: WordingVersion
    language: LanguageTag
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


@router.post("")
def post_wording(body: PublishWording, log: Log, agent: CanRecordConsent) -> Created:
    """Publishes a text; published again it changes nothing, and another text needs another version."""
    stream = wording_stream(body.purpose, body.version, body.language)
    written = log.execute(wordings, stream, partial(publish, **body.model_dump()))
    return Created(written, "/consent-wordings")


@router.get("", dependencies=[reads(wording_list)])
def get_wordings(
    page: PageQuery,
    db: ReadModel,
    agent: CanReadContacts,
    purpose: Annotated[Purpose | None, Query(description="Only those for this purpose.")] = None,
) -> Page[PublishedWording]:
    """The published texts, by purpose and language."""
    return find(db, purpose, page)
