"""An affiliation: a contact belongs to an account, in a role, over one or more periods of time. No I/O.

Which account is the primary one of a contact is a claim: two affiliations that want it meet in the log.
"""

from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Claim, Rejected, Unknown
from crm.events.affiliations import (
    AffiliationBecamePrimary,
    AffiliationBecameSecondary,
    AffiliationEnded,
    AffiliationFact,
    AffiliationPeriodCorrected,
    AffiliationResumed,
    AffiliationRoleChanged,
    AffiliationStarted,
)

_STREAMS = UUID("7c0d3f5e-3c1b-4f39-9a44-5f4f9e0b1d27")
PRIMARY = "primary_account"
"""The kind of claim that the primary affiliation of a contact holds."""

Change: TypeAlias = AffiliationStarted | AffiliationResumed | AffiliationRoleChanged | AffiliationPeriodCorrected


class Period(Struct, frozen=True):
    """From when until when (both included) somebody had a role. None: not known, or open."""

    role: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class Affiliation(Struct, frozen=True):
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
) -> tuple[Change, ...]:
    """Makes a contact belong to an account, or puts right what is known of it.

    A period that begins after the last one ended is a new one. A new role holds `since` a day; without it the role is
    corrected.
    """
    if valid_from and valid_to and valid_to < valid_from:
        raise Rejected("This ends before it begins.", field="valid_to")
    if affiliation is None:
        return (
            AffiliationStarted(contact=contact, account=account, role=role, valid_from=valid_from, valid_to=valid_to),
        )
    last = affiliation.latest
    if valid_from and last.valid_to and valid_from > last.valid_to:
        return (
            AffiliationResumed(contact=contact, account=account, role=role, valid_from=valid_from, valid_to=valid_to),
        )
    facts: list[Change] = []
    if (valid_from, valid_to) != (last.valid_from, last.valid_to):
        facts.append(
            AffiliationPeriodCorrected(contact=contact, account=account, valid_from=valid_from, valid_to=valid_to)
        )
    if role != last.role:
        if since and ((valid_from and since <= valid_from) or (valid_to and since > valid_to)):
            raise Rejected("Another role can begin only after the first day, and not after the last.", field="since")
        facts.append(AffiliationRoleChanged(contact=contact, account=account, role=role, since=since))
    return tuple(facts)


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
    if affiliation is None:
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
        case _:
            return replace(affiliation, periods=after(affiliation.periods, fact))


def after(periods: tuple[Period, ...], fact: Change | AffiliationEnded) -> tuple[Period, ...]:
    """The periods after a fact. A role that begins on a day divides the last one."""
    *before, last = periods or (Period(),)
    match fact:
        case AffiliationStarted() | AffiliationResumed():
            return (*periods, Period(fact.role, fact.valid_from, fact.valid_to))
        case AffiliationRoleChanged(role=role, since=None):
            return (*before, replace(last, role=role))
        case AffiliationRoleChanged(role=role, since=since):
            assert since
            until = date.fromordinal(since.toordinal() - 1)
            return (*before, replace(last, valid_to=until), Period(role, since, last.valid_to))
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
