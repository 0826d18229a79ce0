"""Roles: what is shipped, what a deployment says otherwise, and what is refused at the start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from crm.chassis.auth import Roles, UnreadableRoles
from crm.chassis.settings import Settings


def test_a_deployment_adds_roles_and_defines_shipped_ones_anew() -> None:
    roles = Roles.read('{"auditor": ["contacts:read", "contacts:audit"], "reader": ["contacts:read"]}')
    assert roles.grant(["auditor"]) == {"contacts:read", "contacts:audit"}
    assert roles.grant(["reader"]) == {"contacts:read"}
    assert roles.grant(["administrator"]) == {"*"}


def test_roles_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "roles.json"
    file.write_text('{"auditor": ["contacts:*"]}', "utf-8")
    assert Roles.read(str(file)).grant(["auditor"]) == {"contacts:*"}


def test_without_a_setting_the_shipped_roles_are_there() -> None:
    assert set(Roles.read(" ").permissions) == {
        "reader",
        "agent",
        "marketer",
        "manager",
        "privacy-officer",
        "administrator",
        "integration",
    }


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("{", "not JSON"),
        ('{"auditor": "contacts:read"}', "Give roles as JSON"),
        ('{"auditor": [1]}', "Give roles as JSON"),
        ('{"Chief Auditor": []}', "'Chief Auditor'"),
        ('{"auditor": ["read"]}', "'read'"),
        ('{"auditor": ["contact:read"]}', "contact:read"),
        ("/nowhere/roles.json", "cannot be read"),
    ],
)
def test_roles_that_cannot_be_used_are_refused_at_the_start(setting: str, words: str) -> None:
    with pytest.raises(UnreadableRoles, match=words):
        Roles.read(setting)
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate({"database": "", "keyring": "", "master_key": bytes(32), "roles": setting})
