"""Several contacts turn out to be one person, or not after all. Nothing is moved, copied or deleted (C5 to C9).

Each fact stands on the stream of the contact whose it is; a merge and an unmerge are one append over all of them.
"""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Personal

MergeRule: TypeAlias = Literal["manual", "verified-identifier"]


class ContactsMerged(Fact, frozen=True, tag="crm.contacts.contacts-merged.v1"):
    """On the survivor: from now on the absorbed ids name the same person.

    `stream_versions`: what was decided on, by id. `field_choices`: by field, the contact whose own value counts.
    """

    summary = "Merged with contact {absorbed}"
    merge_id: UUID
    survivor: UUID
    absorbed: list[UUID]
    stream_versions: dict[str, int]
    field_choices: dict[str, UUID]
    rule: MergeRule = "manual"


class ContactAbsorbed(Fact, frozen=True, tag="crm.contacts.contact-absorbed.v1"):
    """On an absorbed contact: it keeps its values and identifiers, and is an alias of the survivor."""

    summary = "Absorbed into contact {survivor}"
    merge_id: UUID
    survivor: UUID


class ContactsUnmerged(Fact, frozen=True, tag="crm.contacts.contacts-unmerged.v1"):
    """On the survivor of the merge that is undone."""

    summary = "Merge with contact {restored} undone: {reason}"
    merge_id: UUID
    restored: list[UUID]
    reason: Personal[str]


class ContactRestored(Fact, frozen=True, tag="crm.contacts.contact-restored.v1"):
    """On a contact that was absorbed: it stands for itself again."""

    summary = "Stands apart from contact {survivor} again"
    merge_id: UUID
    survivor: UUID


class MergedFieldChosen(Fact, frozen=True, tag="crm.contacts.merged-field-chosen.v1"):
    """On the survivor: whose own value of a field counts, among all ids of the person."""

    summary = "The {field} of contact {source} counts"
    field: str
    source: UUID


MergingFact: TypeAlias = ContactsMerged | ContactAbsorbed | ContactsUnmerged | ContactRestored | MergedFieldChosen


class ItemReassigned(Fact, frozen=True, tag="crm.contacts.item-reassigned.v1"):
    """A person decided whose an item is that came in without an identifier while two contacts were merged (C9)."""

    summary = "Item {item} belongs to contact {to}, not to {of}"
    item: UUID
    of: UUID
    to: UUID
    merge_id: UUID


ReassignmentFact: TypeAlias = ItemReassigned
