"""C3: how strictly identifiers are one person's alone, and which name nobody, is a deployment's decision."""

import pytest
from pydantic import ValidationError

from crm.chassis.people.identity import Identifier, email_identifier
from crm.chassis.people.uniqueness import Uniqueness
from crm.chassis.settings import Settings


def settings(**given: object) -> Settings:
    return Settings.model_validate({"database": "", "keyring": "", "master_key": bytes(32), **given})


def test_c3_addresses_and_devices_are_one_persons_and_numbers_are_shared_with_a_warning() -> None:
    rules = Uniqueness()
    assert [rules.rule(kind) for kind in ("email", "phone", "device", "external_id")] == [
        "block",
        "warn",
        "block",
        "block",
    ]


def test_c3_a_deployment_decides_by_kind_but_not_on_ids_of_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_IDENTITY_POLICY", '{"email": "allow"}')
    rules = settings().uniqueness
    assert (rules.rule("email"), rules.rule("phone"), rules.rule("external_id")) == ("allow", "warn", "block")
    monkeypatch.setenv("RAPPORT_IDENTITY_POLICY", '{"external_id": "allow"}')
    with pytest.raises(ValidationError, match="external_id"):
        settings()


def test_c3_addresses_of_the_organisation_itself_name_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_OWN_DOMAINS", "Bücher.example, crm.example")
    rules = settings().uniqueness
    for address, expected in {
        "kim@bücher.example": True,
        "KIM@XN--BCHER-KVA.example": True,
        "kim@crm.example": True,
        "kim@sub.crm.example": False,
        "crm.example@else.example": False,
    }.items():
        identifier = email_identifier(address)
        assert identifier
        assert rules.names_nobody(identifier) is expected, address


def test_c3_blocked_values_name_nobody_in_any_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_BLOCKED_IDENTIFIERS", "Kiosk@Shop.example,+4930123456,WALK-IN,")
    rules = settings().uniqueness
    for identifier in (
        Identifier("email", "kiosk@shop.example"),
        Identifier("phone", "+4930123456"),
        Identifier("external_id", "till:walk-in"),
        Identifier("device", "Walk-In"),
    ):
        assert rules.names_nobody(identifier)
    assert not rules.names_nobody(Identifier("email", "ada@shop.example"))


def test_c3_what_is_no_domain_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_OWN_DOMAINS", "not a domain")
    with pytest.raises(ValidationError, match="company.example"):
        settings()
