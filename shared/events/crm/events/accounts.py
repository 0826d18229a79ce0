"""What happens to organisations in the contacts service. An account is no person: nothing here is personal."""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.attributes import AttributeCleared, AttributeSet
from crm.events.fact import Fact
from crm.events.particulars import ExternalId, PostalAddress

AccountKind: TypeAlias = Literal["customer", "partner", "supplier", "competitor"]
AccountStatus: TypeAlias = Literal["prospect", "customer", "former"]


class AccountRegistered(Fact, frozen=True, tag="crm.contacts.account-registered.v1"):
    summary = "{name} became an account ({kind})"
    name: str
    kind: AccountKind = "customer"
    status: AccountStatus = "prospect"
    domains: list[str] = []
    address: PostalAddress | None = None
    external_ids: list[ExternalId] = []


class AccountRenamed(Fact, frozen=True, tag="crm.contacts.account-renamed.v1"):
    summary = "Account renamed to {name}"
    name: str


class AccountReclassified(Fact, frozen=True, tag="crm.contacts.account-reclassified.v1"):
    summary = "Account is a {kind} now"
    kind: AccountKind


class AccountMoved(Fact, frozen=True, tag="crm.contacts.account-moved.v1"):
    summary = "Account moved to {address}"
    address: PostalAddress | None


class AccountDomainAdded(Fact, frozen=True, tag="crm.contacts.account-domain-added.v1"):
    summary = "Internet domain {domain} added"
    domain: str


class AccountDomainRemoved(Fact, frozen=True, tag="crm.contacts.account-domain-removed.v1"):
    summary = "Internet domain {domain} removed"
    domain: str


class AccountExternalIdLinked(Fact, frozen=True, tag="crm.contacts.account-external-id-linked.v1"):
    summary = "Account known to {system} as {id}"
    system: str
    id: str


class AccountExternalIdUnlinked(Fact, frozen=True, tag="crm.contacts.account-external-id-unlinked.v1"):
    summary = "Account no longer known to {system} as {id}"
    system: str
    id: str


class AccountBecameCustomer(Fact, frozen=True, tag="crm.contacts.account-became-customer.v1"):
    summary = "Account became a customer"


class AccountBecameFormer(Fact, frozen=True, tag="crm.contacts.account-became-former.v1"):
    summary = "Account is no customer any more: {reason}"
    reason: str | None = None


class AccountAssigned(Fact, frozen=True, tag="crm.contacts.account-assigned.v1"):
    """`owner` is the subject of a colleague's token; None: nobody takes care of it."""

    summary = "Account assigned to {owner}"
    owner: str | None


class AccountTagged(Fact, frozen=True, tag="crm.contacts.account-tagged.v1"):
    summary = "Account tagged {tag}"
    tag: str


class AccountUntagged(Fact, frozen=True, tag="crm.contacts.account-untagged.v1"):
    summary = "Tag {tag} taken off the account"
    tag: str


class AccountArchived(Fact, frozen=True, tag="crm.contacts.account-archived.v1"):
    summary = "Account archived: {reason}"
    reason: str | None = None


class AccountReactivated(Fact, frozen=True, tag="crm.contacts.account-reactivated.v1"):
    summary = "Account taken out of the archive"


# The tree. A change is recorded on every account whose place in it changes, and at the top, in one append.


class AccountPlacedUnder(Fact, frozen=True, tag="crm.contacts.account-placed-under.v1"):
    summary = "Account belongs to account {parent}"
    parent: UUID


class AccountDetached(Fact, frozen=True, tag="crm.contacts.account-detached.v1"):
    summary = "Account no longer belongs to account {parent}"
    parent: UUID


class AccountGainedChild(Fact, frozen=True, tag="crm.contacts.account-gained-child.v1"):
    """The other side, on the parent's stream."""

    summary = "Account {child} belongs to this one"
    child: UUID


class AccountLostChild(Fact, frozen=True, tag="crm.contacts.account-lost-child.v1"):
    summary = "Account {child} no longer belongs to this one"
    child: UUID


class AccountGroupRearranged(Fact, frozen=True, tag="crm.contacts.account-group-rearranged.v1"):
    """On the account at the top of a tree: below it, `account` came, moved or left. So two changes of a tree meet."""

    summary = "Within this group, account {account} was moved"
    account: UUID


# Several accounts are one organisation: an append over all of them, undone by another. Nothing is moved or copied.


class AccountsMerged(Fact, frozen=True, tag="crm.contacts.accounts-merged.v1"):
    """On the survivor. `field_choices`: by field, the account whose own value counts."""

    summary = "Merged with account {absorbed}"
    merge_id: UUID
    survivor: UUID
    absorbed: list[UUID]
    stream_versions: dict[str, int]
    field_choices: dict[str, UUID] = {}


class AccountAbsorbed(Fact, frozen=True, tag="crm.contacts.account-absorbed.v1"):
    """The other side: this id stands for `survivor` from now on. What the account has stays its own."""

    summary = "Merged into account {survivor}"
    merge_id: UUID
    survivor: UUID


class AccountsUnmerged(Fact, frozen=True, tag="crm.contacts.accounts-unmerged.v1"):
    summary = "No longer merged with account {restored}: {reason}"
    merge_id: UUID
    restored: list[UUID]
    reason: str


class AccountRestored(Fact, frozen=True, tag="crm.contacts.account-restored.v1"):
    summary = "No longer merged into account {survivor}"
    merge_id: UUID
    survivor: UUID


AccountMergeFact: TypeAlias = AccountsMerged | AccountAbsorbed | AccountsUnmerged | AccountRestored
AccountTreeFact: TypeAlias = (
    AccountPlacedUnder | AccountDetached | AccountGainedChild | AccountLostChild | AccountGroupRearranged
)
AccountFact: TypeAlias = (
    AccountRegistered
    | AccountRenamed
    | AccountReclassified
    | AccountMoved
    | AccountDomainAdded
    | AccountDomainRemoved
    | AccountExternalIdLinked
    | AccountExternalIdUnlinked
    | AccountBecameCustomer
    | AccountBecameFormer
    | AccountAssigned
    | AccountTagged
    | AccountUntagged
    | AccountArchived
    | AccountReactivated
    | AccountTreeFact
    | AttributeSet
    | AttributeCleared
    | AccountMergeFact
)
