"""Merges: several contacts turn out to be one person, or not after all."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID, uuid4

from pydantic import BaseModel, Field

from crm.chassis.http import Created, Log, Page, PageQuery, ReadModel, Router, Streams, reads
from crm.chassis.paging import page_in_memory
from crm.contacts.api.asked import AsKnownAt, AsOf
from crm.contacts.api.bodies import ERASED, CanMergeContacts, CanReadContacts, ContactAnswer
from crm.contacts.consents_of import Standing, standing_of
from crm.contacts.lookup import Moment as Past
from crm.contacts.lookup import find
from crm.contacts.merge_history import MergeRecord, merges_of
from crm.contacts.proposal import conflicts, merge_contacts, propose
from crm.contacts.views import permissions

router = Router(prefix="/contacts/{contact_id}", tags=["merges"])

ChoosableField: TypeAlias = Literal[
    "name", "address", "owner", "birthday", "language", "time_zone", "primary_email", "primary_phone"
]
"""A field for which the value of one of the ids counts."""


class ProposeMerge(BaseModel, extra="forbid"):
    """Who is the same person. `survivor` and `choices` (by field, the contact whose value counts) may be left out."""

    absorb: list[UUID] = Field(min_length=1, max_length=20)
    survivor: UUID | None = None
    choices: dict[ChoosableField, UUID] = {}


class MergeContacts(ProposeMerge):
    """`versions` of the preview: the merge is refused if one of them has changed, so that it does what was shown."""

    versions: dict[UUID, Annotated[int, Field(ge=1)]] = Field({}, max_length=500)


class MergePreview(BaseModel):
    """What a merge would lead to. `conflicts`: by field, the contacts that have different values."""

    survivor: UUID
    absorbed: list[UUID]
    profile: ContactAnswer
    consents: list[Standing]
    field_choices: dict[str, UUID]
    conflicts: dict[str, list[UUID]]
    versions: dict[UUID, int]


@router.post("/merge/preview", dependencies=[reads(permissions)], responses=ERASED)
def preview_merge(
    contact_id: UUID, body: ProposeMerge, db: ReadModel, streams: Streams, agent: CanMergeContacts
) -> MergePreview:
    """What the person will be like, before anything is done. An absorbed id stands for the person it belongs to."""
    proposal = propose(streams, [contact_id, *body.absorb], survivor=body.survivor, choices=_choices(body))
    ids = {id for family in proposal.families for id in family.ids}
    return MergePreview(
        survivor=proposal.survivor.contact_id,
        absorbed=[each.contact_id for each in proposal.absorbed],
        profile=ContactAnswer.of_profile(proposal.survivor.contact_id, proposal.result(uuid4())),
        consents=standing_of(db, ids),
        field_choices=proposal.field_choices,
        conflicts=conflicts(proposal),
        versions=proposal.versions,
    )


@router.post("/merge")
def post_merge(contact_id: UUID, body: MergeContacts, log: Log, streams: Streams, agent: CanMergeContacts) -> Created:
    """Makes several contacts one person (C5 to C8). Nothing is moved or deleted, and any merge can be undone."""
    written = merge_contacts(
        streams,
        log,
        [contact_id, *body.absorb],
        merge_id=uuid4(),
        survivor=body.survivor,
        choices=_choices(body),
        expected=body.versions,
    )
    return Created(written, "/contacts/{id}/merges")


def _choices(body: ProposeMerge) -> dict[str, UUID]:
    return {str(field): source for field, source in body.choices.items()}


@router.get("/merges", responses=ERASED)
def get_merges(
    contact_id: UUID,
    page: PageQuery,
    streams: Streams,
    agent: CanReadContacts,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
) -> Page[MergeRecord]:
    """The merges in which this person took part under any id, in force or undone, the last one first."""
    past = Past(as_of, as_known_at)
    found = find(streams, contact_id, as_of=as_of, as_known_at=as_known_at)
    records = merges_of(streams, [each.contact_id for each in found.family.members()], past)
    return page_in_memory(records, page, "merges", lambda each: f"{each.merged_at} {each.merge_id}", descending=True)
