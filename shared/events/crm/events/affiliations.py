"""Who belongs to which account, recorded in the contacts service. It tells of a contact: what they are is personal."""

from datetime import date
from typing import TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Personal


class AffiliationStarted(Fact, frozen=True, tag="crm.contacts.affiliation-started.v1"):
    """A contact belongs to an account, from `valid_from` up to and including `valid_to`; None: not known, or open."""

    summary = "Belongs to account {account} as {role}"
    contact: UUID
    account: UUID
    role: Personal[str | None] = None
    valid_from: date | None = None
    valid_to: date | None = None
    department: Personal[str | None] = None


class AffiliationResumed(Fact, frozen=True, tag="crm.contacts.affiliation-resumed.v1"):
    """After it had ended, it begins anew: a period of its own."""

    summary = "Belongs to account {account} again, as {role}"
    contact: UUID
    account: UUID
    role: Personal[str | None] = None
    valid_from: date | None = None
    valid_to: date | None = None
    department: Personal[str | None] = None


class AffiliationRoleChanged(Fact, frozen=True, tag="crm.contacts.affiliation-role-changed.v1"):
    """Another role since a day; without a day the role as it was known is corrected."""

    summary = "Role at account {account} is {role}"
    contact: UUID
    account: UUID
    role: Personal[str | None]
    since: date | None = None


class AffiliationDepartmentChanged(Fact, frozen=True, tag="crm.contacts.affiliation-department-changed.v1"):
    summary = "Department at account {account} is {department}"
    contact: UUID
    account: UUID
    department: Personal[str | None]


class AffiliationPeriodCorrected(Fact, frozen=True, tag="crm.contacts.affiliation-period-corrected.v1"):
    summary = "Belongs to account {account} from {valid_from} to {valid_to}"
    contact: UUID
    account: UUID
    valid_from: date | None
    valid_to: date | None


class AffiliationEnded(Fact, frozen=True, tag="crm.contacts.affiliation-ended.v1"):
    """`valid_to` was the last day."""

    summary = "Left account {account} on {valid_to}"
    contact: UUID
    account: UUID
    valid_to: date


class AffiliationBecamePrimary(Fact, frozen=True, tag="crm.contacts.affiliation-became-primary.v1"):
    """The account a contact belongs to first of all; each contact has at most one."""

    summary = "Account {account} is the primary one"
    contact: UUID
    account: UUID


class AffiliationBecameSecondary(Fact, frozen=True, tag="crm.contacts.affiliation-became-secondary.v1"):
    summary = "Account {account} is not the primary one any more"
    contact: UUID
    account: UUID


class AffiliationWithdrawn(Fact, frozen=True, tag="crm.contacts.affiliation-withdrawn.v1"):
    """The import that told of it was taken back: nothing is known of it any more."""

    summary = "Not known to belong to account {account} any more: taken back with its import"
    contact: UUID
    account: UUID
    import_id: UUID


AffiliationFact: TypeAlias = (
    AffiliationStarted
    | AffiliationResumed
    | AffiliationRoleChanged
    | AffiliationDepartmentChanged
    | AffiliationPeriodCorrected
    | AffiliationEnded
    | AffiliationBecamePrimary
    | AffiliationBecameSecondary
    | AffiliationWithdrawn
)
