"""Merging contacts and undoing it: commands (C5 to C9). No I/O.

A merge is one append: `merge` on the survivor, `absorb` on each absorbed contact; undone by `unmerge` and `restore`.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from crm.chassis.decider import Rejected
from crm.chassis.people.identity import Identifier
from crm.contacts.contact import Contact, identifiers, present, writable
from crm.contacts.family import Family
from crm.contacts.survivorship import CHOOSABLE, own_value, source_of
from crm.events.merging import (
    ContactAbsorbed,
    ContactRestored,
    ContactsMerged,
    ContactsUnmerged,
    MergedFieldChosen,
    MergeRule,
)


def merge(
    contact: Contact | None,
    *,
    merge_id: UUID,
    survivor: Family,
    absorbed: Sequence[Family],
    field_choices: Mapping[str, UUID],
    rule: MergeRule = "manual",
) -> ContactsMerged:
    """Makes other contacts the same person as this one. Without a shared verified identifier only a person may (C5).

    The families are as they were read to decide this; the contact is the survivor of the first.
    """
    writable(contact)
    if rule == "verified-identifier" and not all(shares_verified(survivor, each) for each in absorbed):
        raise Rejected("These contacts share no verified address or number; a person has to decide.")
    versions = {str(id): at for each in (survivor, *absorbed) for id, at in each.versions.items()}
    return ContactsMerged(
        merge_id=merge_id,
        survivor=survivor.contact_id,
        absorbed=[each.contact_id for each in absorbed],
        stream_versions=versions,
        field_choices=dict(field_choices),
        rule=rule,
    )


def shares_verified(one: Family, other: Family) -> bool:
    """Whether two people have an identifier in common, on both sides known to be theirs if both are identified (C5)."""
    identified = not (one.contact.provisional or other.contact.provisional)
    return bool(_identifiers(one, verified=identified) & _identifiers(other, verified=identified))


def _identifiers(family: Family, *, verified: bool) -> set[Identifier]:
    found: set[Identifier] = set()
    for each in family.members():
        contact, known = each.contact, each.contact.verified
        emails = (email for email in contact.emails if email in known or not verified)
        phones = (phone for phone in contact.phones if phone.entered in known or not verified)
        own = identifiers(Contact("", emails=tuple(emails), phones=tuple(phones)))
        found |= own - contact.shared - contact.borrowed  # what several people have proves nothing (C3)
    return found


def absorb(contact: Contact | None, *, merge_id: UUID, survivor: UUID) -> ContactAbsorbed:
    """The other side of `merge`. Nothing the contact has is touched."""
    writable(contact)
    return ContactAbsorbed(merge_id=merge_id, survivor=survivor)


def unmerge(contact: Contact | None, *, merge_id: UUID, reason: str) -> ContactsUnmerged:
    """Undoes a merge this contact survived, also if it was absorbed itself since (C9)."""
    found = present(contact).merges.find(merge_id)
    if found is None:
        raise Rejected("There is no such merge of this person, or it was undone already.", field="merge_id")
    return ContactsUnmerged(merge_id=merge_id, restored=list(found.absorbed), reason=reason)


def restore(contact: Contact | None, *, merge_id: UUID) -> ContactRestored | None:
    """The other side of `unmerge`."""
    known = present(contact)
    if known.merge_id != merge_id or known.alias_of is None:
        return None
    return ContactRestored(merge_id=merge_id, survivor=known.alias_of)


def choose(contact: Contact | None, *, family: Family, field: str, source: UUID) -> MergedFieldChosen | None:
    """Makes the own value of one of a person's ids count for a field. The family is as it was read."""
    known = writable(contact)
    check_choices((family,), {field: source})
    if not known.merges.in_force:
        raise Rejected("This contact was not merged, so there is nothing to choose from.", field="field")
    if source_of(family, field).contact_id == source:
        return None
    return MergedFieldChosen(field=field, source=source)


def check_choices(families: Sequence[Family], choices: Mapping[str, UUID]) -> None:
    """Raises `Rejected` for a choice of what is not there; what is empty never wins over what is known (C6)."""
    for field, source in choices.items():
        if field not in CHOOSABLE:
            raise Rejected(f"Choose one of {', '.join(CHOOSABLE)}.", field=field)
        member = next(filter(None, (each.member(source) for each in families)), None)
        if member is None:
            raise Rejected("This value belongs to nobody who takes part in the merge.", field=field)
        if own_value(member.contact, field) is None:
            raise Rejected("This contact has no value to choose.", field=field)
