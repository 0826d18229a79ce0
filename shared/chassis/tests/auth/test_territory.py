"""Whose records somebody may see and change, from their token and what a deployment says."""

import pytest
from pydantic import ValidationError

from crm.chassis.auth import READ_ALL, Agent, Forbidden, RecordAccess, Roles, Territory, territory_of
from crm.chassis.settings import Settings

KIM = Agent("kim", frozenset({"contacts:read"}), teams=frozenset({"north", "key-accounts"}))
OWNERS = ("kim", "team:north", "team:south", "north", "lee")


@pytest.mark.parametrize(
    ("access", "held"),
    [("all", set(OWNERS)), ("own-team", {"kim", "team:north"}), ("own", {"kim"})],
)
def test_a_territory_is_ones_own_that_of_ones_teams_or_everything(access: RecordAccess, held: set[str]) -> None:
    territory = territory_of(KIM, access)
    assert {each for each in OWNERS if territory.holds(each)} == held


def test_what_nobody_owns_is_everybodys() -> None:
    assert Territory(frozenset()).holds(None)


@pytest.mark.parametrize("granted", [READ_ALL, "contacts:*", "*"])
def test_who_reads_all_has_everything(granted: str) -> None:
    assert territory_of(Agent("kim", frozenset({granted})), "own") == Territory()


def test_a_scope_that_leaves_it_out_leaves_ones_own() -> None:
    limited = Agent("kim", frozenset({"*"}), limits=frozenset({"contacts:read"}))
    assert not territory_of(limited, "own").holds("lee")


def test_nobody_becomes_a_team_by_how_they_are_called() -> None:
    assert not territory_of(Agent("team:north", frozenset()), "own-team").holds("team:north")


def test_a_refusal_names_the_permission_that_is_missing() -> None:
    with pytest.raises(Forbidden) as refused:
        territory_of(KIM, "own").check("lee")
    assert (refused.value.permission, READ_ALL in refused.value.sentence) == (READ_ALL, True)


def test_the_roles_that_serve_everybody_read_all() -> None:
    granted = {name for name in Roles().permissions if Agent("", Roles().grant([name])).may(READ_ALL)}
    assert granted == {"manager", "privacy-officer", "administrator", "integration"}


def test_a_misspelt_access_is_refused_at_the_start() -> None:
    given = {"database": "", "keyring": "", "master_key": bytes(32)}
    assert Settings.model_validate(given).record_access == "all"
    with pytest.raises(ValidationError):
        Settings.model_validate(given | {"record_access": "mine"})
