"""An affiliation: a contact belongs to an account, in a role, over one or more periods of time. No I/O.

Which account is the primary one of a contact is a claim: two affiliations that want it meet in the log.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import asdict, replace

from crm.chassis.decider import Aggregate, Claim, Rejected, Unknown
from crm.events.affiliations import (
    AffiliationBecamePrimary,
    AffiliationBecameSecondary,
    AffiliationDepartmentChanged,
    AffiliationEnded,
    AffiliationFact,
    AffiliationPeriodCorrected,
    AffiliationResumed,
    AffiliationRoleChanged,
    AffiliationStarted,
    AffiliationWithdrawn,
)

_STREAMS = UUID("7c0d3f5e-3c1b-4f39-9a44-5f4f9e0b1d27")
PRIMARY = "primary_account"
"""The kind of claim that the primary affiliation of a contact holds."""

Change: TypeAlias = (
    AffiliationStarted
    | AffiliationResumed
    | AffiliationRoleChanged
    | AffiliationDepartmentChanged
    | AffiliationPeriodCorrected
)


class Period(Struct, frozen=True):
    """From when until when (both included) somebody had a role. None: not known, or open."""

    role: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    department: str | None = None


class Affiliation(Struct, frozen=True):
    """Without periods: what was known of it was taken back."""

    contact: UUID
    account: UUID
    periods: tuple[Period, ...]
    primary: bool = False

    @property
    def latest(self) -> Period:
        return self.periods[-1]


def affiliation_stream(contact: UUID, account: UUID) -> UUID:
    """Where it is recorded that a contact belongs to an account."""
    return uuid5(_STREAMS, f"{contact}/{account}")


def affiliate(
    affiliation: Affiliation | None,
    *,
    contact: UUID,
    account: UUID,
    role: str | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
    since: date | None = None,
    department: str | None = None,
) -> tuple[Change, ...]:
    """Makes a contact belong to an account, or puts right what is known of it.

    A period that begins after the last one ended is a new one. A new role holds `since` a day; without it the role is
    corrected, and so is the department always.
    """
    if valid_from and valid_to and valid_to < valid_from:
        raise Rejected("This ends before it begins.", field="valid_to")
    told = Period(role, valid_from, valid_to, department)
    who: dict[str, Any] = {"contact": contact, "account": account}
    if affiliation is None or not affiliation.periods:
        return (AffiliationStarted(**who, **asdict(told)),)
    last = affiliation.latest
    if valid_from and last.valid_to and valid_from > last.valid_to:
        return (AffiliationResumed(**who, **asdict(told)),)
    return tuple(_corrections(who, last, told, since))


def _corrections(who: dict[str, Any], last: Period, told: Period, since: date | None) -> Iterator[Change]:
    first, until = told.valid_from, told.valid_to
    if (first, until) != (last.valid_from, last.valid_to):
        yield AffiliationPeriodCorrected(**who, valid_from=first, valid_to=until)
    if told.role != last.role:
        if since and ((first and since <= first) or (until and since > until)):
            raise Rejected("Another role can begin only after the first day, and not after the last.", field="since")
        yield AffiliationRoleChanged(**who, role=told.role, since=since)
    if told.department != last.department:
        yield AffiliationDepartmentChanged(**who, department=told.department)


def revise(
    affiliation: Affiliation | None, *, contact: UUID, account: UUID, role: str | None, department: str | None
) -> tuple[Change, ...]:
    """Makes a contact belong to an account from now on unless they do; what is None stays, and so does the period."""
    last = affiliation.latest if affiliation and affiliation.periods else Period()
    told = {"role": role or last.role, "department": department or last.department}
    return affiliate(affiliation, contact=contact, account=account, **asdict(last) | told)


def end(
    affiliation: Affiliation | None, *, valid_to: date
) -> tuple[AffiliationEnded | AffiliationBecameSecondary, ...]:
    """Somebody leaves an account; `valid_to` is the last day. It is not their primary account any more."""
    affiliation = _existing(affiliation)
    last = affiliation.latest
    if last.valid_from and valid_to < last.valid_from:
        raise Rejected("This ends before it begins.", field="valid_to")
    ended = AffiliationEnded(contact=affiliation.contact, account=affiliation.account, valid_to=valid_to)
    facts = (ended,) if last.valid_to != valid_to else ()
    return (*facts, *filter(None, (become_secondary(affiliation),)))


def become_primary(affiliation: Affiliation | None, *, today: date) -> AffiliationBecamePrimary | None:
    """This is the account a contact belongs to first of all. The one that was it gives way in the same append."""
    affiliation = _existing(affiliation)
    if affiliation.latest.valid_to and affiliation.latest.valid_to < today:
        raise Rejected("This contact has left the account, so it cannot be the primary one.", field="primary")
    if affiliation.primary:
        return None
    return AffiliationBecamePrimary(contact=affiliation.contact, account=affiliation.account)


def become_secondary(affiliation: Affiliation | None) -> AffiliationBecameSecondary | None:
    """Another account is the primary one now, or none."""
    affiliation = _existing(affiliation)
    if not affiliation.primary:
        return None
    return AffiliationBecameSecondary(contact=affiliation.contact, account=affiliation.account)


def _existing(affiliation: Affiliation | None) -> Affiliation:
    if affiliation is None or not affiliation.periods:
        raise Unknown("This contact does not belong to this account.")
    return affiliation


def evolve(affiliation: Affiliation | None, fact: AffiliationFact) -> Affiliation:
    if affiliation is None:
        affiliation = Affiliation(fact.contact, fact.account, ())
    match fact:
        case AffiliationBecamePrimary():
            return replace(affiliation, primary=True)
        case AffiliationBecameSecondary():
            return replace(affiliation, primary=False)
        case AffiliationWithdrawn():
            return replace(affiliation, periods=(), primary=False)
        case _:
            return replace(affiliation, periods=after(affiliation.periods, fact))


def after(periods: tuple[Period, ...], fact: Change | AffiliationEnded) -> tuple[Period, ...]:
    """The periods after a fact. A role that begins on a day divides the last one."""
    *before, last = periods or (Period(),)
    match fact:
        case AffiliationStarted() | AffiliationResumed():
            return (*periods, Period(fact.role, fact.valid_from, fact.valid_to, fact.department))
        case AffiliationRoleChanged(role=role, since=None):
            return (*before, replace(last, role=role))
        case AffiliationRoleChanged(role=role, since=since):
            assert since
            until = date.fromordinal(since.toordinal() - 1)
            return (*before, replace(last, valid_to=until), Period(role, since, last.valid_to, last.department))
        case AffiliationDepartmentChanged(department=department):
            return (*before, replace(last, department=department))
        case AffiliationPeriodCorrected(valid_from=valid_from, valid_to=valid_to):
            return (*before, replace(last, valid_from=valid_from, valid_to=valid_to))
        case AffiliationEnded(valid_to=valid_to):
            return (*before, replace(last, valid_to=valid_to))
        case _:
            assert_never(fact)


def _claims(affiliation: Affiliation) -> set[Claim]:
    return {(PRIMARY, str(affiliation.contact))} if affiliation.primary else set()


affiliations = Aggregate(
    "affiliation", AffiliationFact, evolve, about=lambda _, affiliation: (affiliation.contact,), claims=_claims
)
