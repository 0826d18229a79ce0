"""What an account is, how it stands with us, and who takes care of it: commands. No I/O."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from crm.chassis.decider import Rejected
from crm.chassis.people.identity import external_identifier
from crm.contacts.account import Account, existing
from crm.contacts.attribute_record import InForce, assign_values, first_values
from crm.events.accounts import (
    AccountArchived,
    AccountAssigned,
    AccountBecameCustomer,
    AccountBecameFormer,
    AccountDomainAdded,
    AccountDomainRemoved,
    AccountExternalIdLinked,
    AccountExternalIdUnlinked,
    AccountKind,
    AccountMoved,
    AccountReactivated,
    AccountReclassified,
    AccountRegistered,
    AccountRenamed,
    AccountTagged,
    AccountUntagged,
)
from crm.events.attributes import AttributeFact
from crm.events.particulars import ExternalId, PostalAddress

Revision: TypeAlias = AccountRenamed | AccountReclassified | AccountMoved | AccountDomainAdded | AccountDomainRemoved
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def register_account(
    account: Account | None,
    *,
    name: str,
    kind: AccountKind = "customer",
    customer: bool = False,
    domains: Sequence[str] = (),
    address: PostalAddress | None = None,
    external_ids: Sequence[ExternalId] = (),
) -> AccountRegistered:
    """Makes an organisation an account: a prospect, or a `customer` already."""
    if account is not None:
        raise Rejected("This account is already registered.")
    return AccountRegistered(
        name=_named(name),
        kind=kind,
        status="customer" if customer else "prospect",
        domains=_domains(domains),
        address=address,
        external_ids=list(dict.fromkeys(external_ids)),
    )


def revise_account(
    account: Account | None,
    *,
    name: str | None = None,
    kind: AccountKind | None = None,
    domains: Sequence[str] | None = None,
    address: PostalAddress | None = None,
    moved: bool = False,
    attributes: Mapping[str, object] | None = None,
    rules: InForce | None = None,
) -> tuple[Revision | AttributeFact, ...]:
    """Each difference is a fact of its own. What is None stays; the address changes if `moved`."""
    account = existing(account)
    facts: list[Revision | AttributeFact] = list(
        describe(account, attributes=attributes or {}, rules=rules or InForce())
    )
    foreign = account.merges.is_foreign
    if name is not None and (_named(name) != account.name or foreign("name")):
        facts.append(AccountRenamed(name=_named(name)))
    if kind is not None and (kind != account.kind or foreign("kind")):
        facts.append(AccountReclassified(kind=kind))
    if moved and (address != account.address or foreign("address")):
        facts.append(AccountMoved(address=address))
    if domains is not None:
        wanted = _domains(domains)
        facts += [AccountDomainRemoved(domain=each) for each in account.domains if each not in wanted]
        facts += [AccountDomainAdded(domain=each) for each in wanted if each not in account.domains]
    return tuple(facts)


def become_customer(account: Account | None) -> AccountBecameCustomer | None:
    """A prospect buys, or a former customer comes back."""
    account = existing(account)
    return AccountBecameCustomer() if account.status != "customer" or account.merges.is_foreign("status") else None


def become_former(account: Account | None, *, reason: str | None = None) -> AccountBecameFormer | None:
    """A customer is one no more."""
    account = existing(account)
    if account.status == "prospect":
        raise Rejected("This account never was a customer. Archive it if nothing will come of it.")
    return AccountBecameFormer(reason=reason) if account.status == "customer" else None


def assign_account(account: Account | None, *, owner: str | None) -> AccountAssigned | None:
    """A colleague takes care of the account, or nobody does any more."""
    account = existing(account)
    return AccountAssigned(owner=owner) if owner != account.owner or account.merges.is_foreign("owner") else None


def tag_account(account: Account | None, *, tag: str) -> AccountTagged | None:
    return AccountTagged(tag=tag) if tag not in existing(account).tags else None


def untag_account(account: Account | None, *, tag: str) -> AccountUntagged | None:
    return AccountUntagged(tag=tag) if tag in existing(account).tags else None


def archive_account(account: Account | None, *, reason: str | None = None) -> AccountArchived | None:
    """Lists leave it out from now on; it stays readable, and what belongs to it stays."""
    return AccountArchived(reason=reason) if not existing(account).archived else None


def reactivate_account(account: Account | None) -> AccountReactivated | None:
    return AccountReactivated() if existing(account).archived else None


def link_account(account: Account | None, *, external_id: ExternalId) -> AccountExternalIdLinked | None:
    """Records what another system calls this account."""
    if _held(existing(account), external_id) is not None:
        return None
    return AccountExternalIdLinked(system=external_id.system, id=external_id.id)


def unlink_account(account: Account | None, *, external_id: ExternalId) -> AccountExternalIdUnlinked:
    """The other system does not know it by this id any more; another account may have the id now."""
    held = _held(existing(account), external_id)
    if held is None:
        raise Rejected("This account has no such id in that system.", field="id")
    return AccountExternalIdUnlinked(system=held.system, id=held.id)


def _held(account: Account, external_id: ExternalId) -> ExternalId | None:
    wanted = external_identifier(external_id) or external_id
    return next((each for each in account.external_ids if (external_identifier(each) or each) == wanted), None)


def _named(name: str) -> str:
    if not (name := " ".join(name.split())):
        raise Rejected("An account needs a name.", field="name")
    return name


def _domains(entered: Iterable[str]) -> list[str]:
    domains = [each.strip().lower().removeprefix("www.").rstrip(".") for each in entered]
    try:
        domains = [each.encode("idna").decode() for each in domains]
    except UnicodeError:
        domains = [""]
    if not all(map(_DOMAIN.fullmatch, domains)):
        raise Rejected("Give Internet domains such as company.example.", field="domains")
    return list(dict.fromkeys(domains))


def register_completely(
    account: Account | None, *, attributes: Mapping[str, object], rules: InForce, **particulars: Any
) -> tuple[AccountRegistered | AttributeFact, ...]:
    """Makes an organisation an account, with every attribute that is required; else as `register_account`."""
    return (register_account(account, **particulars), *first_values(attributes, rules))


def describe(account: Account | None, *, attributes: Mapping[str, object], rules: InForce) -> tuple[AttributeFact, ...]:
    """Sets custom attributes, or clears them (None)."""
    return assign_values(existing(account).attributes, attributes, rules)
