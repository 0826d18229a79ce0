"""The rules of accounts: what they are, how they stand with us, and their tree."""

from uuid import uuid4

import pytest

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts import account_record as record
from crm.contacts.account import accounts
from crm.contacts.account_tree import DEEPEST, detach, gain_child, lose_child, place_under
from crm.events.accounts import (
    AccountArchived,
    AccountAssigned,
    AccountBecameCustomer,
    AccountBecameFormer,
    AccountDetached,
    AccountDomainAdded,
    AccountDomainRemoved,
    AccountExternalIdLinked,
    AccountExternalIdUnlinked,
    AccountGainedChild,
    AccountLostChild,
    AccountMoved,
    AccountPlacedUnder,
    AccountReactivated,
    AccountReclassified,
    AccountRegistered,
    AccountRenamed,
    AccountTagged,
    AccountUntagged,
)
from crm.events.particulars import ExternalId, PostalAddress

given = scenarios(accounts)
acme = AccountRegistered(name="Acme", domains=["acme.example"], external_ids=[ExternalId("erp", "7")])
ME, UP, OTHER = uuid4(), uuid4(), uuid4()


def test_an_organisation_becomes_an_account_in_one_decision() -> None:
    given().when(
        record.register_account, name="  Acme   Ltd ", domains=["WWW.Acme.Example", "acme.example", "bücher.example"]
    ).then(AccountRegistered(name="Acme Ltd", domains=["acme.example", "xn--bcher-kva.example"]))
    given().when(record.register_account, name="Acme", kind="supplier", customer=True).then(
        AccountRegistered(name="Acme", kind="supplier", status="customer")
    )


def test_an_account_needs_a_name_and_domains_that_are_some() -> None:
    given().when(record.register_account, name=" ").then_rejected("needs a name")
    for domain in ("acme", "https://acme.example/", "acme..example", "-acme.example", "a" * 64 + ".example"):
        given().when(record.register_account, name="Acme", domains=[domain]).then_rejected("Internet domains")


def test_every_difference_is_a_fact_of_its_own_and_what_is_so_already_is_none() -> None:
    oslo = PostalAddress(city="Oslo")
    given(acme).when(
        record.revise_account, name="Acme Group", kind="partner", domains=["acme.group"], address=oslo, moved=True
    ).then(
        AccountRenamed(name="Acme Group"),
        AccountReclassified(kind="partner"),
        AccountMoved(address=oslo),
        AccountDomainRemoved(domain="acme.example"),
        AccountDomainAdded(domain="acme.group"),
    )
    given(acme).when(record.revise_account, name="Acme", kind="customer", domains=["acme.example"]).then_nothing()
    given().when(record.revise_account, name="Acme").then_rejected("no such account", Unknown)


def test_a_prospect_becomes_a_customer_leaves_and_may_come_back() -> None:
    bought, left = AccountBecameCustomer(), AccountBecameFormer(reason="moved away")
    given(acme).when(record.become_customer).then(bought)
    given(acme, bought).when(record.become_customer).then_nothing()
    given(acme, bought).when(record.become_former, reason="moved away").then(left)
    given(acme, bought, left).when(record.become_former).then_nothing()
    given(acme, bought, left).when(record.become_customer).then(bought)
    given(acme).when(record.become_former).then_rejected("never was a customer")


def test_owner_tags_and_archive() -> None:
    given(acme).when(record.assign_account, owner="mia").then(AccountAssigned(owner="mia"))
    given(acme, AccountAssigned(owner="mia")).when(record.assign_account, owner="mia").then_nothing()
    given(acme).when(record.tag_account, tag="key").then(AccountTagged(tag="key"))
    given(acme, AccountTagged(tag="key")).when(record.tag_account, tag="key").then_nothing()
    given(acme, AccountTagged(tag="key")).when(record.untag_account, tag="key").then(AccountUntagged(tag="key"))
    given(acme).when(record.untag_account, tag="key").then_nothing()
    given(acme).when(record.archive_account, reason="dissolved").then(AccountArchived(reason="dissolved"))
    given(acme, AccountArchived()).when(record.archive_account).then_nothing()
    given(acme, AccountArchived()).when(record.reactivate_account).then(AccountReactivated())
    given(acme).when(record.reactivate_account).then_nothing()


def test_c3_ids_of_other_systems_are_claimed_apart_from_those_of_contacts_and_let_go() -> None:
    linked = AccountExternalIdLinked(system="Shop", id="4711")
    account = accounts.fold((acme, linked, AccountExternalIdLinked(system="shop", id="null")))
    assert accounts.claims and account
    assert accounts.claims(account) == {("account_external_id", "erp:7"), ("account_external_id", "shop:4711")}
    given(acme, linked).when(record.link_account, external_id=ExternalId("SHOP", "4711")).then_nothing()
    given(acme, linked).when(record.unlink_account, external_id=ExternalId("shop", "4711")).then(
        AccountExternalIdUnlinked(system="Shop", id="4711")
    )
    given(acme).when(record.unlink_account, external_id=ExternalId("shop", "1")).then_rejected("no such id")


def test_an_account_moves_in_the_tree_and_both_sides_remember() -> None:
    placed = AccountPlacedUnder(parent=UP)
    here = {"account_id": ME, "above": (OTHER,), "levels": 1}
    given(acme).when(place_under, parent=UP, **here | {"above": (UP,)}).then(placed)
    given(acme, placed).when(place_under, parent=OTHER, **here).then(
        AccountDetached(parent=UP), AccountPlacedUnder(parent=OTHER)
    )
    given(acme, placed).when(place_under, parent=UP, **here).then_nothing()
    given(acme, placed).when(detach).then(AccountDetached(parent=UP))
    given(acme).when(detach).then_nothing()
    given(acme).when(gain_child, child=ME).then(AccountGainedChild(child=ME))
    given(acme, AccountGainedChild(child=ME)).when(gain_child, child=ME).then_nothing()
    given(acme, AccountGainedChild(child=ME)).when(lose_child, child=ME).then(AccountLostChild(child=ME))
    given().when(gain_child, child=ME).then_rejected("no such account to belong to")


def test_a_tree_of_accounts_has_no_rings() -> None:
    given(acme).when(place_under, account_id=ME, parent=ME, above=(), levels=1).then_rejected("to itself")
    given(acme).when(place_under, account_id=ME, parent=UP, above=(UP, OTHER, ME), levels=3).then_rejected(
        "belongs to this one already"
    )


@pytest.mark.parametrize(("above", "levels", "fits"), [(9, 1, True), (10, 1, False), (5, 5, True), (5, 6, False)])
def test_a_tree_of_accounts_counts_what_is_above_and_what_is_below(above: int, levels: int, fits: bool) -> None:
    assert DEEPEST == 10
    decided = given(acme).when(
        place_under, account_id=ME, parent=UP, above=(UP, *(uuid4() for _ in range(above - 1))), levels=levels
    )
    if fits:
        decided.then(AccountPlacedUnder(parent=UP))
    else:
        decided.then_rejected("at most 10 levels")
