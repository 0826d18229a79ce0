"""The command `rapport`: every error says what to do."""

import socket
import subprocess
import sys

import pytest
from typer.testing import CliRunner, Result

from crm.local.cli import app
from crm.local.suite import Layout

COMMANDS = ["up", "down", "status", "token", "import", "demo", "history", "audit", "rebuild", "resume", "republish"]
PARKED = ["list", "show", "retry", "discard"]
NEEDING_A_SUITE = [
    ["status"],
    ["history", "ada@example.com"],
    ["audit"],
    ["rebuild", "contacts/directory"],
    ["resume", "contacts/directory"],
    ["republish", "contacts", "--reason", "test"],
    ["import", __file__],
    ["token"],
    ["parked", "list"],
    ["parked", "show", "contacts/1"],
    ["parked", "retry"],
    ["parked", "discard", "contacts/1", "--reason", "test"],
]


@pytest.fixture(autouse=True)
def _environment(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_FOLDER", str(layout.folder))
    monkeypatch.setenv("RAPPORT_PORT_BASE", str(layout.port_base))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("RAPPORT_POSTGRES", raising=False)
    monkeypatch.delenv("RAPPORT_KAFKA", raising=False)


def rapport(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("command", [*([each] for each in COMMANDS), *(["parked", each] for each in PARKED)])
def test_every_command_explains_itself_with_an_example(layout: Layout, command: list[str]) -> None:
    shown = rapport(*command, "--help").output
    assert f"rapport {' '.join(command)}" in shown
    assert "Example" in shown


@pytest.mark.parametrize("command", NEEDING_A_SUITE)
def test_without_a_suite_it_says_how_to_start_one(layout: Layout, command: list[str]) -> None:
    result = rapport(*command)
    assert result.exit_code == 1
    assert "`rapport up`" in result.output
    assert str(layout.folder) in result.output
    assert "Traceback" not in result.output


def test_down_says_that_nothing_runs(layout: Layout) -> None:
    result = rapport("down")
    assert result.exit_code == 0
    assert f"Nothing runs in {layout.folder}." in result.output


@pytest.mark.parametrize("given", ["80", "many", "70000"])
def test_a_wrong_port_is_refused(layout: Layout, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("RAPPORT_PORT_BASE", given)
    result = rapport("status")
    assert result.exit_code == 1
    assert f"RAPPORT_PORT_BASE is {given!r}; give a number" in result.output


@pytest.mark.parametrize(("offset", "purpose"), [(3, "the API of service-desk"), (25, "mails"), (92, "Kafka")])
def test_a_taken_port_is_named_before_anything_starts(layout: Layout, offset: int, purpose: str) -> None:
    with socket.create_server(("127.0.0.1", layout.port_base + offset)):
        result = rapport("up")
    assert result.exit_code == 1
    assert f"Port {layout.port_base + offset} (for {purpose}) is taken" in result.output
    assert "RAPPORT_PORT_BASE=" in result.output
    assert not (layout.folder / "postgres").exists()
    assert not (layout.folder / "kafka").exists()


def test_what_this_process_has_started_before_is_left_alone(layout: Layout) -> None:
    """A test that ran `rapport up` ended the database of all tests that came after it."""
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other,
        socket.create_server(("127.0.0.1", layout.port_base + 3)),
    ):
        assert rapport("up").exit_code == 1
        assert other.poll() is None
        other.communicate(b"\n", timeout=30)


def test_a_token_permits_what_was_asked_for(layout: Layout) -> None:
    layout.folder.mkdir()
    printed = rapport("token", "--scope", "contacts:read sales:*", "--subject", "ada").output
    agent = layout.issuer().verifier().verify(printed.strip())
    assert agent.actor == "user:ada"
    assert agent.permissions == {"contacts:read", "sales:*"}


@pytest.mark.parametrize("command", [["rebuild", "directory"], ["parked", "show", "contacts"]])
def test_an_incomplete_name_is_explained(layout: Layout, command: list[str]) -> None:
    result = rapport(*command)
    assert result.exit_code == 1
    assert "Name the service too" in result.output
